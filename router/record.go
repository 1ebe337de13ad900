package router

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/sleep"
)

// record is what outlives the send of one message: its claim and result in the
// store, under its Ref, and its intents and outcome in the journal, under its
// key.
type record struct {
	setup   *setup
	owners  *owners
	store   Store // nil = none
	journal Journal
	claim   Claim
	message *provider.Message // as the caller gave it
	asked   *provider.Message // with the sender that the guard chose
	key     string            // in the journal; "" = not chosen yet
	content string            // the fingerprint that goes with the key; "" = the key is one

	fate        fate
	pending     <-chan struct{} // a Begin that has not ended; nil = none
	unheard     bool            // the store could not be reached, and need not be
	everClaimed bool            // the claim was ours at some time
	dataLost    bool            // the store has lost its data
	attempt     string          // the id of the attempt that was begun and has not ended; "" = none
	tried       bool            // an intent may be in the journal
	intended    bool            // an intent is in the journal
	doubtful    bool            // the journal knows an earlier attempt
	wait        time.Time       // until when another send is waited for; zero = as long as there is time
	inFlight    bool            // another send had it when this one gave up
}

// fate is what is known of our claim.
type fate uint8

const (
	notClaimed fate = iota
	perhapsClaimed
	claimed
)

func newRecord(r *Router, s *setup, m *provider.Message, j job) record {
	o := &s.options
	rec := record{setup: s, owners: &r.owners, journal: o.Journal, message: m, asked: m, key: j.key, content: j.content}
	if o.Store != nil && m.Ref != "" {
		rec.store = o.Store
		rec.claim = Claim{Ref: m.Ref, Fingerprint: contentOf(m).String(), Keep: o.StoreOptions.Keep}
	}
	return rec
}

// look returns what the store knows, and waits while another send has the message. An
// accepted prior is the result of this send; an unknown one passes its doubt on. The
// error says why the message must not be sent.
func (r *record) look(ctx context.Context, deadline time.Time) (prior *Result, err error) {
	if r.store == nil {
		return nil, nil
	}
	r.own()
	if r.goesWithout() {
		return nil, nil
	}
	var inFlight error // what the store said the last time; nil = it was not asked before
	for wait := firstWait; ; wait = longer(wait) {
		a := r.ask(ctx, deadline, func(ctx context.Context) (*Result, error) { return r.store.Look(ctx, r.claim) })
		switch {
		case errors.Is(a.err, ErrInFlight):
			inFlight = a.err
		case inFlight != nil && isOutage(a.err): // there may have been no time left for a reply
			return nil, r.judge(ctx, inFlight)
		default:
			return a.prior, r.judge(ctx, a.err)
		}
		left := timeUntil(earlier(r.wait, deadline))
		if left == 0 || sleep.For(ctx, min(wait, left)) != nil {
			return nil, r.judge(ctx, inFlight)
		}
	}
}

// own chooses the owner of the claim.
func (r *record) own() {
	if r.store == nil || r.claim.Owner != "" {
		return
	}
	var kept bool
	if r.claim.Owner, kept = r.owners.take(r.claim.Ref); kept {
		r.fate = perhapsClaimed
	}
}

// unclaimed reports whether another send of the message may have been under way
// meanwhile.
func (r *record) unclaimed() bool { return r.store != nil && !r.unheard && r.fate != claimed }

// The waits while another send has the message.
const firstWait = 5 * time.Millisecond

func longer(wait time.Duration) time.Duration { return min(2*wait, 250*time.Millisecond) }

// ask makes a call whose time is bounded by the caller and by a share of the deadline.
func (r *record) ask(ctx context.Context, deadline time.Time, call func(context.Context) (*Result, error)) reply {
	ctx, cancel := context.WithTimeout(ctx, storeShare(deadline))
	a := ask(ctx, r.store, func() (*Result, error) { return call(ctx) })
	cancel()
	if a.pending != nil {
		r.behind(func() { <-a.pending })
	}
	return a
}

