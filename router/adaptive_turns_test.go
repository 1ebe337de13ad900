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

// attempts is an earlier measurement in the country of the tests' messages.
func attempts(name string, good, bad int) router.Sample {
	return router.Sample{Provider: name, Country: "GR", Accepted: good, Failed: bad}
}

// reports is one of a provider that accepts all messages.
func reports(name string, good, bad int) router.Sample {
	return router.Sample{Provider: name, Country: "GR", Accepted: good + bad, Delivered: good, Undelivered: bad}
}

// used sends messages and returns which providers had them.
func (tr *track) used(messages int) string {
	tr.Helper()
	names := make([]string, messages)
	for i := range names {
		names[i] = tr.send().Provider
	}
	return strings.Join(names, " ")
}

// Of the messages that measure others than the first provider, every other one goes to
// the one that is known least, of those that rest if any does. The rest go to each in turn.
func TestAdaptiveTurns(t *testing.T) {
	for name, c := range map[string]struct {
		explore float64
		known   []router.Sample
		out     string // a provider that an override takes out of use
		parked  string // a provider whose vendor asks for a pause with the next message
		want    string
	}{
		"all in use": {
			explore: 0.5, known: []router.Sample{attempts("a", 100, 0), attempts("b", 20, 0), attempts("c", 60, 0)},
			want: "a b a c a b a b a b a c a b a b",
		},
		"known equally well": {
			explore: 0.5, known: []router.Sample{attempts("a", 100, 0), attempts("b", 60, 0), attempts("c", 60, 0)}, want: "a b a c",
		},
		"one rests": {
			explore: 0.5, known: []router.Sample{attempts("a", 100, 0), attempts("b", 1, 0), attempts("c", 50, 50)},
			want: "a c a c a c a b a c a c a c a b",
		},
		"the one that rests is out of use": {
			explore: 0.5, known: []router.Sample{attempts("a", 100, 0), attempts("b", 100, 0), attempts("c", 50, 50)}, out: "c",
			want: "a b a b a b a b",
		},
		"the one that is known less is out of use": {
			explore: 0.5, known: []router.Sample{attempts("a", 100, 0), attempts("b", 20, 0), attempts("c", 60, 0)}, out: "b",
			want: "a c a c a c a c",
		},
		"none of the others can be used": {
			explore: 0.5, known: []router.Sample{attempts("a", 100, 0), attempts("b", 50, 50), attempts("c", 50, 50)}, out: "b", parked: "c",
			want: "a a a a a a",
		},
		"the one that rests asked for a pause": {
			explore: 0.5, known: []router.Sample{attempts("a", 100, 0), attempts("b", 100, 0), attempts("c", 50, 50)}, parked: "c",
			want: "a b a b a b",
		},
		"one in five": {
			explore: 0.2, known: []router.Sample{attempts("a", 100, 0), attempts("b", 20, 0)}, want: "a a a a b a a a a b a a a a b",
		},
		"none": {
			explore: -1, known: []router.Sample{attempts("a", 100, 0), attempts("b", 20, 0)}, want: strings.TrimSpace(strings.Repeat("a ", 50)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				names := "a b c"[:2*len(c.known)-1]
				tr := newTrack(t, names, router.Adaptive{Explore: c.explore})
				if c.parked != "" {
					tr.park(c.parked)
				}
				tr.Warm(c.known...)
				if c.out != "" {
					require.NoError(t, tr.SetOverride(c.out, router.OverrideOut))
				}
				assert.Equal(t, c.want, tr.used(strings.Count(c.want, " ")+1))
			})
		})
	}
}

// park lets a vendor ask for a pause, by a message to a country of its own.
func (tr *track) park(name string) {
	tr.Helper()
	for i, s := range tr.States() {
		if s.Provider == name {
			tr.providers[i].Script(memory.Answer{Err: &provider.Error{Code: provider.RateLimited, RetryAfter: time.Hour}})
		} else {
			require.NoError(tr, tr.SetOverride(s.Provider, router.OverrideOut))
		}
	}
	m := text("Hello")
	m.To = e164.MustParse("+4915112345678")
	r, err := tr.Send(tr.Context(), m)
	require.Error(tr, err)
	require.Equal(tr, provider.RateLimited, r.Code)
	for _, s := range tr.States() {
		require.NoError(tr, tr.SetOverride(s.Provider, router.OverrideAuto))
	}
}

// A route with one provider has nobody else to measure.
func TestAdaptiveWithOneProvider(t *testing.T) {
	tr := newTrack(t, "a", router.Adaptive{Explore: 0.5})
	assert.Equal(t, strings.TrimSpace(strings.Repeat("a ", 10)), tr.used(10))
}

// Plan changes nothing: neither what is known nor whose turn it is.
func TestAdaptivePlanOnlyLooks(t *testing.T) {
	tr := newTrack(t, "a b", router.Adaptive{Explore: 0.5})
	for range 3 {
		assert.Equal(t, []string{"a", "b"}, tr.order())
	}
	assert.Empty(t, tr.Qualities())
	tr.send()
	assert.Equal(t, []string{"a", "b"}, tr.order())
	assert.Equal(t, "b", tr.send().Provider)
}

// Vendors may use the same ids. A report counts for the provider that it came from, and
// only if that one has the message.
func TestAdaptiveReportsByProvider(t *testing.T) {
	tr := newTrack(t, "a b", router.Adaptive{Explore: -1})
	r := tr.send()
	require.Equal(t, "a", r.Provider)
	counts := func() (a, b float64) { return tr.Qualities()[0].Reports, tr.Qualities()[1].Reports }

	tr.report(&router.Result{Provider: "b", ID: r.ID}, true)
	a, b := counts()
	assert.Zero(t, a)
	assert.Zero(t, b)
	tr.report(r, true)
	a, b = counts()
	assert.Equal(t, 1.0, a)
	assert.Zero(t, b)
}
