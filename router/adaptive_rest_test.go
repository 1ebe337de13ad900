package router_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// A provider that rests is used again when the others are no good either: first after 20
// minutes, then after 40, and so on.
func TestAdaptiveReturnsToTheLesserEvil(t *testing.T) {
	for name, c := range map[string]struct {
		others []router.Sample
		after  time.Duration
		want   string // why it is used again; "" = it rests on
	}{
		"in time":                            {[]router.Sample{reports("b", 30, 70)}, 20 * time.Minute, "the others deliver less than 50%"},
		"too early":                          {[]router.Sample{reports("b", 30, 70)}, 20*time.Minute - 1, ""},
		"another one delivers half":          {[]router.Sample{reports("b", 50, 50)}, 20 * time.Minute, ""},
		"the other one is hardly known":      {[]router.Sample{reports("b", 12, 28)}, 20 * time.Minute, ""},
		"the other ones all deliver too few": {[]router.Sample{reports("b", 30, 70), reports("c", 28, 72)}, 20 * time.Minute, "the others deliver less than 50%"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTrack(t, "a b c"[:1+2*len(c.others)], router.Adaptive{Explore: -1})
				tr.Warm(append(c.others, reports("a", 5, 95))...)
				require.Equal(t, []string{"rest a"}, tr.moves)
				time.Sleep(c.after)
				tr.send()
				if c.want == "" {
					assert.Equal(t, []string{"rest a"}, tr.moves)
					return
				}
				require.Greater(t, len(tr.moves), 1)
				assert.Equal(t, []string{"rest a", "return a"}, tr.moves[:2])
				assert.Equal(t, c.want, tr.Qualities()[0].Reason)
			})
		})
	}
}

// until sends messages until a provider rests or returns, and returns how many of them
// provider a was tried for. It sends at most 1000.
func (tr *track) until(move string) (tried int) {
	tr.Helper()
	for range 1000 {
		if len(tr.moves) > 0 && tr.moves[len(tr.moves)-1] == move {
			return tried
		}
		if tr.send().Attempts[0].Provider == "a" {
			tried++
		}
	}
	require.Fail(tr, "no move", "%s: %v", move, tr.moves)
	return 0
}

// again lets provider a fail until it rests, and work until it returns.
func (tr *track) again() (tried int) {
	tr.Helper()
	tr.broken = "a"
	tr.until("rest a")
	tr.broken = ""
	return tr.until("return a")
}

// slow forgets nothing for days.
var slow = router.Adaptive{MinSample: 10, Window: 1000, HalfLife: 1e6 * time.Hour, Explore: 0.5}

// A provider is used again after MinSample attempts, twice as many each time that it had
// to rest again within a day, but no more than eight times as many.
func TestAdaptiveReturnsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrack(t, "a b", slow)
		tr.Warm(attempts("b", 1000, 0))
		again := func(want float64) {
			t.Helper()
			assert.InDelta(t, want, tr.again(), want/20+1)
		}
		for _, want := range []float64{10, 20, 40, 80, 80} {
			again(want)
		}
		time.Sleep(24 * time.Hour)
		again(80)
		time.Sleep(24*time.Hour + 1)
		again(10)
		again(20)
	})
}

// Half of the window is enough, as no more may be remembered.
func TestAdaptiveReturnsAfterHalfOfTheWindow(t *testing.T) {
	tr := newTrack(t, "a b", router.Adaptive{MinSample: 10, Window: 30, Explore: 0.5})
	tr.Warm(attempts("b", 30, 0))
	tr.again()
	assert.InDelta(t, 21, tr.again(), 2) // 15 of full weight
}

// What a provider did before its recovery is not held against it.
func TestAdaptiveForgetsTheOutage(t *testing.T) {
	tr := newTrack(t, "a b", slow)
	tr.Warm(attempts("a", 50, 50), attempts("b", 1000, 0))
	require.Equal(t, []string{"rest a"}, tr.moves)
	tr.broken = "a"
	tr.used(60)
	tr.broken = ""
	assert.LessOrEqual(t, tr.until("return a"), 25)
}

