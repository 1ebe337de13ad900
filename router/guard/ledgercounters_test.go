package guard_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
	"github.com/anysms/anysms/router/guard/countertest"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

var ledgerKey = []byte("0123456789abcdef0123456789abcdef")

// openSQLite opens the counters of a file, as each process does.
func openSQLite(t testing.TB, path string) guard.Counters {
	t.Helper()
	l, err := sqlite.Open(context.Background(), path, ledger.Options{Key: ledgerKey})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return guard.NewLedgerCounters(l)
}

// openPostgres opens the counters of a schema.
func openPostgres(t *testing.T, address string) guard.Counters {
	t.Helper()
	l, err := postgres.Open(context.Background(), address, ledger.Options{Key: ledgerKey})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return guard.NewLedgerCounters(l)
}

func TestSQLiteCounters(t *testing.T) {
	countertest.Run(t, func(t *testing.T) guard.Counters { return openSQLite(t, filepath.Join(t.TempDir(), "anysms.db")) })
}

func TestPostgresCounters(t *testing.T) {
	countertest.Run(t, func(t *testing.T) guard.Counters { return openPostgres(t, postgrestest.Schema(t)) })
}

// TestTwoProcessesKeepABudget: two ledgers on one file, as two processes have it.
func TestTwoProcessesKeepABudget(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	twoKeepABudget(t, openSQLite(t, path), openSQLite(t, path))
}

func TestTwoMachinesKeepABudget(t *testing.T) {
	address := postgrestest.Schema(t)
	twoKeepABudget(t, openPostgres(t, address), openPostgres(t, address))
}

func twoKeepABudget(t *testing.T, list ...guard.Counters) {
	var mu sync.Mutex
	accepted := 0
	var all sync.WaitGroup
	for _, counters := range list {
		b := start(t, guard.Options{Counters: counters, Budgets: []guard.Budget{{Max: euros(1), Period: guard.Month}}}, priced(20_000))
		for range 8 {
			all.Go(func() {
				for range 10 {
					if _, err := b.Send(context.Background(), to(greek)); err == nil {
						mu.Lock()
						accepted++
						mu.Unlock()
					}
				}
			})
		}
	}
	all.Wait()
	assert.Equal(t, 50, accepted, "1 EUR at 0.02 EUR each, to the cent")
}

func TestLedgerCountersForgetAndHide(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	l, err := sqlite.Open(t.Context(), path, ledger.Options{Key: ledgerKey})
	require.NoError(t, err)
	defer l.Close()
	rows := func(table string) (list []string) {
		column := map[string]string{"anysms_counters": "key", "anysms_reservations": "id"}[table]
		require.NoError(t, l.Database().Read(t.Context(), func(tx ledger.Tx) error {
			return tx.Query(t.Context(), func(scan func(...any) error) error {
				var s string
				err := scan(&s)
				list = append(list, s)
				return err
			}, "SELECT "+column+" FROM "+table)
		}))
		return list
	}
	c := guard.NewLedgerCounters(l)
	now := countertest.Start
	charge := []guard.Charge{{Key: "+306941234567", Amount: 1, Limit: 9, Ends: now.Add(time.Minute)}}
	_, _, err = c.Reserve(t.Context(), "order-1", now, now.Add(time.Hour), charge)
	require.NoError(t, err)
	for _, table := range []string{"anysms_counters", "anysms_reservations"} {
		require.Len(t, rows(table), 1)
		assert.Len(t, rows(table)[0], 32, "a hash")
	}
	later := now.Add(2 * time.Hour)
	c = guard.NewLedgerCounters(l) // the first transaction forgets
	_, _, err = c.Reserve(t.Context(), "order-2", later, later.Add(time.Hour), []guard.Charge{{Key: "other", Amount: 1, Limit: 9, Ends: later.Add(time.Minute)}})
	require.NoError(t, err)
	assert.Len(t, rows("anysms_counters"), 1)
	assert.Len(t, rows("anysms_reservations"), 1)
}

// TestLedgerCountersForgetWhileBusy: what has ended goes although other messages come all
// the time, and what was reserved in it can still be returned.
func TestLedgerCountersForgetWhileBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	synctest.Test(t, func(t *testing.T) {
		l, err := sqlite.Open(t.Context(), path, ledger.Options{Key: ledgerKey})
		require.NoError(t, err)
		defer l.Close()
		c := guard.NewLedgerCounters(l)
		counters := func() (n int) {
			require.NoError(t, l.Database().Read(t.Context(), func(tx ledger.Tx) error {
				return tx.Query(t.Context(), func(scan func(...any) error) error { return scan(&n) }, "SELECT COUNT(*) FROM anysms_counters")
			}))
			return n
		}
		reserve := func(id, key string, window time.Duration) {
			now := time.Now()
			_, _, err := c.Reserve(t.Context(), id, now, now.Add(24*time.Hour), []guard.Charge{{Key: key, Amount: 1, Limit: 99, Ends: now.Add(window)}})
			require.NoError(t, err)
		}
		reserve("order-1", "short", 30*time.Second)
		for range 12 {
			time.Sleep(20 * time.Second)
			reserve("", "long", time.Hour)
		}
		assert.Equal(t, 1, counters())
		require.NoError(t, c.Return(t.Context(), "order-1", time.Now()))
		reserve("order-1", "short", time.Hour)
		assert.Equal(t, 2, counters(), "its id is free again")
	})
}

func TestLedgerCountersThatAreClosed(t *testing.T) {
	l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "anysms.db"), ledger.Options{Key: ledgerKey})
	require.NoError(t, err)
	c := guard.NewLedgerCounters(l)
	require.NoError(t, l.Close())
	b := start(t, guard.Options{Counters: c, Velocity: []guard.Velocity{{Per: guard.Number, Max: 1, Window: time.Hour}}}, nil)
	res, err := b.Send(t.Context(), to(greek))
	require.Error(t, err)
	assert.Contains(t, res.Message, "the counters cannot be reached")
	require.Len(t, b.notices, 1)
}

// TestTheChosenSenderIsRecorded: the ledger knows the sender of a pool, so that an
// opt-out from it holds.
func TestTheChosenSenderIsRecorded(t *testing.T) {
	l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "anysms.db"), ledger.Options{Key: ledgerKey})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	b := start(t, guard.Options{Senders: guard.Senders{Choices: []guard.Choice{{From: []string{"+12025550101"}}}}},
		func(o *router.Options) { o.Store, o.Journal = l, l })
	for _, ref := range []string{"", "order-1"} {
		m := to(greek)
		m.Ref = ref
		assert.Empty(t, b.send(m))
	}
	page, _, err := l.Messages(t.Context(), ledger.Filter{})
	require.NoError(t, err)
	require.Len(t, page, 2)
	for _, m := range page {
		assert.Equal(t, "+12025550101", m.From)
	}
	_, err = l.OptOut(t.Context(), ledger.OptOut{Number: greek.String(), Scope: ledger.ScopeSender, Value: "+12025550101", Source: ledger.FromReply})
	require.NoError(t, err)
	assert.Equal(t, provider.OptedOut, b.send(to(greek)))
	m := to(greek)
	m.From = "Shop"
	assert.Empty(t, b.send(m), "another sender")
}
