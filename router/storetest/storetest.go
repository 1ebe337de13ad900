// Package storetest has the tests that every [router.Store] must pass.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// Harness says how the tests get their stores.
type Harness struct {
	// Open returns a store, or a view of one, in which nobody has used the
	// prefix. Refs of a test begin with it.
	Open func(t *testing.T, prefix string) router.Store
	// Lease is after what time a claim without a result counts as abandoned; 0 =
	// never, because no claim outlives its process.
	Lease time.Duration
	// Pass lets time pass for the store. The default is time.Sleep.
	Pass func(time.Duration)
}

// Run runs the tests.
func Run(t *testing.T, h Harness) {
	if h.Pass == nil {
		h.Pass = time.Sleep
	}
	for name, test := range map[string]func(*lab){
		"claims":              testClaims,
		"outcomes":            testOutcomes,
		"late outcomes":       testLateOutcomes,
		"nobody's outcomes":   testNobodysOutcomes,
		"results are copies":  testCopies,
		"results expire":      testExpiry,
		"one of many claims":  testRace,
		"abandoned claims":    testAbandoned,
		"claims are renewed":  testRenewal,
		"acceptance is final": testFinal,
	} {
		t.Run(name, func(t *testing.T) {
			prefix := fmt.Sprintf("%s-%d-", name, time.Now().UnixNano())
			test(&lab{T: t, Harness: h, store: h.Open(t, prefix), prefix: prefix})
		})
	}
}

type lab struct {
	*testing.T
	Harness
	store  router.Store
	prefix string
}

const keep = time.Hour

// claim is a claim on a ref by an owner, for the same content every time.
func (l *lab) claim(ref, owner string) router.Claim {
	return router.Claim{Ref: l.prefix + ref, Fingerprint: "the content", Owner: owner, Keep: keep}
}

func (l *lab) other(c router.Claim) router.Claim {
	c.Fingerprint = "other content"
	return c
}

func (l *lab) result(o provider.Outcome) *router.Result {
	return &router.Result{
		Ref: "r", Status: o, Provider: "athens", ID: "id-" + string(o), To: e164.MustParse("+306941234567"), Segments: 2,
		Cost:    &router.Cost{Money: provider.Money{Micros: 40_000, Currency: "EUR"}},
		Ignored: []string{"validity"},
		Attempts: []router.Attempt{{
			Provider: "athens", Outcome: o, StartedAt: time.Now().UTC().Truncate(time.Millisecond), Duration: 5 * time.Millisecond,
		}},
	}
}

// want compares what a call returned with a status; "" = nothing is known.
func (l *lab) want(what string, got *router.Result, err error, status provider.Outcome, wrong error) {
	l.Helper()
	if !errors.Is(err, wrong) || wrong == nil && err != nil {
		l.Fatalf("%s: error %v; want %v", what, err, wrong)
	}
	switch {
	case got == nil && status != "":
		l.Fatalf("%s: nothing is known; want %s", what, status)
	case got != nil && got.Status != status:
		l.Fatalf("%s: %s is known; want %q", what, got.Status, status)
	}
}

func (l *lab) look(c router.Claim, status provider.Outcome, wrong error) *router.Result {
	l.Helper()
	got, err := l.store.Look(l.Context(), c)
	l.want("Look for "+c.Owner, got, err, status, wrong)
	return got
}

func (l *lab) begin(c router.Claim, status provider.Outcome, wrong error) *router.Result {
	l.Helper()
	got, err := l.store.Begin(l.Context(), c)
	l.want("Begin for "+c.Owner, got, err, status, wrong)
	return got
}

func (l *lab) finish(c router.Claim, o provider.Outcome, wrong error) {
	l.Helper()
	l.want("Finish for "+c.Owner, nil, l.store.Finish(l.Context(), c, l.result(o)), "", wrong)
}

func testClaims(l *lab) {
	ann, bob := l.claim("r", "ann"), l.claim("r", "bob")
	l.look(ann, "", nil)
	l.look(bob, "", nil) // looking claims nothing
	l.begin(ann, "", nil)
	l.begin(ann, "", nil) // the reply to the first may have been lost
	l.look(ann, "", nil)
	l.look(bob, "", router.ErrInFlight)
	l.begin(bob, "", router.ErrInFlight)
	l.begin(l.other(bob), "", router.ErrRefReused)
	l.look(l.other(ann), "", router.ErrRefReused)
	l.begin(l.claim("another", "bob"), "", nil)
	l.finish(ann, provider.OutcomeAccepted, nil)
	l.look(l.other(bob), "", router.ErrRefReused) // the first come keeps it
	l.begin(bob, provider.OutcomeAccepted, nil)
	l.begin(l.claim("r", "cat"), provider.OutcomeAccepted, nil) // an accepted message is claimed by nobody
}

