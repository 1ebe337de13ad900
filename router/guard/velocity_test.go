package guard_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/router/guard"
)

// The windows are fixed ones. Whatever comes when, no span as long as a window has 2 × max
// messages, and one that touches two windows may have one less.
func TestVelocityOverTheEndOfAWindow(t *testing.T) {
	const most, window = 5, time.Hour
	for name, pause := range map[string]func() time.Duration{
		"the worst case": func() func() time.Duration {
			n := 0
			return func() time.Duration {
				n++
				return map[int]time.Duration{2: window - 2*time.Second, 6: 2 * time.Second}[n]
			}
		}(),
		"at random":   func() time.Duration { return rand.N(20 * time.Minute) },
		"all at once": func() time.Duration { return 0 },
		"in bursts":   func() time.Duration { return rand.N(2*time.Second) + time.Duration(rand.IntN(8)/7)*rand.N(window) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := start(t, guard.Options{Velocity: []guard.Velocity{{Per: guard.Number, Max: most, Window: window}}}, nil)
				var sent []time.Time
				densest := 0
				for range 400 {
					time.Sleep(pause())
					if b.send(to(greek)) != "" {
						continue
					}
					now := time.Now()
					sent = append(sent, now)
					for len(sent) > 0 && now.Sub(sent[0]) >= window {
						sent = sent[1:]
					}
					densest = max(densest, len(sent))
				}
				assert.GreaterOrEqual(t, densest, most)
				assert.Less(t, densest, 2*most)
				if name == "the worst case" {
					assert.Equal(t, 2*most-1, densest)
				}
			})
		})
	}
}
