package guard_test

import (
	"context"
	"errors"
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

var (
	greek  = e164.MustParse("+306941234567")
	french = e164.MustParse("+33612345678")
)

// bench is a router with a policy over one vendor.
type bench struct {
	*router.Router
	*testing.T
	policy  *guard.Policy
	vendor  *memory.Provider
	notices []router.Notice
}

func start(t *testing.T, o guard.Options, change func(*router.Options)) *bench {
	t.Helper()
	policy, err := guard.New(o)
	require.NoError(t, err)
	vendor, err := memory.New(memory.Config{})
	require.NoError(t, err)
	b := &bench{T: t, policy: policy, vendor: vendor}
	opts := &router.Options{Guard: policy, OnNotice: func(n router.Notice) {
		if n.Kind == router.NoticeGuard {
			b.notices = append(b.notices, n)
		}
	}}
	if change != nil {
		change(opts)
	}
	b.Router, err = router.New([]router.Upstream{{Name: "v", Provider: vendor}}, opts)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Close(context.Background())) })
	return b
}

func to(n e164.Number) *provider.Message { return &provider.Message{To: n, Text: "hello"} }

// send sends and returns the code; "" = accepted.
func (b *bench) send(m *provider.Message) provider.Code {
	b.Helper()
	res, err := b.Send(b.Context(), m)
	assert.Equal(b, res.Status == provider.OutcomeAccepted, err == nil)
	return res.Code
}

func codeOf(n e164.Number) *provider.Message {
	m := to(n)
	m.Class = provider.OTP
	return m
}

func TestCountries(t *testing.T) {
	b := start(t, guard.Options{Countries: guard.Countries{Allow: []string{"GR", "FR"}, Deny: []string{"FR"}}}, nil)
	assert.Empty(t, b.send(to(greek)))
	assert.Equal(t, provider.Rejected, b.send(to(french)), "deny comes first")
	assert.Equal(t, provider.Rejected, b.send(to(e164.MustParse("+447400123456"))), "what is not on the list is not allowed")
	b = start(t, guard.Options{Countries: guard.Countries{Allow: []string{"GR"}}}, func(o *router.Options) { o.Validation = router.Shape })
	assert.Equal(t, provider.Rejected, b.send(to(e164.MustParse("+9991234567"))), "nor a number of no country")
	for n, want := range map[string]string{"+9991234567": "countries: no country is not allowed", french.String(): "countries: FR is not allowed"} {
		_, err := b.Send(t.Context(), to(e164.MustParse(n)))
		assert.ErrorContains(t, err, want)
	}
}

func TestVelocity(t *testing.T) {
	other := e164.MustParse("+306941234568") // of the same block
	third := e164.MustParse("+306941239999")
	for name, c := range map[string]struct {
		per     guard.Per
		send    []e164.Number
		refused e164.Number
		passes  e164.Number
	}{
		"number":  {guard.Number, []e164.Number{greek, greek}, greek, other},
		"block":   {guard.Block, []e164.Number{greek, other}, greek, third},
		"country": {guard.Country, []e164.Number{greek, third}, other, french},
		"client":  {guard.Client, []e164.Number{greek, french}, third, e164.Number{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := start(t, guard.Options{Velocity: []guard.Velocity{{Per: c.per, Max: 2, Window: time.Hour}}}, nil)
				for _, n := range c.send {
					assert.Empty(t, b.send(to(n)))
				}
				assert.Equal(t, provider.Rejected, b.send(to(c.refused)))
				if !c.passes.IsZero() {
					assert.Empty(t, b.send(to(c.passes)))
				}
				time.Sleep(time.Hour)
				assert.Empty(t, b.send(to(c.refused)), "a new window")
			})
		})
	}
}

func TestClientsHaveTheirOwnLimits(t *testing.T) {
	b := start(t, guard.Options{Velocity: []guard.Velocity{{Per: guard.Client, Max: 1, Window: time.Hour}}}, nil)
	for _, client := range []string{"shop", "bank", ""} {
		ctx := router.WithClient(t.Context(), client)
		_, err := b.Send(ctx, to(greek))
		require.NoError(t, err, client)
		_, err = b.Send(ctx, to(greek))
		require.ErrorIs(t, err, provider.Rejected, client)
	}
}

func TestRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, guard.Options{Repeats: guard.Repeats{Window: time.Minute}}, nil)
		assert.Empty(t, b.send(to(greek)))
		assert.Equal(t, provider.Rejected, b.send(to(greek)))
		other := to(greek)
		other.Text = "hello again"
		assert.Empty(t, b.send(other))
		assert.Empty(t, b.send(to(french)))
		time.Sleep(time.Minute)
		assert.Empty(t, b.send(to(greek)))

		b.vendor.Script(memory.Answer{Err: provider.NewError(provider.Rejected, "no")}, memory.Answer{})
		again := to(french)
		again.Text = "new"
		assert.Equal(t, provider.Rejected, b.send(again))
		assert.Empty(t, b.send(again), "what was refused was not sent, and is no repeat")
	})
}

// TestChargedOnce: a message that is deferred, tried in vain, in doubt, and taken over by
// another process counts once, and what is proven not to be sent counts nothing.
func TestChargedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counters := guard.NewMemory(0)
		store := router.NewMemoryStore(100)
		o := guard.Options{
			Counters: counters, Budgets: []guard.Budget{{Max: guard.Limit{Segments: 2}, Period: guard.Month}},
			Velocity: []guard.Velocity{{Per: guard.Number, Max: 2, Window: 24 * time.Hour}}, Repeats: guard.Repeats{Window: 24 * time.Hour},
			Quiet: []guard.Quiet{{From: guard.Clock{Hour: 20}, To: guard.Clock{Hour: 8}}},
		}
		one := start(t, o, func(o *router.Options) { o.Store = store })
		two := start(t, o, func(o *router.Options) { o.Store = store }) // as another process would
		wide := start(t, guard.Options{                                 // the same counters, whose limits are never reached
			Counters: counters, Budgets: []guard.Budget{{Max: guard.Limit{Segments: 99}, Period: guard.Month}},
			Velocity: []guard.Velocity{{Per: guard.Number, Max: 99, Window: 24 * time.Hour}},
		}, nil)
		used := func() string {
			var list []string
			for _, v := range wide.Plan(to(greek)).Guards {
				list = append(list, v.Reason[strings.LastIndex(v.Reason, ": ")+2:])
			}
			return strings.Join(list, ", ")
		}
		m := to(greek)
		m.Ref = "order-1"

		res, _ := one.Send(t.Context(), m) // it is 02:00 in Athens
		require.NotNil(t, res.Deferred)
		assert.Equal(t, "0 used, 0 segments used", used())
		time.Sleep(time.Until(res.Deferred.Until))

		outage := memory.Answer{Err: provider.NewError(provider.Unavailable, "down")}
		one.vendor.Script(outage, outage)
		assert.Equal(t, provider.Unavailable, one.send(m))
		assert.Equal(t, "0 used, 0 segments used", used(), "it was not sent")

		one.vendor.Script(memory.Answer{Err: provider.NewError(provider.Indeterminate, "lost")})
		assert.Equal(t, provider.Indeterminate, one.send(m))
		assert.Equal(t, "1 used, 1 segment used", used(), "unknown counts")

		m.Delivery = provider.AtLeastOnce
		other := to(greek)
		other.Text, other.Ref = "another", "order-2"
		assert.Empty(t, one.send(other), "this takes what is left of the limits")
		two.vendor.Script(memory.Answer{})
		res, err := two.Send(t.Context(), m) // rescued
		assert.NotEqual(t, provider.InsufficientFunds, res.Code, "it has its reservation: %v", err)
		assert.NotEqual(t, provider.Rejected, res.Code)
		assert.Equal(t, "2 used, 2 segments used", used())
	})
}