func testOutcomes(l *lab) {
	for _, o := range []provider.Outcome{provider.OutcomeAccepted, provider.OutcomeUnknown, provider.OutcomeRefused, provider.OutcomeNotSent} {
		ann, bob, cat := l.claim(string(o), "ann"), l.claim(string(o), "bob"), l.claim(string(o), "cat")
		l.begin(ann, "", nil)
		l.finish(ann, o, nil)
		l.begin(l.other(bob), "", router.ErrRefReused)
		switch o {
		case provider.OutcomeAccepted:
			got, want := l.begin(bob, o, nil), l.result(o)
			if got.ID != want.ID || got.Provider != want.Provider || got.To != want.To || *got.Cost != *want.Cost || got.Segments != 2 || got.Ignored[0] != "validity" {
				l.Errorf("the result was %+v; want %+v", *got, *want)
			}
			l.look(cat, o, nil)
		case provider.OutcomeUnknown:
			l.look(bob, o, nil)
			got := l.begin(bob, o, nil)
			if len(got.Attempts) != 1 || got.Attempts[0].Provider != "athens" || got.Attempts[0].Outcome != o || got.Attempts[0].Duration != 5*time.Millisecond {
				l.Errorf("the attempts of the earlier send were %+v", got.Attempts)
			}
			l.begin(bob, o, nil)                 // bob asks again and learns the same
			l.begin(cat, "", router.ErrInFlight) // bob has the claim
			l.finish(bob, provider.OutcomeNotSent, nil)
			l.begin(cat, "", nil)
		default:
			l.look(bob, "", nil)
			l.begin(bob, "", nil)
			l.begin(cat, "", router.ErrInFlight)
		}
	}
}

// A result from somebody who does not have the claim is refused, and counts as proof
// all the same.
func testLateOutcomes(l *lab) {
	const (
		accepted = provider.OutcomeAccepted
		unknown  = provider.OutcomeUnknown
		refused  = provider.OutcomeRefused
		notSent  = provider.OutcomeNotSent
	)
	for i, tt := range []struct{ known, late, want provider.Outcome }{
		{accepted, accepted, accepted}, {accepted, unknown, accepted}, {accepted, refused, accepted}, {accepted, notSent, accepted},
		{unknown, accepted, accepted}, {unknown, unknown, unknown}, {unknown, refused, unknown}, {unknown, notSent, unknown},
		{refused, accepted, accepted}, {refused, unknown, unknown}, {refused, notSent, ""},
		{notSent, accepted, accepted}, {notSent, unknown, unknown}, {notSent, refused, ""},
	} {
		ref := fmt.Sprint("r", i)
		l.begin(l.claim(ref, "ann"), "", nil)
		l.finish(l.claim(ref, "ann"), tt.known, nil)
		l.finish(l.claim(ref, "ann"), tt.late, router.ErrNotOwner)
		got, err := l.store.Look(l.Context(), l.claim(ref, "bob"))
		l.want(fmt.Sprintf("%s, then a late %s", tt.known, tt.late), got, err, tt.want, nil)
	}
	// While somebody else has the claim.
	for _, late := range []provider.Outcome{unknown, refused, notSent} {
		ann, bob := l.claim(string(late), "ann"), l.claim(string(late), "bob")
		l.begin(ann, "", nil)
		l.finish(bob, late, router.ErrNotOwner)
		l.begin(bob, "", router.ErrInFlight)
		l.finish(ann, accepted, nil)
		l.look(bob, accepted, nil)
	}
	ann, bob := l.claim("taken", "ann"), l.claim("taken", "bob")
	l.begin(ann, "", nil)
	l.finish(bob, accepted, router.ErrNotOwner)
	l.begin(ann, accepted, nil) // read again right before the bytes
	l.finish(l.other(l.claim("content", "ann")), accepted, router.ErrNotOwner)
	l.begin(l.claim("content", "ann"), "", router.ErrRefReused)
}

// What was learnt elsewhere is recorded for a ref that is free.
func testNobodysOutcomes(l *lab) {
	for _, o := range []provider.Outcome{provider.OutcomeAccepted, provider.OutcomeUnknown, provider.OutcomeRefused, provider.OutcomeNotSent} {
		l.finish(l.claim(string(o), ""), o, router.ErrNotOwner)
		want := o
		if o == provider.OutcomeRefused || o == provider.OutcomeNotSent {
			want = ""
		}
		l.look(l.claim(string(o), "bob"), want, nil)
		l.begin(l.claim(string(o), "bob"), want, nil)
	}
	l.begin(l.claim("free", "ann"), "", nil)
	l.finish(l.claim("free", ""), provider.OutcomeRefused, router.ErrNotOwner) // nobody owns no claim
	l.begin(l.claim("free", "bob"), "", router.ErrInFlight)
}

