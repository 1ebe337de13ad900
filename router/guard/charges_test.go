package guard_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
)

// spent returns how much of the only budget of a policy is used.
func spent(t *testing.T, p *guard.Policy) string {
	t.Helper()
	list := p.Explain(t.Context(), &router.Admission{Message: to(greek), Segments: 1, Costs: []provider.Money{{Micros: 1, Currency: "EUR"}}})
	require.Len(t, list, 1)
	return list[0].Reason
}

// TestWhatIsReturned: a charge is returned if the message provably was not sent, and no
// other Send of it can be under way.
func TestWhatIsReturned(t *testing.T) {
	ended := func(s provider.Outcome) *router.Result { return &router.Result{Status: s, Segments: 1} }
	for name, tt := range map[string]struct {
		id      string
		earlier bool // a Send that has charged it, and was not settled
		claimed bool
		result  *router.Result
		want    string
	}{
		"not sent":                           {"m", false, true, ended(provider.OutcomeNotSent), "0 segments"},
		"refused":                            {"m", false, true, ended(provider.OutcomeRefused), "0 segments"},
		"not sent, without an id":            {"", false, false, ended(provider.OutcomeNotSent), "0 segments"},
		"accepted":                           {"m", false, true, ended(provider.OutcomeAccepted), "1 segment"},
		"unknown":                            {"m", false, true, ended(provider.OutcomeUnknown), "1 segment"},
		"unknown, of nobody knows how many":  {"m", false, true, &router.Result{Status: provider.OutcomeUnknown}, "1 segment"},
		"accepted with more segments":        {"m", false, true, &router.Result{Status: provider.OutcomeAccepted, Segments: 3}, "3 segments"},
		"accepted before":                    {"m", false, true, &router.Result{Status: provider.OutcomeAccepted, Segments: 3, Replayed: true}, "1 segment"},
		"charged by an earlier Send":         {"m", true, true, &router.Result{Status: provider.OutcomeAccepted, Segments: 3}, "1 segment"},
		"not sent after an earlier Send":     {"m", true, true, ended(provider.OutcomeNotSent), "0 segments"},
		"while an earlier Send is under way": {"m", true, false, ended(provider.OutcomeNotSent), "1 segment"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := guard.New(guard.Options{Budgets: []guard.Budget{{Max: guard.Limit{Segments: 10}, Period: guard.Day}}})
			require.NoError(t, err)
			a := &router.Admission{ID: tt.id, Message: to(greek), Segments: 1}
			if tt.earlier {
				first := *a
				require.NoError(t, p.Admit(t.Context(), &first))
			}
			require.NoError(t, p.Admit(t.Context(), a))
			a.Claimed = tt.claimed
			require.NoError(t, p.Settle(t.Context(), a, tt.result))
			assert.Equal(t, "10 segments per day: "+tt.want+" used", spent(t, p))
			require.NoError(t, p.Settle(t.Context(), a, tt.result), "a second time changes nothing")
		})
	}
}

// TestNothingToReturn: what passed uncounted is not returned.
func TestNothingToReturn(t *testing.T) {
	p, err := guard.New(guard.Options{
		Counters: broken{}, OnError: router.FailOpen, Velocity: []guard.Velocity{{Per: guard.Number, Max: 1, Window: time.Hour}},
	})
	require.NoError(t, err)
	for _, id := range []string{"", "m"} {
		a := &router.Admission{ID: id, Message: to(greek), Claimed: true}
		require.NoError(t, p.Admit(t.Context(), a))
		assert.NotPanics(t, func() { // these counters have no Return
			require.NoError(t, p.Settle(t.Context(), a, &router.Result{Status: provider.OutcomeNotSent}))
		})
	}
}

// TestMemoryOfWhatIsSettled: what was accepted is not returned any more, so that nothing is
// kept for it but its id.
func TestMemoryOfWhatIsSettled(t *testing.T) {
	m := guard.NewMemory(0)
	p, err := guard.New(guard.Options{Counters: m, Velocity: []guard.Velocity{{Per: guard.Number, Max: 9, Window: time.Hour}}})
	require.NoError(t, err)
	send := func(id string, status provider.Outcome) {
		a := &router.Admission{ID: id, Message: to(greek), Claimed: true}
		require.NoError(t, p.Admit(t.Context(), a))
		require.NoError(t, p.Settle(t.Context(), a, &router.Result{Status: status}))
	}
	send("one", provider.OutcomeUnknown)
	assert.Equal(t, 3, m.Len(), "a counter, an id, and what would be returned")
	send("two", provider.OutcomeAccepted)
	assert.Equal(t, 4, m.Len())
	send("one", provider.OutcomeAccepted)
	assert.Equal(t, 3, m.Len(), "it was found out later")
}