// judge says what a store's error means for the message; nil = it may be sent.
func (r *record) judge(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrRefReused):
		return reusedRef()
	case isRefusal(err):
		return err
	case errors.Is(err, ErrInFlight): // and there is no time left to wait
		r.inFlight = true
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", err, context.Cause(ctx))
		}
		return &provider.Error{Code: provider.Indeterminate, Err: err}
	case ctx.Err() != nil:
		return &provider.Error{Code: provider.Unavailable, Err: err}
	}
	r.setup.storeDown.note()
	if r.setup.options.StoreOptions.OnError == FailClosed {
		return &provider.Error{Code: provider.Unavailable, Err: fmt.Errorf("the store cannot be reached: %w", err)}
	}
	r.setup.observer.fault(r.claim.Ref, err)
	r.unheard = true
	return nil
}

// isRefusal reports whether an error says that the message must not be sent.
func isRefusal(err error) bool {
	_, ok := errors.AsType[*provider.Error](err)
	return ok
}

// isOutage reports whether an error says nothing but that the store could not be asked.
func isOutage(err error) bool { return err != nil && !isRefusal(err) && !errors.Is(err, ErrRefReused) }

// goesWithout reports whether the message is sent without asking the store, which
// could not be reached a moment ago.
func (r *record) goesWithout() bool {
	r.unheard = r.unheard || r.setup.options.StoreOptions.OnError == FailOpen && r.setup.storeDown.recent()
	return r.unheard
}

// begin claims the message for an attempt at a provider and writes the intent; before
// are the attempts of this send so far. A prior is as in look; an error that wraps
// [ErrInFlight] means that another send has the message, any other one that the attempt
// must not be made.
func (r *record) begin(ctx context.Context, deadline time.Time, name string, before []Attempt) (prior *Result, err error) {
	intent := r.intent(name, before)
	if r.store != nil && !r.goesWithout() {
		c := r.claim
		if c.Message = r.asked; r.setup.recorder != nil {
			c.Intent = intent
		}
		r.tried = r.tried || r.setup.combined
		a := r.ask(ctx, deadline, func(ctx context.Context) (*Result, error) { return r.store.Begin(ctx, c) })
		if err := r.claims(ctx, a); err != nil || a.prior != nil && a.prior.Status == provider.OutcomeAccepted {
			return a.prior, err
		}
		prior = a.prior
		if r.fate == claimed && r.setup.combined {
			r.intended = true
			return prior, nil
		}
	}
	if r.journal == nil {
		return prior, nil
	}
	r.tried = true
	if err := r.journal.Intent(ctx, *intent); err != nil {
		if isRefusal(err) {
			return nil, err
		}
		r.intended = r.intended || errors.Is(err, ErrPerhapsWritten)
		return nil, fmt.Errorf("the intent could not be written: %w", err)
	}
	r.intended = true
	return prior, nil
}

// intent is the entry for an attempt that is about to be made; nil = nobody wants it.
// An attempt that was begun and then not made keeps its id for the next.
func (r *record) intent(name string, before []Attempt) *JournalEntry {
	recorder := r.setup.recorder
	if r.journal == nil && recorder == nil {
		return nil
	}
	e := r.entry(name)
	if recorder != nil {
		if r.attempt == "" {
			r.attempt = recorder.NewAttempt()
		}
		e.Attempt, e.Attempts, e.Message = r.attempt, before, r.asked
	}
	return e
}

// claims takes the reply to a Begin.
func (r *record) claims(ctx context.Context, a reply) error {
	switch {
	case errors.Is(a.err, ErrDataLost):
		r.dataLost, r.fate, r.everClaimed = true, claimed, true
		r.setup.announceLoss(a.err)
		return nil
	case a.err == nil && a.prior != nil && a.prior.Status == provider.OutcomeAccepted:
		r.fate = notClaimed
		return nil
	case a.err == nil:
		r.fate, r.everClaimed = claimed, true
		return nil
	case errors.Is(a.err, ErrInFlight):
		r.fate = notClaimed
		return a.err
	case errors.Is(a.err, ErrRefReused), isRefusal(a.err) && r.fate != claimed:
		r.fate = notClaimed
	case r.fate != claimed: // a claim that could not be renewed is still ours
		r.fate, r.pending = perhapsClaimed, a.pending
	}
	return r.judge(ctx, a.err)
}

