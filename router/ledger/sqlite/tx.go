package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"sync"
)

// tx is a [ledger.Tx].
type tx struct{ session *session }

// Query implements [ledger.Tx].
func (t *tx) Query(ctx context.Context, row func(func(...any) error) error, text string, args ...any) (err error) {
	s := translated(text)
	list, err := s.arguments(args)
	if err != nil {
		return err
	}
	prepared, err := t.session.prepare(ctx, s.sql)
	if err != nil {
		return err
	}
	rows, err := prepared.QueryContext(ctx, list...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Exec implements [ledger.Tx].
func (t *tx) Exec(ctx context.Context, text string, args ...[]any) (changed int64, err error) {
	s := translated(text)
	prepared, err := t.session.prepare(ctx, s.sql)
	if err != nil {
		return 0, err
	}
	for _, values := range args {
		list, err := s.arguments(values)
		if err != nil {
			return changed, err
		}
		r, err := prepared.ExecContext(ctx, list...)
		if err != nil {
			return changed, err
		}
		n, err := r.RowsAffected()
		if err != nil {
			return changed, err
		}
		changed += n
	}
	return changed, nil
}

// prepare returns the statement as it is prepared on the connection, and so part of its
// transaction. (Tx.StmtContext would prepare it once more.)
func (s *session) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if prepared := s.statements[text]; prepared != nil {
		return prepared, nil
	}
	prepared, err := s.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s.statements[text] = prepared
	return prepared, nil
}

// statement is a statement in SQLite's own words.
type statement struct {
	sql   string
	order []int // which argument each placeholder stands for, from 0
}

var (
	anyOf       = regexp.MustCompile(`= ANY\((\$\d+)\)`)
	placeholder = regexp.MustCompile(`\$(\d+)`)
	statements  sync.Map // by the text
)

// translated replaces the placeholders, and "= ANY" by what SQLite has for it.
func translated(text string) *statement {
	if s, ok := statements.Load(text); ok {
		return s.(*statement)
	}
	s := new(statement)
	s.sql = placeholder.ReplaceAllStringFunc(anyOf.ReplaceAllString(text, "IN (SELECT value FROM json_each($1))"), func(p string) string {
		n, _ := strconv.Atoi(p[1:]) // digits
		s.order = append(s.order, n-1)
		return "?"
	})
	statements.Store(text, s)
	return s
}

func (s *statement) arguments(args []any) ([]any, error) {
	list := make([]any, len(s.order))
	for i, n := range s.order {
		list[i] = args[n]
		if values, ok := args[n].([]string); ok {
			b, err := json.Marshal(values)
			if err != nil {
				return nil, err
			}
			list[i] = string(b)
		}
	}
	return list, nil
}
