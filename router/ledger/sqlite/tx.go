package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"sync"
)

// tx is a [ledger.Tx].
type tx struct {
	conn       rawConn
	statements map[string]*prepared // on conn
	writes     bool
}

// prepared is a statement that is prepared on a connection.
type prepared struct {
	driver.Stmt
	*statement
	args []driver.NamedValue // of one run
}

// patience is the context in which a statement runs. To interrupt one, the driver has to
// start a goroutine for it: what is written is short, and only begun while there is time.
func (t *tx) patience(ctx context.Context) (context.Context, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if t.writes {
		return context.WithoutCancel(ctx), nil
	}
	return ctx, nil
}

// Query implements [ledger.Tx].
func (t *tx) Query(ctx context.Context, row func(func(...any) error) error, text string, args ...any) (err error) {
	ctx, err = t.patience(ctx)
	if err != nil {
		return err
	}
	p, err := t.prepare(ctx, text)
	if err != nil {
		return err
	}
	if err := p.bind(args); err != nil {
		return err
	}
	rows, err := p.Stmt.(driver.StmtQueryContext).QueryContext(ctx, p.args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values := make([]driver.Value, len(rows.Columns()))
	scan := func(to ...any) error { return assignAll(to, values) }
	for {
		switch err := rows.Next(values); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := row(scan); err != nil {
			return err
		}
	}
}

// Exec implements [ledger.Tx].
func (t *tx) Exec(ctx context.Context, text string, args ...[]any) (changed int64, err error) {
	for _, values := range args {
		ctx, err := t.patience(ctx)
		if err != nil {
			return changed, err
		}
		p, err := t.prepare(ctx, text)
		if err != nil {
			return changed, err
		}
		if err := p.bind(values); err != nil {
			return changed, err
		}
		r, err := p.Stmt.(driver.StmtExecContext).ExecContext(ctx, p.args)
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

func (t *tx) prepare(ctx context.Context, text string) (*prepared, error) {
	if p := t.statements[text]; p != nil {
		return p, nil
	}
	s := translated(text)
	stmt, err := t.conn.PrepareContext(ctx, s.sql)
	if err != nil {
		return nil, err
	}
	p := &prepared{stmt, s, make([]driver.NamedValue, len(s.order))}
	t.statements[text] = p
	return p, nil
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

// bind sets the arguments of the next run.
func (p *prepared) bind(args []any) error {
	for i, n := range p.order {
		v, err := valueOf(args[n])
		if err != nil {
			return fmt.Errorf("$%d: %w", n+1, err)
		}
		p.args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return nil
}

// valueOf is what the driver takes for an argument.
func valueOf(arg any) (driver.Value, error) {
	switch v := arg.(type) {
	case string, int64:
		return v, nil
	case int:
		return int64(v), nil
	case []string:
		b, err := json.Marshal(v)
		return string(b), err
	}
	return driver.DefaultParameterConverter.ConvertValue(arg)
}

func assignAll(to []any, values []driver.Value) error {
	if len(to) != len(values) {
		return fmt.Errorf("%d columns are scanned into %d values", len(values), len(to))
	}
	for i, v := range values {
		if err := assign(to[i], v); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// assign stores what a column holds: a text, or an integer.
func assign(to any, v driver.Value) error {
	switch v := v.(type) {
	case string:
		if s, ok := to.(*string); ok {
			*s = v
			return nil
		}
		if d := reflect.ValueOf(to); d.Kind() == reflect.Pointer && d.Elem().Kind() == reflect.String {
			d.Elem().SetString(v)
			return nil
		}
	case int64:
		switch n := to.(type) {
		case *int64:
			*n = v
			return nil
		case *int:
			if *n = int(v); int64(*n) != v {
				return fmt.Errorf("%d is too large", v)
			}
			return nil
		}
	}
	if s, ok := to.(sql.Scanner); ok {
		return s.Scan(v)
	}
	return fmt.Errorf("a %T cannot be scanned into a %T", v, to)
}