// A provider whose vendor used to send reports is not used again before they show that
// its messages arrive; one whose vendor sent few or none is.
func TestAdaptiveWaitsForReports(t *testing.T) {
	bad := func(reports int) router.Sample {
		return router.Sample{Provider: "a", Country: "GR", Accepted: 100, Failed: 100, Delivered: reports}
	}
	for reports, waits := range map[int]bool{0: false, 9: false, 10: true, 100: true} {
		tr := newTrack(t, "a b", slow)
		tr.Warm(bad(reports), router.Sample{Provider: "b", Country: "GR", Accepted: 1000, Delivered: 1000})
		require.Equal(t, []string{"rest a"}, tr.moves)
		var pending []*router.Result
		for range 60 {
			if r := tr.send(); r.Provider == "a" {
				pending = append(pending, r)
			}
		}
		if !waits {
			assert.Equal(t, []string{"rest a", "return a"}, tr.moves, reports)
			continue
		}
		assert.Equal(t, []string{"rest a"}, tr.moves, reports)
		reported := 0
		for len(tr.moves) == 1 && reported < len(pending) {
			tr.report(pending[reported], true)
			reported++
		}
		assert.InDelta(t, 12, reported, 1, "10 of a weight below 1, and now and then a report that was not waited for any more")
		assert.Equal(t, []string{"rest a", "return a"}, tr.moves, reports)
	}
}

// A report on a message of before the rest does not count any more.
func TestAdaptiveReportsOfBefore(t *testing.T) {
	tr := newTrack(t, "a b", slow)
	tr.Warm(attempts("b", 100, 0))
	r := tr.send()
	require.Equal(t, "a", r.Provider)
	tr.broken = "a"
	tr.until("rest a")
	tr.report(r, true)
	assert.Zero(t, tr.Qualities()[0].Reports)
}

// A provider that is measured anew is compared with those in use that are known.
func TestAdaptiveStaysWhileWorse(t *testing.T) {
	for name, c := range map[string]struct {
		others  []router.Sample
		returns bool
	}{
		"as good as the other":                   {[]router.Sample{attempts("b", 900, 100)}, true},
		"a little worse":                         {[]router.Sample{attempts("b", 915, 85)}, true},
		"worse by more than half the margin":     {[]router.Sample{attempts("b", 935, 65)}, false},
		"worse than one that is just known":      {[]router.Sample{attempts("b", 900, 100), attempts("c", 10, 0)}, false},
		"worse than one that is hardly known":    {[]router.Sample{attempts("b", 900, 100), attempts("c", 9, 0)}, true},
		"worse than one that has rested so far":  {[]router.Sample{attempts("b", 900, 100), attempts("c", 50, 50)}, true},
		"worse than the second of those in use ": {[]router.Sample{attempts("b", 900, 100), attempts("c", 990, 10)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			settings := slow
			settings.Explore = -1
			tr := newTrack(t, "a b c"[:1+2*len(c.others)], settings)
			tr.Warm(append(c.others, attempts("a", 50, 50))...)
			tr.direct("a", 200, 20)
			if len(c.others) > 1 && c.others[1].Failed == 50 {
				tr.direct("c", 9, 0)
			}
			assert.Equal(t, c.returns, !tr.Qualities()[0].Resting, tr.Qualities()[0].String())
		})
	}
}

// direct sends messages to one provider alone. It takes all but so many of them.
func (tr *track) direct(name string, messages, refused int) {
	tr.Helper()
	for _, s := range tr.States() {
		if s.Provider != name {
			require.NoError(tr, tr.SetOverride(s.Provider, router.OverrideOut))
		}
	}
	for i := range messages {
		if tr.broken = ""; refused > 0 && i%(messages/refused) == 0 {
			tr.broken = name
		}
		tr.send()
	}
	tr.broken = ""
	for _, s := range tr.States() {
		require.NoError(tr, tr.SetOverride(s.Provider, router.OverrideAuto))
	}
}

// What a provider refuses counts against it if another one may carry the message; what is
// wrong with the message itself does not.
func TestAdaptiveCounts(t *testing.T) {
	for c, counts := range map[provider.Code]bool{
		provider.Unavailable: true, provider.Unauthenticated: true, provider.InsufficientFunds: true,
		provider.NoRoute: true, provider.SenderRejected: true, provider.Unsupported: true,
		provider.InvalidRecipient: false, provider.InvalidMessage: false, provider.Rejected: false, provider.OptedOut: false,
	} {
		tr := newTrack(t, "a b", router.Adaptive{})
		tr.providers[0].Script(code(c))
		_, _ = tr.Send(t.Context(), text("Hello")) // b takes what may be sent again
		q := tr.Plan(text("Hello")).Candidates[0].Quality
		if !counts {
			assert.Nil(t, q, c)
			continue
		}
		if assert.NotNil(t, q, c) {
			assert.Equal(t, 1.0, q.Attempts, c)
			assert.Zero(t, q.AcceptedRate, c)
		}
	}
}