func TestAForeignRefReturnsNothing(t *testing.T) {
	b := start(t, guard.Options{Velocity: []guard.Velocity{{Per: guard.Country, Max: 1, Window: time.Hour}}},
		func(o *router.Options) { o.Store = router.NewMemoryStore(100) })
	m := to(greek)
	m.Ref = "order-1"
	assert.Empty(t, b.send(m))
	other := to(greek)
	other.Ref, other.Text = "order-1", "other content"
	assert.Equal(t, provider.InvalidMessage, b.send(other))
	third := to(greek)
	third.Ref = "order-2"
	assert.Equal(t, provider.Rejected, b.send(third), "the charge of order-1 still stands")
}

func TestOptOuts(t *testing.T) {
	var broken error
	list := &guard.OptOuts{
		OptedOut: func(_ context.Context, m *provider.Message) (bool, error) { return m.To == greek, broken },
		Exempt:   []provider.Class{provider.OTP},
	}
	b := start(t, guard.Options{OptOuts: list}, nil)
	assert.Equal(t, provider.OptedOut, b.send(to(greek)))
	assert.Empty(t, b.send(codeOf(greek)))
	assert.Empty(t, b.send(to(french)))
	broken = errors.New("disk on fire")
	assert.Equal(t, provider.Unavailable, b.send(to(french)), "closed by default")
	require.Len(t, b.notices, 1)
	b = start(t, guard.Options{OptOuts: list, OnError: router.FailOpen}, nil)
	assert.Empty(t, b.send(to(french)))
}

// broken counters cannot be reached.
type broken struct{ guard.Counters }

var errDown = errors.New("connection refused")

func (broken) Reserve(context.Context, string, time.Time, time.Time, []guard.Charge) (bool, int, error) {
	return false, -1, errDown
}

func (broken) Levels(context.Context, time.Time, []guard.Charge) error { return errDown }

func TestCountersThatCannotBeReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := guard.Options{Counters: broken{}, Velocity: []guard.Velocity{{Per: guard.Number, Max: 1, Window: time.Hour}}}
		b := start(t, o, nil)
		res, err := b.Send(t.Context(), to(greek))
		require.ErrorIs(t, err, errDown)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.Equal(t, "the counters cannot be reached: connection refused", res.Message)
		assert.Empty(t, b.vendor.Messages())
		assert.Equal(t, provider.Unavailable, b.send(to(greek)))
		require.Len(t, b.notices, 1, "announced, but not for each message")
		assert.Equal(t, "messages are not sent", b.notices[0].Reason)
		time.Sleep(30*time.Second - time.Nanosecond)
		b.send(to(greek))
		assert.Len(t, b.notices, 1)
		time.Sleep(time.Nanosecond)
		b.send(to(greek))
		assert.Len(t, b.notices, 2, "again every 30 seconds")

		o.OnError = router.FailOpen
		b = start(t, o, nil)
		for range 3 {
			assert.Empty(t, b.send(to(greek)))
		}
		require.Len(t, b.notices, 1)
		assert.Equal(t, "messages pass uncounted", b.notices[0].Reason)
	})
}

func TestClockThatJumps(t *testing.T) {
	b := start(t, guard.Options{
		Velocity: []guard.Velocity{{Per: guard.Number, Max: 1, Window: time.Hour}},
		Budgets:  []guard.Budget{{Max: guard.Limit{Segments: 3}, Period: guard.Day}},
	}, nil)
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	b.policy.SetClock(func() time.Time { return now })
	assert.Empty(t, b.send(to(greek)))
	now = now.Add(30 * time.Hour) // ahead by more than a day, and back
	assert.Empty(t, b.send(to(greek)))
	for range 20 { // counters forget a little with each message
		b.send(codeOf(e164.MustParse("+447400123456")))
	}
	now = now.Add(-30 * time.Hour)
	assert.Equal(t, provider.Rejected, b.send(to(greek)), "the number is at its limit")
	assert.Empty(t, b.send(to(french)))
	now = now.Add(time.Hour)
	assert.Empty(t, b.send(to(greek)), "but not for thirty hours")
	assert.Equal(t, provider.InsufficientFunds, b.send(to(e164.MustParse("+33612345679"))), "the day's budget was not forgotten")
}