// entry is an entry of the message in the journal.
func (r *record) entry(name string) *JournalEntry {
	if r.key == "" {
		c := contentOf(r.message).String()
		if r.key = r.message.Ref; r.key != "" {
			r.content = c
		} else {
			r.key = c + "-" + rand.Text()
		}
	}
	return &JournalEntry{Key: r.key, Fingerprint: r.content, Provider: name, At: time.Now()}
}

// close writes down the result of a send. The result is returned even if that fails.
func (r *record) close(ctx context.Context, deadline time.Time, result *Result) {
	if r.tried || r.doubtful && !result.Replayed {
		r.outcome(ctx, result)
	}
	switch {
	case r.store == nil:
	case r.fate == claimed:
		r.finish(ctx, deadline, result)
	case r.fate == perhapsClaimed,
		perhapsSent(result) && !result.Replayed && (!r.inFlight || len(result.Attempts) > 0): // without a claim: a late outcome
		own := result.clone() // the caller may change its own meanwhile
		r.behind(func() { r.settle(own) })
	}
}

// suspend writes down that nothing was sent so far, and releases the claim, while the
// message waits for a long time. The next attempt begins anew.
func (r *record) suspend(ctx context.Context, deadline time.Time, result *Result) {
	if !r.tried && r.fate != claimed || r.fate == perhapsClaimed {
		return
	}
	r.close(ctx, deadline, result)
	r.tried, r.intended, r.fate = false, false, notClaimed
}

// replay writes to the journal an acceptance that only the store knew.
func (r *record) replay(ctx context.Context, result *Result) {
	if !r.setup.combined && (r.key != "" || r.tried) {
		r.outcome(ctx, result)
	}
}

// outcome writes to the journal what became of the message.
func (r *record) outcome(ctx context.Context, result *Result) {
	if r.journal == nil || r.setup.combined && r.fate == claimed { // Finish does it
		return
	}
	e := r.entry(result.Provider)
	e.Outcome, e.Code, e.ID, e.Result = result.Status, result.Code, result.ID, result
	e.DuplicatePossible = result.DuplicatePossible
	err := r.journal.Outcome(context.WithoutCancel(ctx), *e)
	if err != nil && (r.intended || r.doubtful) {
		r.setup.observer.fault(r.message.Ref, fmt.Errorf("%w: %w", ErrOutcomeLost, err))
	}
}

// finish stores the result and releases the claim, even if the caller's context has
// ended: what was sent must not be forgotten. The caller waits for it no longer than
// it has time.
func (r *record) finish(ctx context.Context, deadline time.Time, result *Result) {
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	wait, stop := context.WithTimeout(ctx, min(storeTime, timeUntil(deadline)))
	defer stop()
	own := result.clone() // the call may end after the caller has its result
	a := ask(wait, r.store, func() (*Result, error) {
		defer cancel()
		err := r.store.Finish(call, r.claim, own)
		if err != nil {
			r.setup.observer.fault(r.claim.Ref, err)
		}
		return nil, err
	})
	if a.pending != nil {
		r.behind(func() { <-a.pending })
	}
}

// settle ends a claim that may have been made, by a Begin that may still be under way,
// or records what was sent without one.
func (r *record) settle(result *Result) {
	if r.pending != nil {
		<-r.pending // else it could be made after it was ended
	}
	if r.setup.storeDown.recent() {
		<-time.After(outageTime) // nobody waits for this
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	err := r.store.Finish(ctx, r.claim, result)
	if err == nil || errors.Is(err, ErrNotOwner) || perhapsSent(result) {
		return
	}
	r.owners.keep(r.claim.Ref, r.claim.Owner)
}

// tell lets the store know of a message that it has no claim for.
func (r *record) tell(ctx context.Context, deadline time.Time, result *Result) {
	if r.store == nil || r.setup.storeDown.recent() {
		return
	}
	own := result.clone() // as in finish
	r.ask(context.WithoutCancel(ctx), deadline, func(ctx context.Context) (*Result, error) {
		return nil, r.store.Finish(ctx, r.claim, own) // ErrNotOwner: it is a late outcome
	})
}

// behind does something behind the caller's back. Closing the router waits for it.
func (r *record) behind(f func()) {
	r.setup.gate.Add()
	go func() {
		defer r.setup.gate.Leave()
		f()
	}()
}
