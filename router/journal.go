package router

import (
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/provider"
)

// Journal records what is about to be sent and what became of it, so that after a
// crash only the messages that were in flight are in doubt. It is safe for
// concurrent use. A value that is a [Store] too may be both in [Options]: then it
// gets the intents in the claims, and the outcomes with Finish, of messages that
// have a Ref. A ledger that is the Store beside another journal records the messages
// without a Ref by its method Beside.
type Journal interface {
	// Intent records that an attempt begins. It returns when the entry cannot be
	// lost any more; if it fails, the attempt is not made. If the entry may be there
	// all the same, the error is [ErrPerhapsWritten].
	Intent(ctx context.Context, e JournalEntry) error
	// Outcome records the final status of a message.
	Outcome(ctx context.Context, e JournalEntry) error
	// Find returns what is known of a message, in the order in which it was
	// recorded: the entries from its last accepted outcome on, or else those
	// after its last outcome that is refused or not_sent. If these were recorded
	// for another fingerprint, it returns [ErrRefReused].
	Find(ctx context.Context, key, fingerprint string) ([]JournalEntry, error)
}

// JournalEntry is a record in a journal. It holds no number and no text.
type JournalEntry struct {
	// Key is the message's Ref. Without one it is its fingerprint, to which
	// SendAll adds an ordinal from the second of equal messages on.
	Key string `json:"key"`
	// Fingerprint is the SHA-256 of the content in hexadecimal, of messages with
	// a Ref. A journal writes down a keyed hash of it.
	Fingerprint string           `json:"fingerprint,omitempty"`
	Provider    string           `json:"provider,omitempty"`
	Outcome     provider.Outcome `json:"outcome,omitempty"` // "" = an intent
	Code        provider.Code    `json:"code,omitempty"`
	ID          string           `json:"id,omitempty"`
	At          time.Time        `json:"at"`
	// DuplicatePossible is that of the result, of outcomes.
	DuplicatePossible bool `json:"duplicate_possible,omitempty"`

	// What follows is for an [AttemptRecorder]. Others leave it out.

	Attempt  string            `json:"-"` // the id of the attempt of an intent; Find returns it
	Attempts []Attempt         `json:"-"` // those before it in this send, of an intent
	Message  *provider.Message `json:"-"` // of an intent; must not be changed
	Result   *Result           `json:"-"` // of an outcome; must not be changed
}

// ErrOutcomeLost is in the error of a [NoticeFault]: the message was or may have
// been sent, and the journal does not have its outcome, so that a resume will take
// it as unknown.
var ErrOutcomeLost = errors.New("the outcome could not be recorded in the journal")

// ErrPerhapsWritten is returned by [Journal].Intent if the intent may be found by a
// resume although the call has failed.
var ErrPerhapsWritten = errors.New("the entry may be in the journal")

// priorOf returns what a journal's entries say about a message: accepted, or
// unknown with an attempt for each intent; nil = nothing.
func priorOf(entries []JournalEntry) *Result {
	var r *Result
	for _, e := range entries {
		switch e.Outcome {
		case provider.OutcomeAccepted:
			r = &Result{Status: e.Outcome, Provider: e.Provider, ID: e.ID, DuplicatePossible: e.DuplicatePossible}
		case provider.OutcomeUnknown, "":
			if r == nil || r.Status != provider.OutcomeUnknown {
				r = &Result{Status: provider.OutcomeUnknown}
			}
			r.doubt(e)
		default:
			r = nil
		}
	}
	return r
}

// doubt adds an intent, or the unknown outcome of the last one.
func (r *Result) doubt(e JournalEntry) {
	if e.Outcome == "" {
		r.Attempts = append(r.Attempts, Attempt{
			ID: e.Attempt, Provider: e.Provider, Outcome: provider.OutcomeUnknown, Code: provider.Indeterminate,
			Message: "its outcome was not recorded", StartedAt: e.At,
		})
		return
	}
	r.Provider = e.Provider
	r.DuplicatePossible = r.DuplicatePossible || e.DuplicatePossible
	for i := len(r.Attempts) - 1; i >= 0; i-- {
		if a := &r.Attempts[i]; a.Provider == e.Provider {
			a.Message = "an earlier send ended with this outcome"
			if e.Code != "" {
				a.Code = e.Code
			}
			return
		}
	}
}
