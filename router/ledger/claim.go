package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

func claimNeeds(c router.Claim) needs {
	n := needs{refs: []string{c.Ref}}
	if c.Message != nil {
		n.numbers = []string{c.Message.To.String()}
	}
	return n
}

// Look implements [router.Store].
func (l *Ledger) Look(ctx context.Context, c router.Claim) (prior *router.Result, err error) {
	if err := checkRef(c.Ref); err != nil {
		return nil, err
	}
	var known *router.Result // not prior: the question may still be answered when queue has returned
	err = l.queue(ctx, l.looks, claimNeeds(c), func(w *work) (err error) {
		known, err = w.prior(c)
		return err
	})
	if err != nil {
		return nil, keepVerdict(err)
	}
	return known, nil
}

// Begin implements [router.Store]. The claim and the intent of the attempt are durable
// when it returns. A recipient who has opted out is refused with opted_out.
func (l *Ledger) Begin(ctx context.Context, c router.Claim) (prior *router.Result, err error) {
	if err := checkRef(c.Ref); err != nil {
		return nil, err
	}
	var known *router.Result // not prior: the change may still be made when do has returned
	err = l.do(ctx, claimNeeds(c), func(w *work) (err error) {
		known, err = w.begin(c)
		return err
	})
	if err != nil {
		return nil, keepVerdict(err)
	}
	return known, nil
}

// Finish implements [router.Store]. What was sent is recorded even if the context ends
// before the database is ready to take it.
func (l *Ledger) Finish(ctx context.Context, c router.Claim, r *router.Result) error {
	if err := checkRef(c.Ref); err != nil {
		return err
	}
	n := needs{refs: []string{c.Ref}, parked: idsOfResult(r)}
	copied := *r
	return keepVerdict(l.do(context.WithoutCancel(ctx), n, func(w *work) error { return w.finish(c, &copied) }))
}

// keepVerdict gives the ledger's own errors a name, and leaves those of the contract.
func keepVerdict(err error) error {
	if err == nil || errors.Is(err, router.ErrRefReused) || errors.Is(err, router.ErrInFlight) || errors.Is(err, router.ErrNotOwner) {
		return err
	}
	if _, refused := errors.AsType[*provider.Error](err); refused {
		return err
	}
	return fmt.Errorf("ledger: %w", err)
}

// idsOfResult returns what vendors may call a message by what the send came to.
func idsOfResult(r *router.Result) []string {
	ids := idsOf(r.ID)
	for i := range r.Attempts {
		ids = append(ids, idsOf(r.Attempts[i].ReceiptID)...)
	}
	return ids
}

func attemptIDs(attempts []router.Attempt) []string {
	var ids []string
	for i := range attempts {
		if attempts[i].ID != "" {
			ids = append(ids, attempts[i].ID)
		}
	}
	return ids
}

func (w *work) fingerprint(s string) string { return w.ledger.keyed("fingerprint", s) }

// claimed returns what is kept under a ref: nil if nothing, or if it was kept long enough.
// A claim without a result does not become free with time.
func (w *work) claimed(ref string) (*claim, *record) {
	c := w.claims[ref]
	if c == nil {
		return nil, nil
	}
	return w.kept(c)
}

// prior returns what Look and Begin return, and changes nothing but attempts whose run
// has ended: they are in doubt.
func (w *work) prior(c router.Claim) (*router.Result, error) {
	known, r := w.claimed(c.Ref)
	if known == nil || r == nil {
		return nil, w.optedOut(c.Message, c.Intent)
	}
	if !w.same(known, r, c) {
		return nil, router.ErrRefReused
	}
	if err := jobError(r, c); err != nil {
		return nil, err
	}
	if known.owner != "" && known.owner != c.Owner {
		if w.lives(known.run) {
			return nil, router.ErrInFlight
		}
		w.abandon(r)
	}
	if r.acceptedBy() != nil || r.concluded == provider.OutcomeAccepted {
		return r.result(""), nil
	}
	if err := w.optedOut(c.Message, c.Intent); err != nil {
		return nil, err
	}
	for _, a := range r.attempts {
		if a.owner != c.Owner && (a.Settled == provider.OutcomeUnknown || a.Settled == "") {
			return r.result(c.Owner), nil
		}
	}
	return nil, nil
}

// abandon marks the attempts under way of a run that has ended as unknown.
func (w *work) abandon(r *record) {
	for _, a := range r.attempts {
		if a.Outcome == "" && !w.lives(a.run) {
			a.Outcome, a.Code, a.abandoned = provider.OutcomeUnknown, provider.Indeterminate, true
			a.Reason = "its outcome was not recorded"
			w.touch(r)
		}
	}
}