// manyRules are rules that differ in their window.
func manyRules(n int) []guard.Velocity {
	list := make([]guard.Velocity, n)
	for i := range list {
		list[i] = guard.Velocity{Per: guard.Number, Max: 1, Window: time.Duration(i+1) * time.Minute}
	}
	return list
}

func TestWrongRules(t *testing.T) {
	for want, o := range map[string]guard.Options{
		`countries.allow: unknown country "XX"; want an ISO 3166 code such as GR`:                    {Countries: guard.Countries{Allow: []string{"XX"}}},
		`velocity[0].per: "hour"; want number, block, country or client`:                             {Velocity: []guard.Velocity{{Per: "hour", Max: 1, Window: time.Hour}}},
		`velocity[0].max: 0; want at least 1: how many messages may go out in the window`:            {Velocity: []guard.Velocity{{Per: guard.Number, Window: time.Hour}}},
		`velocity[0].window: 0s; want from 1s to 744h`:                                               {Velocity: []guard.Velocity{{Per: guard.Number, Max: 1}}},
		`velocity[1]: counts the same as velocity[0]; want one of them`:                              {Velocity: []guard.Velocity{{Per: guard.Number, Max: 1, Window: time.Hour}, {Per: guard.Number, Max: 2, Window: time.Hour}}},
		`budgets[0].max: must be more than 0: an amount such as 50 EUR, or a number of segments`:     {Budgets: []guard.Budget{{Period: guard.Day}}},
		`budgets[0].per: "week"; want day or month`:                                                  {Budgets: []guard.Budget{{Max: euros(1), Period: "week"}}},
		`budgets[0].each: "number"; want country or client, or leave it out for one budget over all`: {Budgets: []guard.Budget{{Max: euros(1), Period: guard.Day, Each: guard.Number}}},
		`pumping.digits: 2; want from 3 to 9`:                                                        {Pumping: &guard.Pumping{Digits: 2}},
		`pumping.digits: 10; want from 3 to 9`:                                                       {Pumping: &guard.Pumping{Digits: 10}},
		`pumping.min_ratio: 1; want a share from 0.001 to less than 1, such as 0.2`:                  {Pumping: &guard.Pumping{MinRatio: 1}},
		`repeats.window: 999ms; want from 1s to 744h`:                                                {Repeats: guard.Repeats{Window: 999 * time.Millisecond}},
		`repeats.window: 744h0m0.000000001s; want from 1s to 744h`:                                   {Repeats: guard.Repeats{Window: 744*time.Hour + 1}},
		`keep: 59.999999999s; want at least 1m`:                                                      {Keep: time.Minute - 1},
		`: 65 rules that count; want at most 64`:                                                     {Velocity: manyRules(65)},
		`senders.registered: unknown country "XX"; want an ISO 3166 code such as GR`:                 {Senders: guard.Senders{Registered: map[string][]string{"XX": {"Shop"}}}},
		`budgets[0].warn: -0.1; want a share from 0 to 1, such as 0.8`:                               {Budgets: []guard.Budget{{Max: euros(1), Period: guard.Day, Warn: -0.1}}},
		`budgets[0].warn: 1.1; want a share from 0 to 1, such as 0.8`:                                {Budgets: []guard.Budget{{Max: euros(1), Period: guard.Day, Warn: 1.1}}},
		`quiet_hours[0].to: is the same as from, so that no time of any day would be left`:           {Quiet: []guard.Quiet{{}}},
		`pumping.min_ratio: 2; want a share from 0.001 to less than 1, such as 0.2`:                  {Pumping: &guard.Pumping{MinRatio: 2}},
		`on_error: "open"; want refuse or send`:                                                      {OnError: "open"},
		`senders.choose[0].from: must not be empty; want a sender or a list of them`:                 {Senders: guard.Senders{Choices: []guard.Choice{{}}}},
	} {
		_, err := guard.New(o)
		var wrong *provider.ConfigError
		if assert.ErrorAs(t, err, &wrong, want) {
			assert.Equal(t, want, wrong.Path+": "+wrong.Reason)
		}
	}
}
