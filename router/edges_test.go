package router

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
)

func TestStatusOfAttempts(t *testing.T) {
	const (
		accepted = provider.OutcomeAccepted
		unknown  = provider.OutcomeUnknown
		refused  = provider.OutcomeRefused
		notSent  = provider.OutcomeNotSent
	)
	for _, tt := range []struct {
		attempts      []provider.Outcome
		refusedForAll bool
		want          provider.Outcome
	}{
		{[]provider.Outcome{notSent}, false, notSent},
		{[]provider.Outcome{refused}, false, refused},
		{[]provider.Outcome{refused}, true, refused},
		{[]provider.Outcome{notSent, refused}, false, notSent},
		{[]provider.Outcome{notSent, refused}, true, refused},
		{[]provider.Outcome{refused, notSent}, false, notSent},
		{[]provider.Outcome{unknown, notSent}, false, unknown},
		{[]provider.Outcome{notSent, unknown}, false, unknown},
		{[]provider.Outcome{unknown, refused}, true, unknown},
		{[]provider.Outcome{unknown, notSent, accepted}, false, accepted},
		{[]provider.Outcome{accepted, unknown}, false, accepted},
	} {
		var list trail
		for _, o := range tt.attempts {
			list.attempts = append(list.attempts, Attempt{Outcome: o})
		}
		assert.Equal(t, tt.want, list.status(tt.refusedForAll), "%v, refused for all: %t", tt.attempts, tt.refusedForAll)
	}
}

// TestIntervalAsPublished holds the score interval to the figures of Wilson's formula for
// 95 %, as statistics programs print them.
func TestIntervalAsPublished(t *testing.T) {
	for _, tt := range []struct{ good, all, low, high float64 }{
		{8, 10, 0.4902, 0.9433},
		{0, 10, 0, 0.2775},
		{10, 10, 0.7225, 1},
		{50, 100, 0.4038, 0.5962},
		{0, 0, 0, 1},
	} {
		low, high := (tally{good: tt.good, all: tt.all}).bounds(zOf(0.975))
		assert.InDelta(t, tt.low, low, 0.0001, "%v of %v", tt.good, tt.all)
		assert.InDelta(t, tt.high, high, 0.0001, "%v of %v", tt.good, tt.all)
	}
}

func TestOutagesAreAnnouncedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sick := newHealth(Breaker{})
		h := &outages{outs: map[*health]*hold{sick: {since: time.Now()}}}
		u := &upstream{health: sick}
		assert.False(t, h.due(&upstream{health: newHealth(Breaker{})}), "it is not out")
		time.Sleep(quiet - 1)
		assert.False(t, h.due(u))
		time.Sleep(time.Nanosecond)
		assert.True(t, h.due(u))
		assert.False(t, h.due(u))
		time.Sleep(sayAgain - 1)
		assert.False(t, h.due(u))
		time.Sleep(time.Nanosecond)
		assert.True(t, h.due(u))
	})
}

func TestRateIsChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reserve := func(b *bucket, n int) time.Duration {
			wait, _, err := b.Reserve(t.Context(), n, Forever)
			require.NoError(t, err)
			return wait
		}
		b := &bucket{}
		b.set(10, 1)
		reserve(b, 1)
		reserve(b, 100)
		assert.Equal(t, 10100*time.Millisecond, reserve(b, 1), "after 101 units")
		b.set(10, 1)
		assert.Equal(t, 10200*time.Millisecond, reserve(b, 1), "the same rate changes nothing")
		b.set(20, 1)
		assert.Equal(t, 5150*time.Millisecond, reserve(b, 2), "what was taken ahead lasts half as long")
		b.set(0, 1)
		for range 3 {
			wait, ok, err := b.Reserve(t.Context(), 1000, 0)
			require.NoError(t, err)
			assert.True(t, ok, "no limit")
			assert.Zero(t, wait)
		}
	})
}

func TestOwnersAreBounded(t *testing.T) {
	var o owners
	for i := range maxOwners + 2 {
		o.keep(strconv.Itoa(i), "token")
	}
	assert.Len(t, o.byRef, maxOwners)
}
