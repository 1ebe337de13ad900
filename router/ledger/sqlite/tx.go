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
type tx struct {
	*sql.Tx
	session *session
}

// Query implements [ledger.Tx].
func (t *tx) Query(ctx context.Context, row func(func(...any) error) error, text string, args ...any) (err error) {
	s := translated(text)
	list, err := s.arguments(args)
	if err != nil {
		return err
	}
	prepared, err := t.prepare(ctx, s)
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
	prepared, err := t.prepare(ctx, s)
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

// prepare returns the statement as it is prepared on the connection.
func (t *tx) prepare(ctx context.Context, s *statement) (*sql.Stmt, error) {
	prepared := t.session.statements[s.sql]
	if prepared == nil {
		var err error
		if prepared, err = t.session.PrepareContext(ctx, s.sql); err != nil {
			return nil, err
		}
		t.session.statements[s.sql] = prepared
	}
	return t.StmtContext(ctx, prepared), nil
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
