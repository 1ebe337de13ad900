package guard_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
)

func euros(n int64) guard.Limit { return guard.Limit{Micros: n * 1_000_000, Currency: "EUR"} }

// priced makes each segment cost an amount in millionths of a euro.
func priced(micros int64) func(*router.Options) {
	return func(o *router.Options) {
		o.Price = func(_ string, _ e164.Number, segments int) (provider.Money, bool) {
			return provider.Money{Micros: micros * int64(segments), Currency: "EUR"}, true
		}
	}
}

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it begins at midnight UTC, 2000-01-01
		b := start(t, guard.Options{Budgets: []guard.Budget{{Max: euros(1), Period: guard.Day}}}, priced(100_000))
		for range 10 {
			assert.Empty(t, b.send(to(greek)))
		}
		require.Len(t, b.notices, 1)
		assert.Equal(t, "80 % of 1 EUR per day are used", b.notices[0].Reason)
		res, err := b.Send(t.Context(), to(greek))
		require.ErrorIs(t, err, provider.InsufficientFunds)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.Equal(t, "budgets: 1 EUR per day is used up: 1 EUR are spent, the message takes up to 0.1 EUR", res.Message)
		time.Sleep(24*time.Hour - time.Second)
		assert.Equal(t, provider.InsufficientFunds, b.send(to(greek)))
		time.Sleep(time.Second)
		assert.Empty(t, b.send(to(greek)), "a new day")
	})
}

func TestBudgetOfASegmentMonthForEachCountry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		athens, err := time.LoadLocation("Europe/Athens")
		require.NoError(t, err)
		b := start(t, guard.Options{Budgets: []guard.Budget{
			{Max: guard.Limit{Segments: 3}, Period: guard.Month, Each: guard.Country, Zone: athens},
		}}, nil)
		long := to(greek)
		long.Text = strings.Repeat("a", 200)
		assert.Empty(t, b.send(long))
		assert.Equal(t, provider.InsufficientFunds, b.send(long))
		assert.Empty(t, b.send(to(greek)))
		long.To = french
		assert.Empty(t, b.send(long))
		time.Sleep(time.Until(time.Date(2000, 2, 1, 0, 0, 0, 0, athens)) - time.Second)
		assert.Equal(t, provider.InsufficientFunds, b.send(to(greek)))
		time.Sleep(time.Second)
		assert.Empty(t, b.send(to(greek)), "February in Athens")
	})
}

func TestBudgetFailsClosed(t *testing.T) {
	o := guard.Options{Budgets: []guard.Budget{{Max: euros(1), Period: guard.Day}}}
	b := start(t, o, nil)
	res, err := b.Send(t.Context(), to(greek))
	require.ErrorIs(t, err, provider.InsufficientFunds)
	assert.Contains(t, res.Message, "has no price")
	b = start(t, o, func(o *router.Options) {
		o.Price = func(string, e164.Number, int) (provider.Money, bool) {
			return provider.Money{Micros: 1, Currency: "USD"}, true
		}
	})
	res, err = b.Send(t.Context(), to(greek))
	require.ErrorIs(t, err, provider.InsufficientFunds)
	assert.Contains(t, res.Message, "there is no rate from USD to EUR")
}

// TestBudgetCountsWhatWasSpent: reserved is the estimate, counted the vendor's price.
func TestBudgetCountsWhatWasSpent(t *testing.T) {
	o := guard.Options{Budgets: []guard.Budget{{Max: euros(1), Period: guard.Day}}}
	vendor, err := memory.New(memory.Config{Price: &provider.Money{Micros: 10_000, Currency: "EUR"}})
	require.NoError(t, err)
	policy, err := guard.New(o)
	require.NoError(t, err)
	opts := &router.Options{Guard: policy}
	priced(500_000)(opts)
	r, err := router.New([]router.Upstream{{Name: "v", Provider: vendor}}, opts)
	require.NoError(t, err)
	defer r.Close(context.Background())
	for range 40 {
		_, err := r.Send(t.Context(), to(greek))
		require.NoError(t, err)
	}
	assert.Contains(t, r.Plan(to(greek)).Guards[0].Reason, "0.4 EUR used")
}