func (w *work) begin(c router.Claim) (*router.Result, error) {
	prior, err := w.prior(c)
	if err != nil || prior != nil && prior.Status == provider.OutcomeAccepted {
		return prior, err
	}
	known, r := w.claimed(c.Ref)
	if known == nil || r == nil {
		known, r = w.newClaim(c)
	}
	known.owner, known.run, known.until = c.Owner, w.ledger.db.Run(), laterOf(known.until, w.now.Add(c.Keep+c.Keep/32)) // so that Finish need not change it
	known.changed = true
	r.describe(c.Message)
	w.intend(r, c.Owner, c.Intent)
	return prior, nil
}

// newClaim puts a new message under a ref.
func (w *work) newClaim(c router.Claim) (*claim, *record) {
	r := w.newMessage()
	r.Ref = c.Ref
	key := refKey{w.ledger.options.Namespace, c.Ref}
	known := &claim{refKey: key, fingerprint: w.fingerprint(c.Fingerprint), message: r.ID, until: w.now.Add(c.Keep), changed: true, fresh: w.byRef[key] == nil}
	w.claims[c.Ref], w.byRef[key] = known, known
	return known, r
}

// describe notes what is to be sent. Texts of one-time codes are not kept.
func (r *record) describe(m *provider.Message) {
	if m == nil || r.To != "" {
		return
	}
	r.setRecipient(m.To)
	r.From, r.Class, r.Tag = m.From, m.Class, m.Tag
	if m.Class != provider.OTP {
		r.Text = m.Text
	}
}

// intend records that an attempt begins; e may be nil.
func (w *work) intend(r *record, owner string, e *router.JournalEntry) {
	defer w.touch(r)
	a := &Attempt{owner: owner, run: w.ledger.db.Run(), StartedAt: w.now}
	if e != nil {
		r.note(e.Attempts)
		a.ID, a.Provider = e.Attempt, e.Provider
	}
	if same := r.attempt(a.ID); same != nil { // it was not made, and is begun anew
		same.Provider, same.StartedAt = a.Provider, a.StartedAt
		return
	}
	if a.ID == "" {
		if r.open(owner) != nil {
			return
		}
		a.ID = newID("att_", w.now)
	}
	w.addAttempt(r, a)
}

// open returns an owner's attempt that is under way and that nobody can name; nil =
// there is none.
func (r *record) open(owner string) *Attempt {
	for _, a := range r.attempts {
		if a.owner == owner && a.Outcome == "" && a.Provider == "" {
			return a
		}
	}
	return nil
}

// finish records the result of a claim.
func (w *work) finish(c router.Claim, result *router.Result) error {
	known, r := w.claimed(c.Ref)
	if known == nil || r == nil {
		if result.Status != provider.OutcomeAccepted && result.Status != provider.OutcomeUnknown {
			return router.ErrNotOwner
		}
		_, r = w.newClaim(c)
		w.conclude(r, c.Owner, result)
		return router.ErrNotOwner
	}
	if !w.same(known, r, c) {
		return errors.Join(router.ErrNotOwner, router.ErrRefReused)
	}
	if known.owner == "" || known.owner != c.Owner {
		w.late(known, r, c.Owner, result)
		return router.ErrNotOwner
	}
	w.conclude(r, c.Owner, result)
	known.owner, known.run = "", ""
	if until := w.now.Add(c.Keep); until.After(known.until) {
		known.until, known.changed = until, true
	}
	known.changed = known.changed || r.concluded != provider.OutcomeAccepted // see freeAccepted
	return nil
}

// late takes a result from somebody who does not have the claim: as proof, if it is one.
func (w *work) late(known *claim, r *record, owner string, result *router.Result) {
	switch result.Status {
	case provider.OutcomeAccepted:
		w.conclude(r, owner, result)
	case provider.OutcomeUnknown:
		if known.owner == "" && r.Status != Unknown && r.acceptedBy() == nil && !recalls(result) {
			w.conclude(r, owner, result)
		}
	default: // it is proof of this owner's attempts
		for _, a := range r.attempts {
			if owner != "" && a.owner == owner && a.abandoned {
				a.Outcome, a.abandoned = result.Status, false
				a.Code, a.Reason = result.Code, result.Message
			}
		}
		w.touch(r)
	}
}

// recalls reports whether a result has nothing but attempts of earlier sends, such as that of
// a send which has only asked the vendor about them: a person may have settled them meanwhile.
func recalls(result *router.Result) bool {
	made := func(a router.Attempt) bool { return !a.Earlier }
	return len(result.Attempts) > 0 && !slices.ContainsFunc(result.Attempts, made)
}

// defaultKeep is how long a ref is remembered that only the journal was told of.
const defaultKeep = 24 * time.Hour
