package router

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/anysms/anysms/provider"
)

// recall is what a journal knows of messages, and how often each was met in the
// present run.
type recall struct {
	known map[string]*Result
	met   map[[16]byte]int // half a SHA-256 of a key's first part
}

// readJournal reads a journal into what is known of each message: accepted, or
// in doubt. Messages that are refused or not sent are as good as new.
func readJournal(ctx context.Context, j Journal) (*recall, error) {
	k := &recall{known: make(map[string]*Result), met: make(map[[16]byte]int)}
	for e, err := range j.Entries(ctx) {
		if err != nil {
			return nil, err
		}
		k.note(e)
	}
	return k, nil
}

func (k *recall) note(e JournalEntry) {
	switch e.Outcome {
	case provider.OutcomeAccepted:
		k.known[e.Key] = &Result{Status: e.Outcome, Provider: e.Provider, ID: e.ID}
	case provider.OutcomeUnknown:
		k.doubt(e.Key) // its intents tell the rest
	case "": // an intent: bytes may have left
		r := k.doubt(e.Key)
		r.Attempts = append(r.Attempts, Attempt{
			Provider: e.Provider, Outcome: provider.OutcomeUnknown, Code: provider.Indeterminate,
			Message: "its outcome was not noted", StartedAt: e.At,
		})
	default:
		delete(k.known, e.Key)
	}
}

func (k *recall) doubt(key string) *Result {
	r := k.known[key]
	if r == nil || r.Status != provider.OutcomeUnknown {
		r = &Result{Status: provider.OutcomeUnknown, Code: provider.Indeterminate}
		k.known[key] = r
	}
	return r
}

// lookUp gives a message's key in the journal and what is known of it; nil =
// nothing. The key is the Ref, or the fingerprint where there is none; from the
// second of equal ones on their ordinal is added.
func (k *recall) lookUp(m *provider.Message) (key string, prior *Result) {
	key = m.Ref
	if key == "" {
		key = fingerprint(m)
	}
	sum := sha256.Sum256([]byte(key))
	half := [16]byte(sum[:16])
	k.met[half]++
	key = numbered(key, k.met[half])
	return key, k.known[key]
}

// numbered is a key with the ordinal among its equals: none for the first, but
// where the key itself ends like an ordinal.
func numbered(key string, ordinal int) string {
	bare := strings.TrimRight(key, "0123456789")
	if ordinal == 1 && (bare == key || !strings.HasSuffix(bare, "#")) {
		return key
	}
	return fmt.Sprintf("%s#%d", key, ordinal)
}

// recall answers with an acceptance that the journal knows.
func (s *send) recall(prior *Result) {
	s.result.Status, s.result.Provider, s.result.ID = prior.Status, prior.Provider, prior.ID
	s.result.Replayed = true
}
