package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/ledger"
)

type word string

// TestAssign: what a column holds goes into what takes it, and into nothing else.
func TestAssign(t *testing.T) {
	var text string
	var named word
	var long int64
	var short int
	var scanned sql.NullString
	for _, tt := range []struct {
		to   any
		from driver.Value
	}{
		{&text, "a"}, {&named, "b"}, {&long, int64(1)}, {&short, int64(2)}, {&scanned, "c"},
	} {
		require.NoError(t, assign(tt.to, tt.from))
	}
	assert.Equal(t, []any{"a", word("b"), int64(1), 2, "c"}, []any{text, named, long, short, scanned.String})
	for _, tt := range []struct {
		to   any
		from driver.Value
		want string
	}{
		{&text, int64(1), "a int64 cannot be scanned into a *string"},
		{&long, "a", "a string cannot be scanned into a *int64"},
		{&text, nil, "a <nil> cannot be scanned into a *string"},
		{text, "a", "a string cannot be scanned into a string"},
		{&short, 1.5, "a float64 cannot be scanned into a *int"},
	} {
		require.EqualError(t, assign(tt.to, tt.from), tt.want)
	}
	require.EqualError(t, assignAll([]any{&text}, []driver.Value{"a", "b"}), "2 columns are scanned into 1 values")
	require.EqualError(t, assignAll([]any{&text, &long}, []driver.Value{"a", "b"}), "column 2: a string cannot be scanned into a *int64")
	if math.MaxInt == math.MaxInt32 {
		require.ErrorContains(t, assign(&short, int64(math.MaxInt32)+1), "is too large")
	}
}

// TestTranslated: placeholders may come in any order, and more than once.
func TestTranslated(t *testing.T) {
	db := opened(t)
	ask := func(query string, args ...any) (got string) {
		t.Helper()
		require.NoError(t, db.Read(t.Context(), func(tx ledger.Tx) error {
			return tx.Query(t.Context(), func(scan func(...any) error) error { return scan(&got) }, query, args...)
		}))
		return got
	}
	assert.Equal(t, "b-a-b", ask("SELECT $2 || '-' || $1 || '-' || $2", "a", "b"))
	assert.Equal(t, "b", ask("SELECT value FROM (SELECT 'b' AS value) WHERE value = ANY($1)", []string{"a", "b"}))
	assert.Empty(t, ask("SELECT value FROM (SELECT 'b' AS value) WHERE value = ANY($1)", []string(nil)))
	assert.Equal(t, "7 8 1", ask("SELECT $1 || ' ' || $2 || ' ' || $3", 7, int64(8), true))
	err := db.Read(t.Context(), func(tx ledger.Tx) error {
		return tx.Query(t.Context(), func(func(...any) error) error { return nil }, "SELECT $1", make(chan int))
	})
	require.ErrorContains(t, err, "$1: unsupported type chan int")
}

// TestStatementErrors: an error of a statement, of a row or of a value ends a transaction,
// and leaves the connection as it was.
func TestStatementErrors(t *testing.T) {
	db := opened(t)
	stop := errors.New("enough")
	put := func(tx ledger.Tx, rows ...[]any) (int64, error) {
		return tx.Exec(t.Context(), "INSERT INTO anysms_meta (name, value) VALUES ($1, $2)", rows...)
	}
	for name, tt := range map[string]struct {
		f    func(tx ledger.Tx) error
		want string
	}{
		"no such table": {func(tx ledger.Tx) error {
			return tx.Query(t.Context(), func(func(...any) error) error { return nil }, "SELECT 1 FROM absent")
		}, "no such table"},
		"no such table to write": {func(tx ledger.Tx) error {
			_, err := tx.Exec(t.Context(), "DELETE FROM absent", nil)
			return err
		}, "no such table"},
		"a row": {func(tx ledger.Tx) error {
			return tx.Query(t.Context(), func(func(...any) error) error { return stop }, "SELECT 1")
		}, "enough"},
		"a value": {func(tx ledger.Tx) error {
			_, err := put(tx, []any{"x", make(chan int)})
			return err
		}, "$2: unsupported type"},
		"a row that is there": {func(tx ledger.Tx) error {
			n, err := put(tx, []any{"x", "1"}, []any{"x", "2"}, []any{"y", "3"})
			assert.EqualValues(t, 1, n, "those before it")
			return err
		}, "UNIQUE constraint failed"},
	} {
		before := db.writer
		require.ErrorContains(t, db.Write(t.Context(), tt.f), tt.want, name)
		assert.Same(t, before, db.writer, "%s: the connection is used again", name)
	}
	require.NoError(t, db.Write(t.Context(), func(tx ledger.Tx) error {
		n, err := put(tx, []any{"x", "1"}, []any{"y", "3"})
		assert.EqualValues(t, 2, n, "nothing was left of what failed")
		return err
	}))
}

// TestReadIsInterrupted: a query that takes long ends with its context.
func TestReadIsInterrupted(t *testing.T) {
	db := opened(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := db.Read(ctx, func(tx ledger.Tx) error {
		return tx.Query(ctx, func(func(...any) error) error { return nil },
			"WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000000) SELECT count(*) FROM c")
	})
	require.Error(t, err)
	require.Error(t, ctx.Err())
}
