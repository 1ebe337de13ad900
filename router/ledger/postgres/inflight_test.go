package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
	"github.com/anysms/anysms/router/queue/queuetest"
)

func TestShares(t *testing.T) {
	address := postgrestest.Schema(t)
	var ledgers []*ledger.Ledger
	var list []*postgres.InFlightLimiter
	for range 3 {
		l, err := postgres.Open(t.Context(), address, ledger.Options{Key: testKey})
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close() }) // one is closed before
		f, err := postgres.NewInFlightLimiter(l, "athens", 10)
		require.NoError(t, err)
		ledgers, list = append(ledgers, l), append(list, f)
	}
	for _, step := range []struct {
		about                    string
		machine, want, held, get int
	}{
		{"the first has what it wants", 0, 8, 0, 8},
		{"the second has what is left", 1, 8, 0, 2},
		{"the first has half, and holds the rest still", 0, 8, 8, 5},
		{"which the second does not have yet", 1, 8, 2, 2},
		{"the first has let go", 0, 8, 5, 5},
		{"now the second has half", 1, 8, 2, 5},
		{"a third waits", 2, 2, 0, 0},
		{"the first makes room", 0, 8, 5, 4},
		{"and lets go", 0, 8, 4, 4},
		{"the third has some of it", 2, 2, 0, 1},
		{"the second makes room", 1, 8, 5, 4},
		{"and lets go", 1, 8, 4, 4},
		{"the third has what it wants", 2, 2, 1, 2},
		{"the second has nothing to send", 1, 0, 0, 0},
		{"the first has the rest", 0, 20, 4, 8},
	} {
		got, err := list[step.machine].Share(t.Context(), step.want, step.held)
		require.NoError(t, err)
		require.Equal(t, step.get, got, step.about)
	}
	require.NoError(t, ledgers[0].Close())
	got, err := list[1].Share(t.Context(), 20, 0)
	require.NoError(t, err)
	assert.Equal(t, 8, got, "the share of a process that has ended is free")

	other, err := postgres.NewInFlightLimiter(ledgers[1], "corinth", 3)
	require.NoError(t, err)
	got, err = other.Share(t.Context(), 20, 0)
	require.NoError(t, err)
	assert.Equal(t, 3, got, "names have nothing to do with each other")
	_, err = postgres.NewInFlightLimiter(ledgers[1], "corinth", 0)
	require.Error(t, err)
}

// TestCallsUnderWayOfTwoMachines counts the calls that two routers make at the same time.
func TestCallsUnderWayOfTwoMachines(t *testing.T) {
	const most = 4
	vendor := queuetest.NewVendor(t)
	var mu sync.Mutex
	var now, peak int
	vendor.Meet(func(string) {
		mu.Lock()
		now++
		peak = max(peak, now)
		mu.Unlock()
		time.Sleep(2 * time.Millisecond)
		mu.Lock()
		now--
		mu.Unlock()
	})
	address := postgrestest.Schema(t)
	var all sync.WaitGroup
	for machine := range 2 {
		l, err := postgres.Open(t.Context(), address, ledger.Options{Key: testKey})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		p, err := queuetest.NewProvider(vendor.URL)
		require.NoError(t, err)
		shared, err := postgres.NewInFlightLimiter(l, "vendor", most)
		require.NoError(t, err)
		r, err := router.New([]router.Upstream{{Name: "vendor", Provider: p, InFlight: shared}}, &router.Options{Validation: router.Shape})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, r.Close(context.Background())) })
		for sender := range 8 {
			all.Go(func() {
				for i := range 15 {
					m := &provider.Message{To: e164.MustParse("+12125550123"), Text: "Hello", Ref: fmt.Sprint(machine, sender, i)}
					_, err := r.Send(t.Context(), m)
					assert.NoError(t, err)
				}
			})
		}
	}
	all.Wait()
	assert.Equal(t, 2*8*15, vendor.Total())
	assert.LessOrEqual(t, peak, most)
	assert.Greater(t, peak, 1, "they are made side by side")
}
