package router_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// track is an adaptive route over providers that a test feeds.
type track struct {
	*testing.T
	*router.Router
	providers []*memory.Provider
	broken    string // the provider that refuses all messages
	moves     []string
}

func newTrack(t *testing.T, names string, a router.Adaptive) *track {
	t.Helper()
	tr := &track{T: t}
	tr.Router = open(t, tr.upstreams(names), tr.options(names, a))
	return tr
}

func (tr *track) upstreams(names string) (list []router.Upstream) {
	for name := range strings.FieldsSeq(names) {
		p := vendor(tr.T, memory.Config{Ledger: -1, Answer: func(*provider.Message) memory.Answer {
			if tr.broken == name {
				return code(provider.Unavailable)
			}
			return memory.Answer{}
		}})
		tr.providers = append(tr.providers, p)
		list = append(list, router.Upstream{Name: name, Provider: p, RateLimit: -1})
	}
	return list
}

func (tr *track) options(names string, a router.Adaptive) *router.Options {
	route := router.Route{Name: "all", Strategy: router.AdaptiveOrder}
	for name := range strings.FieldsSeq(names) {
		route.Targets = append(route.Targets, router.Target{Name: name})
	}
	return &router.Options{
		Routes: []router.Route{route}, Adaptive: a, Validation: router.Shape, Breaker: router.Breaker{Failures: 1e6, Ratio: -1},
		Retry: router.Retry{MaxAttempts: 1},
		OnNotice: func(n router.Notice) {
			if n.Kind == router.NoticeRest || n.Kind == router.NoticeReturn {
				tr.moves = append(tr.moves, fmt.Sprintf("%s %s", n.Kind, n.Provider))
			}
		},
	}
}

// send sends a message and returns which provider has it.
func (tr *track) send() *router.Result {
	tr.Helper()
	r, err := tr.Send(tr.Context(), text("Hello"))
	if tr.broken == "" {
		require.NoError(tr, err)
	}
	return r
}

func (tr *track) report(r *router.Result, delivered bool) {
	tr.Helper()
	e := provider.Event{Kind: provider.Report, ID: r.ID, Status: provider.StatusUndelivered, Final: true}
	if delivered {
		e.Status = provider.StatusDelivered
	}
	require.NoError(tr, tr.Observe(tr.Context(), r.Provider, e))
}

func (tr *track) order() (names []string) {
	for _, c := range tr.Plan(text("Hello")).Candidates {
		names = append(names, c.Provider)
	}
	return names
}

// Providers that are as good as each other keep their places. Chance may look like a
// difference for once, at most; then it does so to one provider, and not again and again.
func TestAdaptiveDoesNotFlap(t *testing.T) {
	misled := 0
	for _, rate := range []float64{0.99, 0.9, 0.7} {
		for seed := range uint64(3) {
			tr, luck := newTrack(t, "a b c", router.Adaptive{}), rand.New(rand.NewPCG(seed, 1))
			for range 5000 {
				tr.report(tr.send(), luck.Float64() < rate)
			}
			if len(tr.moves) > 0 {
				misled++
			}
			assert.LessOrEqual(t, len(tr.moves), 2, "%v of all messages arrive, seed %d: %v", rate, seed, tr.moves)
		}
	}
	assert.LessOrEqual(t, misled, 1)
}

// With few results nothing is changed, however bad they are.
func TestAdaptiveWithFewSamples(t *testing.T) {
	tr := newTrack(t, "a b", router.Adaptive{MinSample: 100})
	for range 90 {
		r := tr.send()
		tr.report(r, r.Provider == "b")
	}
	assert.Empty(t, tr.moves)
	assert.Equal(t, []string{"a", "b"}, tr.order())
}

