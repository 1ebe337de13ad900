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
	failure                 // counts towards opening the breaker
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

	// Guarded by gobreaker's lock.
	halfOpen bool
	tripped  bool      // the failure being counted is account-wide
	failures int       // consecutive, each within the window after the one before
	lastFail time.Time // the last of them

	changed  atomic.Bool
	mu       sync.Mutex
	changes  []change
	openedAt time.Time
	hinted   time.Time // until then one failure is enough
}

type change struct{ from, to BreakerState }

func newBreaker(settings Breaker) *breaker {
	b := &breaker{settings: settings}
	openFor := settings.OpenFor
	if settings.Jitter > 0 {
		openFor += time.Duration(rand.Float64() * settings.Jitter * float64(openFor))
	}
	b.gobreaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:   uint32(settings.HalfOpen),
		Interval:      settings.Window,
		BucketPeriod:  settings.Window / buckets,
		Timeout:       openFor,
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
		b.openedAt = time.Now()
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

// circuit decides whether a message may go to a provider: it is the provider's
// breaker and, if breakers are per country, that of the recipient's country. The
// message needs both.
type circuit struct {
	whole   *breaker
	country *breaker // nil = the provider's breaker alone
	code    string   // of the country
}

// breaker is the one that counts the failures of this message.
func (c circuit) breaker() *breaker {
	if c.country != nil {
		return c.country
	}
	return c.whole
}

func (c circuit) state() BreakerState { return c.breaker().state() }

func (c circuit) isOpen() bool {
	return c.state() == BreakerOpen || c.country != nil && c.whole.state() == BreakerOpen
}

func (c circuit) lastOpened() time.Time { return c.breaker().lastOpened() }

// permit is the right to make one call. It must be given back.
type permit struct {
	circuit circuit
	done    func(error) // of the breaker that counts this message; nil = it was not asked
	whole   func(error) // of the provider's breaker, if the call is a probe for it too
}

// allow asks for one call. While the provider's own breaker is not closed, the
// call is a probe for both breakers.
func (c circuit) allow() (p permit, ok bool) {
	p.circuit = c
	if c.country != nil && c.whole.state() != BreakerClosed {
		if p.whole, ok = c.whole.allow(); !ok {
			return p, false
		}
	}
	if p.done, ok = c.breaker().allow(); !ok && p.whole != nil {
		p.whole(noEvidence)
	}
	return p, ok
}

// giveBack reports what the call showed. A failure of the whole account opens the
// provider's own breaker too.
func (p permit) giveBack(e evidence) {
	if p.done != nil {
		p.done(e.err())
	}
	if p.whole != nil {
		atAll := e
		if e == failure { // perhaps only in this country
			atAll = noEvidence
		}
		p.whole(atAll.err())
	}
	if e == accountFailure && p.circuit.country != nil {
		p.circuit.whole.open()
	}
}
