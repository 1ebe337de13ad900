package ledger

import (
	"context"
	"errors"

	"github.com/anysms/anysms/router"
)

// Beside returns a journal for a router whose Store is the ledger, and that resumes by
// another journal, such as a file of package journal: messages without a Ref are recorded
// in the ledger too, and refused if their recipient has opted out, as those with a Ref are
// when the Store claims them. With j itself in the router's Options the ledger would not
// see them.
func (l *Ledger) Beside(j router.Journal) router.Journal { return &beside{l, j} }

type beside struct {
	ledger  *Ledger
	journal router.Journal
}

// NewAttempt implements [router.AttemptRecorder].
func (b *beside) NewAttempt() string { return b.ledger.NewAttempt() }

// Intent asks the ledger first: what it refuses is in doubt nowhere.
func (b *beside) Intent(ctx context.Context, e router.JournalEntry) error {
	if e.Fingerprint == "" {
		if err := b.ledger.Intent(ctx, e); err != nil {
			return err
		}
	}
	return b.journal.Intent(ctx, e)
}

func (b *beside) Outcome(ctx context.Context, e router.JournalEntry) error {
	err := b.journal.Outcome(ctx, e)
	if e.Fingerprint == "" {
		err = errors.Join(err, b.ledger.Outcome(ctx, e))
	}
	return err
}

func (b *beside) Find(ctx context.Context, key, fingerprint string) ([]router.JournalEntry, error) {
	return b.journal.Find(ctx, key, fingerprint)
}
