package router

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// limits bound the calls to a provider. They outlive a reload, which may change them,
// so that the messages of the old and the new configuration share them.
type limits struct {
	slots    slots
	calls    bucket
	segments bucket

	sharedDown outage   // of the limiter that takes the place of calls
	sharedFull fullness // of the same
}

// set takes over the limits of a configuration.
func (l *limits) set(p *Upstream, maxSegments int) {
	l.slots.set(p.MaxInFlight, p.InFlight)
	l.calls.set(p.RateLimit, 1)
	l.segments.set(p.SegmentRate, maxSegments)
	l.sharedFull.forget()
}

// Why the limits let no attempt through.
var (
	errNoTime  = errors.New("its limits allow no attempt before the deadline")
	errLimiter = errors.New("its rate limiter cannot be reached")
)

// busyError says how long a limit would delay the message.
type busyError time.Duration

func (busyError) Error() string { return "its limits would delay the message" }

// fullness remembers until when a shared limiter has no unit, so that those who do not wait
// for one need not ask it again and again.
type fullness struct{ until atomic.Pointer[time.Time] }

// fullStep is when a shared limiter is asked again at the earliest: it lets through what came
// up in a tenth of a second, so nothing is lost.
const fullStep = 25 * time.Millisecond

func (f *fullness) note(wait time.Duration) {
	until := time.Now().Add(max(wait, fullStep))
	f.until.Store(&until)
}

func (f *fullness) forget() { f.until.Store(nil) }

// left is how long the limiter is still full, as far as that is known.
func (f *fullness) left() time.Duration {
	until := f.until.Load()
	if until == nil {
		return 0
	}
	return max(0, time.Until(*until))
}

// bucket is a Limiter of this process, which lets through the units of a tenth of a
// second at once (the generic cell rate algorithm). Times that are given back are
// used first: a queue behind them would make a plain token bucket exceed its rate.
type bucket struct {
	mu    sync.Mutex
	rate  float64   // units per second; 0 or less = no limit
	least int       // units that are let through at once, whatever the rate
	until time.Time // the units that were taken last until then
	back  []reservation
}

// reservation is a number of units and when they may be used.
type reservation struct {
	at    time.Time
	units int
}

// tolerance is how much later than reserved a time that was given back may be used.
const tolerance = 100 * time.Millisecond

func (b *bucket) set(rate float64, least int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if rate != b.rate {
		b.back = nil
		if ahead := time.Until(b.until); ahead > 0 && rate > 0 { // what was taken ahead lasts as many units as before
			b.until = time.Now().Add(time.Duration(float64(ahead) * b.rate / rate))
		}
	}
	b.rate, b.least = rate, least
}

// Reserve implements [Limiter].
func (b *bucket) Reserve(_ context.Context, n int, patience time.Duration) (time.Duration, bool, error) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate <= 0 {
		return 0, true, nil
	}
	b.back = slices.DeleteFunc(b.back, func(r reservation) bool { return now.Sub(r.at) > tolerance })
	if i := slices.IndexFunc(b.back, func(r reservation) bool { return r.units >= n }); i >= 0 {
		wait := max(0, b.back[i].at.Sub(now))
		if wait <= patience {
			b.back[i].units -= n
			b.back = slices.DeleteFunc(b.back, func(r reservation) bool { return r.units == 0 })
		}
		return wait, wait <= patience, nil
	}
	wait, until := b.delay(now, n)
	if wait > patience {
		return wait, false, nil
	}
	b.until = until
	return wait, true, nil
}

// delay is how long n units would be waited for, and until when they would last. The lock
// is held.
func (b *bucket) delay(now time.Time, n int) (wait time.Duration, until time.Time) {
	until = b.until
	if until.Before(now) {
		until = now
	}
	until = until.Add(b.span(float64(n)))
	burst := max(b.rate/10, float64(max(b.least, n))) // more than a burst in one call goes at once too, and is paid for afterwards
	return max(0, until.Add(-b.span(burst)).Sub(now)), until
}

// peek is how long n units would be waited for, as far as that is known.
func (b *bucket) peek(n int) time.Duration {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate <= 0 || len(b.back) > 0 {
		return 0
	}
	wait, _ := b.delay(now, n)
	return wait
}

// span is how long a number of units last.
func (b *bucket) span(units float64) time.Duration {
	return time.Duration(units / b.rate * float64(time.Second))
}

// Return implements [Limiter].
func (b *bucket) Return(_ context.Context, n int, wait time.Duration) error {
	r := reservation{time.Now().Add(wait), n}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate <= 0 {
		return nil
	}
	i, _ := slices.BinarySearchFunc(b.back, r, func(x, y reservation) int { return x.at.Compare(y.at) })
	b.back = slices.Insert(b.back, i, r)
	return nil
}
