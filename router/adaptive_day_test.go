package router_test

import (
	"fmt"
	"math/rand/v2"
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

// carrier is a simulated vendor.
type carrier struct {
	name     string
	price    int64                          // for a message that it accepts, in micros
	delivers func(hour float64) float64     // share of what it accepts
	down     func(hour float64) bool        // nil = never
	reports  func(*rand.Rand) time.Duration // after how long; nil = it does not report
	late     []lateReport                   // on their way
	per2h    [12]int                        // attempts
	*memory.Provider
}

type lateReport struct {
	at    time.Time
	event provider.Event
}

// day is a simulated day of a route.
type day struct {
	t         *testing.T
	carriers  []*carrier
	router    *router.Router
	began     time.Time
	moves     []router.Notice
	sent      int
	delivered int
	cost      int64
}

const perMinute = 20

func (d *day) hour() float64 { return time.Since(d.began).Hours() }

// run sends messages for a day. The same message fares the same at the same vendor,
// whichever strategy sends it.
func (d *day) run(o router.Options) {
	d.began = time.Now()
	var ups []router.Upstream
	route := router.Route{Name: "all", Strategy: o.Routes[0].Strategy}
	for _, c := range d.carriers {
		p, err := memory.New(memory.Config{Ledger: -1, Answer: func(*provider.Message) memory.Answer {
			c.per2h[min(11, int(d.hour()/2))]++
			if c.down != nil && c.down(d.hour()) {
				return memory.Answer{Err: provider.NewError(provider.Unavailable, "down")}
			}
			return memory.Answer{}
		}})
		require.NoError(d.t, err)
		c.Provider = p
		ups = append(ups, router.Upstream{Name: c.name, Provider: p, RateLimit: -1})
		route.Targets = append(route.Targets, router.Target{Name: c.name})
	}
	o.Routes = []router.Route{route}
	o.Validation = router.Shape
	o.OnNotice = func(n router.Notice) {
		if n.Kind == router.NoticeRest || n.Kind == router.NoticeReturn {
			d.moves = append(d.moves, n)
		}
	}
	var err error
	d.router, err = router.New(ups, &o)
	require.NoError(d.t, err)
	defer d.router.Close(d.t.Context())
	luck := rand.New(rand.NewPCG(22, 8))
	for time.Since(d.began) < 24*time.Hour {
		d.message(luck)
		d.report()
		time.Sleep(time.Minute / perMinute)
	}
}

func (d *day) message(luck *rand.Rand) {
	m := &provider.Message{To: e164.MustParse(fmt.Sprintf("+3069%08d", luck.IntN(1e8))), Text: "Your parcel is here."}
	fate, wait := luck.Float64(), rand.New(rand.NewPCG(luck.Uint64(), 1))
	d.sent++
	result, err := d.router.Send(d.t.Context(), m)
	if err != nil {
		return
	}
	for _, c := range d.carriers {
		if c.name != result.Provider {
			continue
		}
		d.cost += c.price
		e := provider.Event{Kind: provider.Report, ID: result.ID, Status: provider.StatusUndelivered, Final: true}
		if fate < c.delivers(d.hour()) {
			d.delivered++
			e.Status = provider.StatusDelivered
		}
		if c.reports != nil {
			c.late = append(c.late, lateReport{time.Now().Add(c.reports(wait)), e})
		}
	}
}

// report hands over the reports whose time has come, in whatever order.
func (d *day) report() {
	for _, c := range d.carriers {
		left := c.late[:0]
		for _, r := range c.late {
			if time.Now().Before(r.at) {
				left = append(left, r)
				continue
			}
			require.NoError(d.t, d.router.Observe(d.t.Context(), c.name, r.event, r.event))
		}
		c.late = left
	}
}

// The first provider of the route is refused for half an hour, then swallows messages for
// an hour, then gets slowly worse over five hours, and is well again from 18:00.
func carriers() []*carrier {
	soon := func(r *rand.Rand) time.Duration { return time.Duration((5 + 40*r.ExpFloat64()) * float64(time.Second)) }
	return []*carrier{
		{
			name: "gold", price: 60_000, reports: soon,
			down: func(h float64) bool { return h >= 2 && h < 2.5 },
			delivers: func(h float64) float64 {
				switch {
				case h >= 7 && h < 8:
					return 0
				case h >= 13 && h < 18:
					return 0.97 - 0.47*(h-13)/5
				}
				return 0.97
			},
		},
		{name: "silver", price: 45_000, reports: soon, delivers: func(float64) float64 { return 0.96 }},
		{name: "quiet", price: 50_000, delivers: func(float64) float64 { return 0.95 }},
	}
}

func simulate(t *testing.T, o router.Options) *day {
	d := &day{t: t, carriers: carriers()}
	d.run(o)
	share := func(c *carrier) (s string) {
		for _, n := range c.per2h {
			s += fmt.Sprintf(" %4.1f", 100*float64(n)/(120*perMinute))
		}
		return s
	}
	t.Logf("%s %s: %d messages, %d delivered (%.2f%%), cost %.2f, %.5f for each delivered", o.Routes[0].Strategy, o.Adaptive.Base, d.sent, d.delivered,
		100*float64(d.delivered)/float64(d.sent), float64(d.cost)/1e6, float64(d.cost)/1e6/float64(d.delivered))
	for _, c := range d.carriers {
		t.Logf("  %-6s attempts in each two hours, in %% of the messages:%s", c.name, share(c))
	}
	for _, n := range d.moves {
		t.Logf("  %s %-6s %s, then first %s: %s", n.At.Sub(d.began).Truncate(time.Minute), n.Kind, n.Provider, n.Next, n.Reason)
	}
	return d
}

// TestAdaptiveDay compares a day of the adaptive strategy with the same day of the order
// of priority. The figures are in its output, with -v.
func TestAdaptiveDay(t *testing.T) {
	var byPriority, adaptive, cheapest *day
	run := func(d **day, o router.Options) {
		synctest.Test(t, func(t *testing.T) { *d = simulate(t, o) })
	}
	price := func(name string, _ e164.Number, _ int) (provider.Money, bool) {
		for _, c := range carriers() {
			if c.name == name {
				return provider.Money{Micros: c.price, Currency: "EUR"}, true
			}
		}
		return provider.Money{}, false
	}
	run(&byPriority, router.Options{Routes: []router.Route{{Strategy: router.Priority}}})
	run(&adaptive, router.Options{Routes: []router.Route{{Strategy: router.AdaptiveOrder}}})
	run(&cheapest, router.Options{Routes: []router.Route{{Strategy: router.AdaptiveOrder}}, Adaptive: router.Adaptive{Base: router.LeastCost}, Price: price})

	for _, d := range []*day{adaptive, cheapest} {
		assert.Greater(t, d.delivered, byPriority.delivered, "it delivers more than the order of priority")
		assert.Less(t, d.cost, byPriority.cost, "and costs less")
		for _, c := range d.carriers {
			for i, n := range c.per2h {
				assert.GreaterOrEqual(t, n, 120*perMinute/200, "%s is not starved from %d:00", c.name, 2*i)
			}
		}
	}
	assert.Greater(t, float64(adaptive.delivered), 0.94*float64(adaptive.sent))

	at := func(n router.Notice) float64 { return n.At.Sub(adaptive.began).Hours() }
	var kinds []router.NoticeKind
	for _, n := range adaptive.moves {
		assert.Equal(t, "gold", n.Provider, "no other provider has given a reason")
		assert.Equal(t, "GR", n.Country)
		assert.Equal(t, "all", n.Route)
		assert.NotEmpty(t, n.Reason)
		kinds = append(kinds, n.Kind)
	}
	require.GreaterOrEqual(t, len(kinds), 4)
	assert.LessOrEqual(t, len(kinds), 6, "it does not flap")
	rests := func(from, to float64) (hour float64) {
		for _, n := range adaptive.moves {
			if n.Kind == router.NoticeRest && at(n) >= from && at(n) < to {
				return at(n)
			}
		}
		t.Errorf("gold does not rest between %v and %v", from, to)
		return 0
	}
	const minute = 1.0 / 60
	assert.LessOrEqual(t, rests(7, 8), 7+(50.0/perMinute+2)*minute, "within the minimum sample, once its reports have come")
	assert.LessOrEqual(t, rests(13, 18), 15.5, "in the decline while most messages still arrive")
	last := adaptive.moves[len(adaptive.moves)-1]
	assert.Equal(t, router.NoticeReturn, last.Kind, "it is used again after its recovery")
	assert.Greater(t, at(last), 18.0)
	assert.Greater(t, adaptive.carriers[0].per2h[11], 60*perMinute, "and is first again at the end of the day")
}
