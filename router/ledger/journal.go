package ledger

import (
	"context"
	"errors"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// Intent implements [router.Journal]. The router calls it for messages without a Ref;
// the intents of others come with their claims.
func (l *Ledger) Intent(ctx context.Context, e router.JournalEntry) error {
	if e.Fingerprint != "" {
		if err := checkRef(e.Key); err != nil {
			return err
		}
	}
	n := needs{attempts: append(attemptIDs(e.Attempts), e.Attempt)}
	if e.Fingerprint != "" {
		n.refs = []string{e.Key}
	}
	if e.Message != nil {
		n.numbers = []string{e.Message.To.String()}
	}
	return keepVerdict(l.do(ctx, n, func(w *work) error {
		if err := w.optedOut(e.Message, &e); err != nil {
			return err
		}
		r := w.recordOf(&e)
		r.describe(e.Message)
		w.intend(r, w.ownerOf(&e), &e)
		return nil
	}))
}

// ownerOf is who makes the attempts of an entry. The key of a message without a Ref is a
// fingerprint of its content, from which a short text can be guessed.
func (w *work) ownerOf(e *router.JournalEntry) string {
	if e.Fingerprint != "" {
		return e.Key
	}
	return w.fingerprint(e.Key)
}

// recordOf finds the message of an intent, or makes it.
func (w *work) recordOf(e *router.JournalEntry) *record {
	for _, id := range append(attemptIDs(e.Attempts), e.Attempt) {
		if r := w.attempts[id]; r != nil {
			return r
		}
	}
	if e.Fingerprint == "" {
		return w.newMessage()
	}
	if _, r := w.claimed(e.Key); r != nil {
		return r
	}
	_, r := w.newClaim(router.Claim{Ref: e.Key, Fingerprint: e.Fingerprint, Keep: defaultKeep})
	return r
}

// Outcome implements [router.Journal].
func (l *Ledger) Outcome(ctx context.Context, e router.JournalEntry) error {
	result := e.Result
	if result == nil {
		result = &router.Result{Status: e.Outcome, Code: e.Code, Provider: e.Provider, ID: e.ID}
	}
	if e.Fingerprint != "" {
		err := l.Finish(ctx, router.Claim{Ref: e.Key, Fingerprint: e.Fingerprint, Owner: e.Key, Keep: defaultKeep}, result)
		if errors.Is(err, router.ErrNotOwner) && !errors.Is(err, router.ErrRefReused) {
			return nil
		}
		return err
	}
	n := needs{attempts: attemptIDs(result.Attempts), parked: idsOfResult(result)}
	if e.Attempt != "" {
		n.attempts = append(n.attempts, e.Attempt)
	}
	return keepVerdict(l.do(ctx, n, func(w *work) error {
		for _, id := range n.attempts {
			if r := w.attempts[id]; r != nil {
				w.conclude(r, w.ownerOf(&e), result)
				return nil
			}
		}
		return nil // no attempt was recorded, so there is nothing in doubt
	}))
}

// Find implements [router.Journal]. Messages without a Ref are not recognized: a ledger
// outlives a campaign, and the same text to the same number may be meant again.
func (l *Ledger) Find(ctx context.Context, key, fingerprint string) ([]router.JournalEntry, error) {
	if fingerprint == "" {
		return nil, nil
	}
	prior, err := l.Look(ctx, router.Claim{Ref: key, Fingerprint: fingerprint})
	switch {
	case errors.Is(err, router.ErrInFlight):
		return nil, nil // the store says so, and waits
	case err != nil || prior == nil:
		return nil, err
	}
	return entriesOf(key, prior), nil
}

func entriesOf(key string, prior *router.Result) []router.JournalEntry {
	if prior.Status == provider.OutcomeAccepted {
		return []router.JournalEntry{{Key: key, Provider: prior.Provider, Outcome: prior.Status, ID: prior.ID}}
	}
	var entries []router.JournalEntry
	for _, a := range prior.Attempts {
		if a.Outcome == provider.OutcomeUnknown {
			entries = append(entries,
				router.JournalEntry{Key: key, Provider: a.Provider, Attempt: a.ID, At: a.StartedAt},
				router.JournalEntry{Key: key, Provider: a.Provider, Outcome: a.Outcome, Code: a.Code, At: a.StartedAt})
		}
	}
	return entries
}