func testCopies(l *lab) {
	ann, bob := l.claim("r", "ann"), l.claim("r", "bob")
	l.begin(ann, "", nil)
	given := l.result(provider.OutcomeUnknown)
	if err := l.store.Finish(l.Context(), ann, given); err != nil {
		l.Fatal(err)
	}
	given.Attempts[0].Provider, given.Status = "changed", provider.OutcomeRefused
	got := l.look(bob, provider.OutcomeUnknown, nil)
	if got.Attempts[0].Provider != "athens" {
		l.Error("the store keeps the caller's own list")
	}
	got.Attempts[0].Provider = "changed"
	if l.look(bob, provider.OutcomeUnknown, nil).Attempts[0].Provider != "athens" {
		l.Error("the store hands out its own list")
	}
}

func testExpiry(l *lab) {
	for keep := 400 * time.Millisecond; ; keep *= 4 {
		ref := fmt.Sprint("r", keep)
		short := l.claim(ref, "ann")
		short.Keep = keep
		began := time.Now()
		l.begin(short, "", nil)
		l.Pass(keep / 4)
		finished := l.store.Finish(l.Context(), short, l.result(provider.OutcomeAccepted))
		got, err := l.store.Look(l.Context(), l.claim(ref, "bob"))
		if time.Since(began) >= keep && keep < time.Minute {
			continue // the machine was slower than the result is kept
		}
		if finished != nil {
			l.Errorf("Finish returned %v", finished)
		}
		l.want("within the time", got, err, provider.OutcomeAccepted, nil)
		l.Pass(keep * 5 / 4)
		l.look(l.other(l.claim(ref, "bob")), "", nil)
		l.begin(l.other(l.claim(ref, "bob")), "", nil)
		return
	}
}

func testRace(l *lab) {
	var got, busy atomic.Int64
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			prior, err := l.store.Begin(context.Background(), l.claim("r", fmt.Sprint("owner", i)))
			switch {
			case err == nil && prior == nil:
				got.Add(1)
			case errors.Is(err, router.ErrInFlight):
				busy.Add(1)
			}
		})
	}
	all.Wait()
	if got.Load() != 1 || busy.Load() != 31 {
		l.Errorf("%d got the claim and %d were told that it is in flight; want 1 and 31", got.Load(), busy.Load())
	}
}

// A claim whose owner is gone is unknown, never free.
func testAbandoned(l *lab) {
	if l.Lease == 0 {
		l.Skip("no claim outlives its process")
	}
	ann, bob := l.claim("r", "ann"), l.claim("r", "bob")
	l.begin(ann, "", nil)
	l.Pass(2 * l.Lease)
	l.look(bob, provider.OutcomeUnknown, nil)
	l.begin(bob, provider.OutcomeUnknown, nil)
	l.begin(ann, "", router.ErrInFlight) // ann was only slow, and must not go on
	l.finish(ann, provider.OutcomeNotSent, router.ErrNotOwner)
	l.begin(l.claim("r", "cat"), "", router.ErrInFlight) // it is still bob's
	l.finish(ann, provider.OutcomeAccepted, router.ErrNotOwner)
	l.finish(bob, provider.OutcomeUnknown, nil)
	l.look(l.claim("r", "cat"), provider.OutcomeAccepted, nil)

	// A claim without a result does not become free with time.
	short := l.claim("short", "ann")
	short.Keep = l.Lease / 4
	l.begin(short, "", nil)
	l.Pass(l.Lease / 2)
	l.begin(l.claim("short", "bob"), "", router.ErrInFlight)
}

func testRenewal(l *lab) {
	if l.Lease == 0 {
		l.Skip("claims have no lease")
	}
	renewed := func(ref string) (inTime bool) {
		for range 4 {
			began := time.Now()
			l.begin(l.claim(ref, "ann"), "", nil)
			l.Pass(l.Lease * 2 / 3)
			if time.Since(began) >= l.Lease {
				return false // the machine was slower than the lease
			}
		}
		return true
	}
	ref := "r"
	for try := 0; !renewed(ref) && try < 20; try++ {
		ref = fmt.Sprint("r", try)
	}
	l.begin(l.claim(ref, "bob"), "", router.ErrInFlight)
}

func testFinal(l *lab) {
	ann := l.claim("r", "ann")
	l.begin(ann, "", nil)
	l.finish(l.claim("r", "bob"), provider.OutcomeAccepted, router.ErrNotOwner)
	l.finish(ann, provider.OutcomeRefused, nil)
	l.look(l.claim("r", "cat"), provider.OutcomeAccepted, nil)
}