// stuck counters answer when the context ends.
type stuck struct{ guard.Counters }

func (stuck) Reserve(ctx context.Context, _ string, _, _ time.Time, _ []guard.Charge) (bool, int, error) {
	<-ctx.Done()
	return false, -1, ctx.Err()
}

func TestCountersThatDoNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, guard.Options{Counters: stuck{}, Velocity: []guard.Velocity{{Per: guard.Number, Max: 1, Window: time.Hour}}}, nil)
		began := time.Now()
		res, err := b.Send(t.Context(), to(greek))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, provider.Unavailable, res.Code)
		assert.Equal(t, 5*time.Second, time.Since(began))
		assert.Len(t, b.notices, 1)

		gone := errors.New("the caller has gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(gone) })
		began = time.Now()
		err = b.policy.Admit(ctx, &router.Admission{Message: to(greek)})
		require.Equal(t, gone, err, "the counters are not to blame")
		assert.Equal(t, time.Second, time.Since(began))
	})
}

// TestBudgetNeedsAllPrices: one provider without a price is enough to break a budget.
func TestBudgetNeedsAllPrices(t *testing.T) {
	p, err := guard.New(guard.Options{Budgets: []guard.Budget{{Max: euros(1), Period: guard.Day}}})
	require.NoError(t, err)
	cheap := []provider.Money{{Micros: 10_000, Currency: "EUR"}, {Micros: 30_000, Currency: "EUR"}}
	for name, tt := range map[string]struct {
		a    router.Admission
		code provider.Code
	}{
		"all have one":     {router.Admission{Costs: cheap}, ""},
		"one has none":     {router.Admission{Costs: cheap, Unpriced: true}, provider.InsufficientFunds},
		"none has one":     {router.Admission{Unpriced: true}, provider.InsufficientFunds},
		"nobody has asked": {router.Admission{}, provider.InsufficientFunds},
	} {
		tt.a.Message = to(greek)
		err := p.Admit(t.Context(), &tt.a)
		assert.Equal(t, tt.code == "", err == nil, name)
		if err != nil {
			assert.Equal(t, tt.code, provider.CodeOf(err), name)
		}
	}
	assert.Equal(t, "1 EUR per day: 0.03 EUR used", spent(t, p), "the highest price is reserved")
}

// TestSimulate: a simulation has rules and a clock, and touches nothing else.
func TestSimulate(t *testing.T) {
	p, err := guard.New(guard.Options{
		OptOuts:  &guard.OptOuts{OptedOut: func(context.Context, *provider.Message) (bool, error) { return true, nil }},
		Velocity: []guard.Velocity{{Per: guard.Number, Max: 1, Window: time.Hour}},
		Pumping:  &guard.Pumping{Unverified: 3, MinRatio: 0.5, Digits: 4, Window: 2 * time.Hour, AlarmOnly: true},
		Senders:  guard.Senders{Choices: []guard.Choice{{From: []string{"+12025550101"}, Rate: 1}}},
	})
	require.NoError(t, err)
	now := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	s, err := p.Simulate(func() time.Time { return now })
	require.NoError(t, err)
	assert.True(t, s.Counting())
	assert.Equal(t, p.Rules()[1:], s.Rules(), "all but the opt-outs")
	m := to(greek)
	m.From = "+12025550101"
	admit := func() error {
		return s.Admit(t.Context(), &router.Admission{Message: m, Segments: 1, Patience: time.Hour})
	}
	require.NoError(t, admit())
	require.ErrorIs(t, admit(), provider.Rejected)
	now = now.Add(time.Hour)
	require.NoError(t, admit())
	assert.Contains(t, p.Explain(t.Context(), &router.Admission{Message: m})[1].Reason, "0 used")

	none, err := guard.New(guard.Options{Countries: guard.Countries{Allow: []string{"GR"}}})
	require.NoError(t, err)
	assert.False(t, none.Counting())
	_, err = none.Simulate(time.Now)
	require.NoError(t, err, "nor pumping")
}

// TestVerifiedOfNobody: a program may tell of every code, whatever the rules.
func TestVerifiedOfNobody(t *testing.T) {
	none, err := guard.New(guard.Options{})
	require.NoError(t, err)
	require.NoError(t, none.Verified(t.Context(), greek))
	pumping, err := guard.New(guard.Options{Pumping: &guard.Pumping{}})
	require.NoError(t, err)
	require.NoError(t, pumping.Verified(t.Context(), e164.Number{}))
	require.NoError(t, pumping.VerifiedIn(t.Context(), "306941234"))
	require.Error(t, pumping.VerifiedIn(t.Context(), "x"))
}