// A vendor that does not report, or reports late, is not punished.
func TestAdaptiveReports(t *testing.T) {
	t.Run("never", func(t *testing.T) {
		tr := newTrack(t, "a b", router.Adaptive{})
		for range 3000 {
			if r := tr.send(); r.Provider == "b" {
				tr.report(r, true)
			}
		}
		assert.Empty(t, tr.moves)
	})
	t.Run("only when they have been passed on", func(t *testing.T) {
		tr := newTrack(t, "a b", router.Adaptive{})
		for range 500 {
			r := tr.send()
			for _, s := range []provider.Status{provider.StatusSent, provider.StatusUndelivered, provider.StatusUnknown} { // not final
				require.NoError(t, tr.Observe(t.Context(), r.Provider, provider.Event{Kind: provider.Report, ID: r.ID, Status: s}))
			}
		}
		assert.Empty(t, tr.moves)
		assert.Zero(t, tr.Qualities()[0].Reports)
	})
	t.Run("after a day, and twice", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tr := newTrack(t, "a b", router.Adaptive{})
			var sent []*router.Result
			for range 2000 {
				sent = append(sent, tr.send())
			}
			time.Sleep(24 * time.Hour)
			for _, r := range append(sent, sent...) {
				tr.report(r, true)
			}
			assert.Empty(t, tr.moves)
			assert.LessOrEqual(t, tr.Qualities()[0].Reports, 200.0)
		})
	})
	t.Run("once for each message", func(t *testing.T) {
		tr := newTrack(t, "a b", router.Adaptive{Explore: -1})
		for range 20 {
			r := tr.send()
			for range 10 {
				tr.report(r, false)
			}
		}
		assert.InDelta(t, 20, tr.Qualities()[0].Reports, 1)
		assert.Empty(t, tr.moves)
	})
	t.Run("about numbers that do not exist", func(t *testing.T) {
		tr := newTrack(t, "a b", router.Adaptive{})
		for range 1000 {
			r := tr.send()
			require.NoError(t, tr.Observe(t.Context(), r.Provider, provider.Event{
				Kind: provider.Report, ID: r.ID, Status: provider.StatusUndelivered, Final: true, Code: provider.InvalidRecipient,
			}))
		}
		assert.Empty(t, tr.moves)
	})
	t.Run("about messages that nobody knows", func(t *testing.T) {
		tr := newTrack(t, "a b", router.Adaptive{})
		for i := range 1000 {
			tr.report(&router.Result{Provider: "a", ID: fmt.Sprint(i)}, false)
		}
		assert.Empty(t, tr.Qualities())
	})
}

// The order that follows from what is measured, by kind.
func TestAdaptiveMoves(t *testing.T) {
	for name, c := range map[string]struct {
		settings router.Adaptive
		names    string
		delay    time.Duration // of a
		delivers map[string]float64
		reports  string
		codes    map[string]float64
		want     []string // moves
	}{
		"reports": {names: "a b", delivers: map[string]float64{"a": 0.7, "b": 0.95}, reports: "a b", want: []string{"rest a"}},
		"less than the margin": {
			names: "a b", delivers: map[string]float64{"a": 0.96, "b": 1}, reports: "a b",
		},
		"far too few, and nobody else reports": {names: "a b", delivers: map[string]float64{"a": 0.2}, reports: "a", want: []string{"rest a"}},
		"few, and nobody else reports":         {names: "a b", delivers: map[string]float64{"a": 0.6}, reports: "a"},
		"no floor": {
			settings: router.Adaptive{Floor: -1}, names: "a b", delivers: map[string]float64{"a": 0.2}, reports: "a",
		},
		"codes count more than reports": {
			names: "a b", delivers: map[string]float64{"a": 1, "b": 0.95}, reports: "a b", codes: map[string]float64{"a": 0.5, "b": 0.9}, want: []string{"rest a"},
		},
		"slow attempts": {names: "a b", delay: 3 * time.Second, want: []string{"rest a"}},
		"slow attempts do not matter": {
			settings: router.Adaptive{Slow: -1}, names: "a b", delay: 3 * time.Second,
		},
		"the one that is left stays": {
			names: "a b c", delivers: map[string]float64{"a": 0.6, "b": 0.6, "c": 0.95}, reports: "a b c", want: []string{"rest a", "rest b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, luck := newTrack(t, c.names, c.settings), rand.New(rand.NewPCG(1, 2))
				tr.slowDown(c.delay)
				for range 2500 {
					r := tr.send()
					if p, ok := c.delivers[r.Provider]; ok && strings.Contains(c.reports, r.Provider) {
						tr.report(r, luck.Float64() < p)
					}
					if p, ok := c.codes[r.Provider]; ok {
						tr.Converted(r.Provider, "GR", luck.Float64() < p)
					}
				}
				assert.ElementsMatch(t, c.want, tr.moves)
				for _, q := range tr.Qualities() {
					assert.Equal(t, q.Resting, q.Reason != "", q)
				}
			})
		})
	}
}

