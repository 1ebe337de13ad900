package ledger

import (
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// conclude records what a send came to.
func (w *work) conclude(r *record, owner string, result *router.Result) {
	defer w.touch(r)
	defer w.leaveQueue(r, r.concluded)
	r.note(result.Attempts)
	for i := range result.Attempts {
		a := &result.Attempts[i]
		if a.ID == "" && !a.Earlier {
			w.addOutcome(r, owner, a)
		} else if known := r.attempt(a.ID); known != nil {
			w.learnID(r, known, a.ReceiptID)
		}
	}
	w.dropUnmade(r, owner)
	r.takeResult(result)
	switch result.Status {
	case provider.OutcomeAccepted:
		w.accept(r, owner, result)
	case provider.OutcomeUnknown:
		if !r.inDoubt() {
			w.addOutcome(r, owner, &router.Attempt{
				Provider: result.Provider, Outcome: provider.OutcomeUnknown, Code: provider.Indeterminate, Message: result.Message,
			})
		}
	default: // the owner has proof against all doubt that it knew of
		for _, a := range r.attempts {
			if a.Outcome == provider.OutcomeUnknown || a.Outcome == "" {
				a.Outcome, a.Reconciled, a.abandoned = provider.OutcomeNotSent, true, false
			}
		}
	}
	w.learnOptOut(r)
}

func (w *work) addOutcome(r *record, owner string, from *router.Attempt) {
	a := &Attempt{ID: newID("att_", w.now), owner: owner, run: w.ledger.db.Run(), Provider: from.Provider, StartedAt: w.now}
	a.take(from)
	w.addAttempt(r, a)
	w.learnID(r, a, from.ReceiptID)
}

// learnID notes the vendor's id of an attempt, and joins the reports that came before.
func (w *work) learnID(r *record, a *Attempt, id string) {
	if completes(id, a.ProviderID) {
		w.identify(a, id)
		w.joinParked(r, a)
	}
}

// dropUnmade removes the owner's attempts that were begun and not made.
func (w *work) dropUnmade(r *record, owner string) {
	for _, a := range append([]*Attempt(nil), r.attempts...) {
		if a.owner == owner && a.Outcome == "" {
			w.removeAttempt(r, a)
		}
	}
}

// inDoubt reports whether a vendor may have the message by what the sends know.
func (r *record) inDoubt() bool {
	for _, a := range r.attempts {
		if a.Outcome == provider.OutcomeUnknown || a.Outcome == "" {
			return true
		}
	}
	return false
}

// accept notes which attempt was accepted, and joins the reports that came before.
func (w *work) accept(r *record, owner string, result *router.Result) {
	var by *Attempt
	for _, a := range r.attempts {
		if a.Provider == result.Provider && (a.Outcome == provider.OutcomeAccepted || a.Outcome == provider.OutcomeUnknown) &&
			(by == nil || a.Outcome == provider.OutcomeAccepted) {
			by = a
		}
	}
	if by == nil {
		w.addOutcome(r, owner, &router.Attempt{Provider: result.Provider, Outcome: provider.OutcomeAccepted})
		by = r.attempts[len(r.attempts)-1]
	}
	by.take(&router.Attempt{Outcome: provider.OutcomeAccepted, Duration: by.Duration, Reconciled: by.Reconciled})
	by.priced(result)
	if completes(result.ID, by.ProviderID) {
		w.identify(by, result.ID)
	}
	w.joinParked(r, by)
}

// takeResult notes what the result says of the message.
func (r *record) takeResult(from *router.Result) {
	if r.concluded != provider.OutcomeAccepted {
		if r.concluded != waiting || !goesOn(from) {
			r.concluded = from.Status
		}
		r.Code, r.Reason, r.Provider = from.Code, from.Message, from.Provider
		r.Encoding, r.Segments = from.Encoding, from.Segments
		r.Ignored = from.Ignored
	}
	if from.Cost != nil {
		r.Cost = &router.Cost{Money: from.Cost.Money, Estimated: from.Cost.Estimated}
	}
	if from.CardPrice != nil {
		r.CardPrice = from.CardPrice
	}
	if r.To == "" && !from.To.IsZero() {
		r.setRecipient(from.To)
	}
	r.DuplicatePossible = r.DuplicatePossible || from.DuplicatePossible
}

// goesOn reports whether a result leaves a queued message in the queue: it is tried again,
// or its vendor is asked again.
func goesOn(r *router.Result) bool {
	return r.Status == provider.OutcomeNotSent || r.Status == provider.OutcomeUnknown && r.Deferred != nil
}

// note takes the outcomes of attempts that are known by their ids.
func (r *record) note(attempts []router.Attempt) {
	for i := range attempts {
		if a := r.attempt(attempts[i].ID); a != nil {
			a.take(&attempts[i])
		}
	}
}

// take takes the outcome of an attempt. An acceptance stays, and doubt that is known
// already is nothing new.
func (a *Attempt) take(from *router.Attempt) {
	if a.Outcome == provider.OutcomeAccepted || from.Outcome == "" || from.Outcome == a.Outcome {
		return
	}
	a.Outcome, a.Code, a.VendorCode, a.Reason = from.Outcome, from.Code, from.VendorCode, from.Message
	a.Duration, a.Reconciled, a.abandoned = from.Duration, from.Reconciled, false
	if from.Charged != nil {
		a.Charged = from.Charged
	}
	if from.CardPrice != nil {
		a.CardPrice = from.CardPrice
	}
	if !from.StartedAt.IsZero() && !from.Earlier {
		a.StartedAt = from.StartedAt
	}
}

// result is what the ledger knows as a result of the router: accepted or unknown. The
// attempts of one owner are left out.
func (r *record) result(without string) *router.Result {
	res := &router.Result{
		Ref: r.Ref, Status: provider.OutcomeUnknown, Code: provider.Indeterminate, Provider: r.Provider, Message: r.Reason,
		Encoding: r.Encoding, Segments: r.Segments, Cost: r.Cost, CardPrice: r.CardPrice, DuplicatePossible: r.DuplicatePossible, Ignored: r.Ignored,
	}
	res.To, _ = e164.Parse(r.To) // what was erased is zero
	if a := r.acceptedBy(); a != nil {
		res.Status, res.Code, res.Message, res.Provider, res.ID = provider.OutcomeAccepted, "", "", a.Provider, a.ProviderID
	}
	for _, a := range r.attempts {
		if without == "" || a.owner != without {
			res.Attempts = append(res.Attempts, a.forRouter())
		}
	}
	return res
}

func (a *Attempt) forRouter() router.Attempt {
	b := router.Attempt{
		ID: a.ID, Provider: a.Provider, Outcome: a.Settled, Code: a.Code, VendorCode: a.VendorCode, Message: a.Reason,
		StartedAt: a.StartedAt, Duration: a.Duration, Reconciled: a.Reconciled, Charged: a.Charged, CardPrice: a.CardPrice,
	}
	switch b.Outcome {
	case "": // under way, or its run has ended
		b.Outcome, b.Code, b.Message = provider.OutcomeUnknown, provider.Indeterminate, "its outcome was not recorded"
	case provider.OutcomeAccepted:
		b.Code, b.VendorCode, b.Message = "", "", ""
		b.Reconciled = b.Reconciled || a.Outcome != provider.OutcomeAccepted
	}
	return b
}
