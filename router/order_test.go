package router_test

import (
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
)

// prices are micros per segment; other providers have no price.
func prices(each map[string]int64) func(string, e164.Number, int) (provider.Money, bool) {
	return func(name string, _ e164.Number, segments int) (provider.Money, bool) {
		micros, ok := each[name]
		return provider.Money{Micros: micros * int64(segments), Currency: "EUR"}, ok
	}
}

func TestLeastCost(t *testing.T) {
	one := func(name string, each map[string]int64, rewrite func(*provider.Message)) *router.Router {
		var list []router.Upstream
		var targets []router.Target
		for _, n := range []string{"a", "b", "c"} {
			list = append(list, router.Upstream{Name: n, Provider: vendor(t, memory.Config{})})
			targets = append(targets, router.Target{Name: n})
		}
		targets[1].Rewrite = rewrite
		return open(t, list, &router.Options{Price: prices(each), Routes: []router.Route{{Name: name, Strategy: router.LeastCost, Targets: targets}}})
	}
	order := func(r *router.Router, m *provider.Message) string {
		var names []string
		for _, c := range r.Plan(m).Candidates {
			names = append(names, c.Provider)
		}
		return strings.Join(names, " ")
	}
	assert.Equal(t, "c b a", order(one("cheapest first", map[string]int64{"a": 3, "b": 2, "c": 1}, nil), text("Hi")))
	assert.Equal(t, "c a b", order(one("no price is last, not free", map[string]int64{"a": 3, "c": 1}, nil), text("Hi")))
	assert.Equal(t, "a b c", order(one("as listed where all ask the same", map[string]int64{"a": 1, "b": 1, "c": 1}, nil), text("Hi")))
	assert.Equal(t, "b a c", order(one("by each one's own segments", map[string]int64{"a": 3, "b": 4, "c": 3},
		func(m *provider.Message) { m.Text = "short" }), text(strings.Repeat("x", 200))))
}

func TestLeastCostPrefersHealthyProviders(t *testing.T) {
	a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
	r := two(t, a, b, &router.Options{
		Price:   prices(map[string]int64{"a": 1, "b": 1}),
		Breaker: router.Breaker{Failures: 1, Jitter: -1}, Retry: router.Retry{MaxAttempts: 1},
		Routes: []router.Route{{Name: "all", Strategy: router.LeastCost, Targets: []router.Target{{Name: "a"}, {Name: "b"}}}},
	})
	a.Script(code(provider.Unavailable))
	res, err := r.Send(t.Context(), text("Hi"))
	require.NoError(t, err)
	assert.Equal(t, "a:not_sent b:accepted", trail(res))
	assert.Equal(t, "b", r.Plan(text("Hi")).Candidates[0].Provider)
}

func TestLeastCostPrefersProvidersThatAreNotParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
		r := two(t, a, b, &router.Options{
			Price:  prices(map[string]int64{"a": 1, "b": 1}),
			Retry:  router.Retry{Initial: time.Millisecond},
			Routes: []router.Route{{Name: "all", Strategy: router.LeastCost, Targets: []router.Target{{Name: "a"}, {Name: "b"}}}},
		})
		a.Script(code(provider.RateLimited))
		res, err := r.Send(t.Context(), text("Hi"))
		require.NoError(t, err)
		assert.Equal(t, "a:not_sent b:accepted", trail(res))
		assert.Equal(t, "b", r.Plan(text("Hi")).Candidates[0].Provider)
		time.Sleep(time.Second - 10*time.Millisecond)
		assert.Equal(t, "b", r.Plan(text("Hi")).Candidates[0].Provider, "a vendor that does not say how long is left alone for a second")
		time.Sleep(20 * time.Millisecond)
		assert.Equal(t, "a", r.Plan(text("Hi")).Candidates[0].Provider)
	})
}

// Health decides among providers that cost the same, or of which no price is known, and
// nothing else.
func TestLeastCostByHealth(t *testing.T) {
	breaker := router.Breaker{Failures: 1, OpenFor: 10 * time.Second, Jitter: -1}
	probed := func(t *testing.T, r *router.Router, a *memory.Provider) {
		a.Script(code(provider.Unavailable))
		_, err := r.Send(t.Context(), text("Hi"))
		require.NoError(t, err)
		time.Sleep(11 * time.Second)
	}
	paused := func(t *testing.T, r *router.Router, a *memory.Provider) {
		a.Script(paused())
		_, err := r.Send(t.Context(), text("Hi"))
		require.NoError(t, err)
	}
	for name, c := range map[string]struct {
		prices map[string]int64
		sicken func(*testing.T, *router.Router, *memory.Provider)
		state  router.BreakerState
		want   []string
	}{
		"to be probed, at one price":       {map[string]int64{"a": 1, "b": 1}, probed, router.BreakerHalfOpen, []string{"b", "a"}},
		"to be probed, and cheaper":        {map[string]int64{"a": 1, "b": 2}, probed, router.BreakerHalfOpen, []string{"a", "b"}},
		"to be probed, without prices":     {nil, probed, router.BreakerHalfOpen, []string{"b", "a"}},
		"to be probed, alone with a price": {map[string]int64{"a": 1}, probed, router.BreakerHalfOpen, []string{"a", "b"}},
		"paused, without prices":           {nil, paused, router.BreakerClosed, []string{"b", "a"}},
		"paused, alone with a price":       {map[string]int64{"a": 1}, paused, router.BreakerClosed, []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := vendor(t, memory.Config{})
				r := two(t, a, vendor(t, memory.Config{}), &router.Options{
					Price: prices(c.prices), Breaker: breaker, Retry: once,
					Routes: []router.Route{{Strategy: router.LeastCost, Targets: []router.Target{{Name: "a"}, {Name: "b"}}}},
				})
				c.sicken(t, r, a)
				assert.Equal(t, c.state, r.States()[0].Breaker)
				var names []string
				for _, candidate := range r.Plan(text("Hi")).Candidates {
					names = append(names, candidate.Provider)
				}
				assert.Equal(t, c.want, names)
			})
		})
	}
}

func TestLeastCostNeedsPrices(t *testing.T) {
	_, err := router.New([]router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}},
		&router.Options{Routes: []router.Route{{Name: "all", Strategy: router.LeastCost, Targets: []router.Target{{Name: "a"}}}}})
	assert.ErrorContains(t, err, "least_cost needs prices")
}

// An amount that cannot be compared must not keep cheaper ones from coming first.
func TestLeastCostWithMixedCurrencies(t *testing.T) {
	prices := map[string]provider.Money{"a": {Micros: 5, Currency: "EUR"}, "b": {Micros: 3, Currency: "USD"}, "c": {Micros: 4, Currency: "EUR"}}
	var lines []router.Upstream
	var targets []router.Target
	for _, n := range []string{"a", "b", "c"} {
		lines = append(lines, router.Upstream{Name: n, Provider: vendor(t, memory.Config{})})
		targets = append(targets, router.Target{Name: n})
	}
	r := open(t, lines, &router.Options{
		Price:  func(name string, _ e164.Number, _ int) (provider.Money, bool) { m, ok := prices[name]; return m, ok },
		Routes: []router.Route{{Strategy: router.LeastCost, Targets: targets}},
	})
	var order string
	for _, c := range r.Plan(text("x")).Candidates {
		order += c.Provider
	}
	assert.Equal(t, "cab", order)
}
