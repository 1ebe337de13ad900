package router

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// evidence is what a call shows about its provider.
type evidence uint8

const (
	success        evidence = iota
	refusal                 // it works, but does not accept the message
	failure                 // counts towards opening the provider's breaker
	localFailure            // so does this, but it may be the recipient's country alone
	accountFailure          // opens it at once: every message would fail
	noEvidence              // the call says nothing about the provider
)

// Error lets gobreaker take evidence as an error.
func (e evidence) Error() string { return "the call has failed" }

func (e evidence) err() error {
	if e == success {
		return nil
	}
	return e
}

func evidenceOf(err error) evidence {
	e, _ := errors.AsType[evidence](err) // nil is success
	return e
}

// buckets are the steps in which the window rolls on.
const buckets = 10

// breaker is gobreaker's with the rules of this package. What gobreaker calls
// back runs under its lock, which guards the fields below.
type breaker struct {
	gobreaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	settings  Breaker
	openFor   time.Duration // with the jitter

	// Guarded by gobreaker's lock.
	halfOpen bool
	tripped  bool      // the latest failure was account-wide
	failures int       // consecutive, each within the window after the one before
	lastFail time.Time // the last of them

	changed  atomic.Bool
	mu       sync.Mutex
	changes  []change
	openedAt time.Time
	account  bool      // it opened because every message would fail
	hinted   time.Time // until then one failure is enough
}

type change struct{ from, to BreakerState }

func newBreaker(settings Breaker) *breaker {
	b := &breaker{settings: settings, openFor: settings.OpenFor}
	if settings.Jitter > 0 {
		b.openFor += time.Duration(rand.Float64() * settings.Jitter * float64(b.openFor))
	}
	b.gobreaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:   uint32(settings.HalfOpen),
		Interval:      settings.Window,
		BucketPeriod:  settings.Window / buckets,
		Timeout:       b.openFor,
		ReadyToTrip:   b.readyToTrip,
		OnStateChange: b.onStateChange,
		IsSuccessful:  b.isSuccessful,
		IsExcluded:    b.isExcluded,
	})
	return b
}

func (b *breaker) isExcluded(err error) bool {
	e := evidenceOf(err)
	return e == noEvidence || e == refusal && !b.halfOpen
}

func (b *breaker) isSuccessful(err error) bool {
	e := evidenceOf(err)
	b.tripped = e == accountFailure
	if e == success || e == refusal {
		b.failures = 0
		return true
	}
	now := time.Now()
	if now.Sub(b.lastFail) > b.settings.Window {
		b.failures = 0
	}
	b.failures++
	b.lastFail = now
	return false
}

func (b *breaker) readyToTrip(c gobreaker.Counts) bool {
	if b.tripped || b.isHinted() || b.failures >= b.settings.Failures {
		return true
	}
	volume := c.TotalSuccesses + c.TotalFailures
	return b.settings.Ratio > 0 && int(volume) >= b.settings.MinVolume &&
		float64(c.TotalFailures) >= b.settings.Ratio*float64(volume)
}

func (b *breaker) onStateChange(_ string, from, to gobreaker.State) {
	b.halfOpen = to == gobreaker.StateHalfOpen
	b.failures = 0
	b.mu.Lock()
	if to == gobreaker.StateOpen {
		b.openedAt, b.account = time.Now(), b.tripped
	}
	b.changes = append(b.changes, change{stateOf(from), stateOf(to)})
	b.mu.Unlock()
	b.changed.Store(true)
}

func stateOf(s gobreaker.State) BreakerState {
	switch s {
	case gobreaker.StateOpen:
		return BreakerOpen
	case gobreaker.StateHalfOpen:
		return BreakerHalfOpen
	}
	return BreakerClosed
}

func (b *breaker) state() BreakerState { return stateOf(b.gobreaker.State()) }

// allow asks for one call; done must be called with what it showed.
func (b *breaker) allow() (done func(error), ok bool) {
	done, err := b.gobreaker.Allow()
	return done, err == nil
}

// open opens it as an account-wide failure does.
func (b *breaker) open() {
	if done, ok := b.allow(); ok {
		done(accountFailure)
	}
}

// hint makes one failure enough for a while, because another machine's breaker
// has opened.
func (b *breaker) hint() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hinted = time.Now().Add(b.settings.OpenFor)
}

func (b *breaker) isHinted() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Now().Before(b.hinted)
}

// lastOpened is when it opened last.
func (b *breaker) lastOpened() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.openedAt
}

// takeChanges returns the state changes since the last call. Callers hold no
// lock, so that a notice's receiver may ask for states.
func (b *breaker) takeChanges() []change {
	if !b.changed.CompareAndSwap(true, false) {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	changes := b.changes
	b.changes = nil
	return changes
}

// isProbed reports whether it is half open and as many probes are under way as may be.
func (b *breaker) isProbed() bool {
	if b.state() != BreakerHalfOpen {
		return false
	}
	c := b.gobreaker.Counts()
	return int(c.Requests)-int(c.TotalExclusions) >= b.settings.HalfOpen
}

// untilProbed returns when it is half open again, if it is open.
func (b *breaker) untilProbed() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.openedAt.Add(b.openFor)
}

// forAccount reports whether it is open because every message would fail, until
// somebody does something about the account.
func (b *breaker) forAccount() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.account && b.gobreaker.State() == gobreaker.StateOpen
}