// slowDown makes the first provider slow.
func (tr *track) slowDown(delay time.Duration) {
	if delay > 0 {
		answers := make([]memory.Answer, 3000)
		for i := range answers {
			answers[i].Delay = delay
		}
		tr.providers[0].Script(answers...)
	}
}

// Where every provider is bad, they take turns, but not with each message.
func TestAdaptiveWithoutAnyGoodProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, luck := newTrack(t, "a b", router.Adaptive{}), rand.New(rand.NewPCG(1, 2))
		used := make(map[string]int)
		for range 24 * 60 {
			r := tr.send()
			used[r.Provider]++
			tr.report(r, luck.Float64() < 0.1)
			time.Sleep(time.Minute)
		}
		assert.LessOrEqual(t, len(tr.moves), 30)
		assert.Greater(t, min(used["a"], used["b"]), 60, "none is starved")
	})
}

// A rest has an end, even where there is too little traffic to show anything.
func TestAdaptiveMaxRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrack(t, "a b", router.Adaptive{MaxRest: time.Hour, Explore: -1})
		tr.Warm(router.Sample{Provider: "a", Country: "GR", Accepted: 50, Failed: 50}, router.Sample{Provider: "b", Country: "GR", Accepted: 100})
		assert.Equal(t, []string{"rest a"}, tr.moves)
		assert.Equal(t, []string{"b", "a"}, tr.order())
		time.Sleep(59 * time.Minute)
		tr.send()
		assert.Equal(t, []string{"rest a"}, tr.moves)
		time.Sleep(time.Minute)
		tr.send()
		assert.Equal(t, []string{"rest a", "return a"}, tr.moves)
	})
}

func TestAdaptiveWarm(t *testing.T) {
	tr := newTrack(t, "a b", router.Adaptive{})
	tr.send()
	tr.Warm(
		router.Sample{Provider: "a", Country: "GR", Accepted: 1, Failed: 99}, // the route has measured by itself
		router.Sample{Provider: "a", Country: "DE", Accepted: 100_000, Delivered: 60_000, Undelivered: 40_000, Latency: time.Second},
		router.Sample{Provider: "b", Country: "DE", Accepted: 100_000, Delivered: 95_000, Undelivered: 5_000, Latency: time.Second},
		router.Sample{Provider: "nobody", Country: "DE", Failed: 100},
	)
	assert.Equal(t, []string{"rest a"}, tr.moves)
	assert.Equal(t, []string{"a", "b"}, tr.order(), "countries are apart from each other")
	for _, q := range tr.Qualities() {
		assert.LessOrEqual(t, q.Attempts, 200.0, "no more than the window")
	}
	q := tr.Plan(text("Hello")).Candidates[0].Quality
	require.NotNil(t, q)
	assert.Equal(t, "100% accepted of 1 attempts", q.String())
	rests := tr.Qualities()[0]
	assert.Equal(t, "DE", rests.Country)
	assert.Equal(t, "rests: 100% accepted, 60% delivered; b has 100% accepted, 95% delivered", rests.String())
}

