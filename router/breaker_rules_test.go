package router

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// calls reports to a breaker what calls showed: + success, - failure.
func calls(b *breaker, results string) {
	for _, r := range results {
		done, ok := b.allow()
		switch {
		case !ok:
			return
		case r == '+':
			done(success)
		default:
			done(failure)
		}
	}
}

// A breaker opens after so many failures in a row, each within the window after the one
// before, or at a share of failures of enough calls within the window.
func TestBreakerRules(t *testing.T) {
	row := Breaker{Failures: 3, Ratio: -1, Jitter: -1}
	share := Breaker{Failures: 100, Ratio: 0.5, MinVolume: 4, Jitter: -1}
	for name, c := range map[string]struct {
		settings Breaker
		first    string
		pause    time.Duration
		then     string
		want     BreakerState
	}{
		"few in a row":                    {row, "--", 0, "", BreakerClosed},
		"enough in a row":                 {row, "--", 0, "-", BreakerOpen},
		"not in a row":                    {row, "--+-", 0, "-", BreakerClosed},
		"within the window":               {row, "--", time.Minute, "-", BreakerOpen},
		"not within the window":           {row, "--", time.Minute + 1, "-", BreakerClosed},
		"a new row after the window":      {row, "--", time.Minute + 1, "---", BreakerOpen},
		"too few calls":                   {share, "+--", 0, "", BreakerClosed},
		"half of enough calls":            {share, "++-", 0, "-", BreakerOpen},
		"less than half":                  {share, "+++-", 0, "-", BreakerClosed},
		"those before the window are old": {share, "+--", 2 * time.Minute, "-", BreakerClosed},
		"those within count":              {share, "+--", 30 * time.Second, "-", BreakerOpen},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(c.settings.withDefaults())
				calls(b, c.first)
				time.Sleep(c.pause)
				calls(b, c.then)
				assert.Equal(t, c.want, b.state())
			})
		})
	}
}

// Jitter makes breakers stay open for longer, each for a time of its own.
func TestBreakerJitter(t *testing.T) {
	times := make(map[time.Duration]bool)
	for range 100 {
		b := newBreaker(Breaker{OpenFor: time.Minute, Jitter: 0.5}.withDefaults())
		assert.GreaterOrEqual(t, b.openFor, time.Minute)
		assert.LessOrEqual(t, b.openFor, 90*time.Second)
		times[b.openFor] = true
	}
	assert.Greater(t, len(times), 1)
	assert.Equal(t, time.Minute, newBreaker(Breaker{OpenFor: time.Minute, Jitter: -1}.withDefaults()).openFor)
}