// A reload that leaves the route as it was keeps what it has learned.
func TestAdaptiveReload(t *testing.T) {
	tr := newTrack(t, "a b", router.Adaptive{})
	bad := router.Sample{Provider: "a", Country: "GR", Accepted: 50, Failed: 50}
	tr.Warm(bad, router.Sample{Provider: "b", Country: "GR", Accepted: 100})
	require.Equal(t, []string{"b", "a"}, tr.order())
	reload := func(names string, a router.Adaptive) {
		t.Helper()
		_, err := tr.Reload(tr.upstreams(names), tr.options(names, a))
		require.NoError(t, err)
	}
	reload("a b", router.Adaptive{})
	assert.Equal(t, []string{"b", "a"}, tr.order())
	reload("a b", router.Adaptive{MinSample: 40})
	assert.Equal(t, []string{"a", "b"}, tr.order())
}

func TestAdaptiveSettings(t *testing.T) {
	for want, a := range map[string]router.Adaptive{
		`adaptive.base: "weighted"; want priority or least_cost`:   {Base: router.Weighted},
		"adaptive.min_sample: 9; want 10 to 100000":                {MinSample: 9},
		"adaptive.window: 99; want at least 100, twice min_sample": {Window: 99},
		"adaptive.confidence: 1; want 0.5 to 0.999":                {Confidence: 1},
		"adaptive.margin: -1; want more than 0":                    {Margin: -1},
		"adaptive.explore: 1.2; want at most 1":                    {Explore: 0.6},
		"adaptive.floor: 2; want at most 1":                        {Floor: 2},
		"adaptive.slow: 1; want at least 1.5":                      {Slow: 1},
		"adaptive.half_life: -1s; want more than 0":                {HalfLife: -time.Second},
		"routes[0].strategy: least_cost needs prices: a rate card": {Base: router.LeastCost},
	} {
		tr := &track{T: t}
		_, err := router.New(tr.upstreams("a b"), tr.options("a b", a))
		assert.EqualError(t, err, want)
	}
}

// A provider has a time since when it rests, or is used again, once it had to rest.
func TestQualityHasATime(t *testing.T) {
	tr := newTrack(t, "a b", router.Adaptive{})
	tr.Warm(router.Sample{Provider: "a", Country: "GR", Accepted: 50, Failed: 50}, router.Sample{Provider: "b", Country: "GR", Accepted: 100})
	list := tr.Qualities()
	require.Len(t, list, 2)
	assert.True(t, list[0].Resting)
	require.NotNil(t, list[0].Since)
	assert.WithinDuration(t, time.Now(), *list[0].Since, time.Minute)
	assert.Nil(t, list[1].Since, "it never rested")
}

// What is announced has neither number nor text.
func TestAdaptiveIsAnnounced(t *testing.T) {
	var log strings.Builder
	tr := &track{T: t}
	o := tr.options("a b", router.Adaptive{})
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	tr.Router = open(t, tr.upstreams("a b"), o)
	tr.Warm(router.Sample{Provider: "a", Country: "GR", Accepted: 50, Failed: 50}, router.Sample{Provider: "b", Country: "GR", Accepted: 100})
	assert.Contains(t, log.String(), `level=WARN msg="sms rest" provider=a country=GR route=all next=b reason="50% accepted; b has 100% accepted"`)
}

// BenchmarkStrategies shows what an order costs: the adaptive one beside that of priority.
func BenchmarkStrategies(b *testing.B) {
	for _, s := range []router.Strategy{router.Priority, router.AdaptiveOrder, router.Priority, router.AdaptiveOrder} {
		b.Run(string(s), func(b *testing.B) {
			a := vendor(b, memory.Config{Ledger: -1})
			r := open(b, []router.Upstream{{Name: "a", Provider: a, RateLimit: -1}, {Name: "b", Provider: a, RateLimit: -1}}, &router.Options{
				Validation: router.Shape, Routes: []router.Route{{Strategy: s, Targets: []router.Target{{Name: "a"}, {Name: "b"}}}},
			})
			m := text("Your parcel will be delivered today between 9 and 11.")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Send(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
