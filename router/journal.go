package router

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

// Journal records what is about to be sent and what became of it, so that after a
// crash only the messages that were in flight are in doubt. It is safe for
// concurrent use.
type Journal interface {
	// Intent records that an attempt begins. It returns when the entry cannot be
	// lost any more; if it fails, the attempt is not made.
	Intent(ctx context.Context, e JournalEntry) error
	// Outcome records the final status of a message.
	Outcome(ctx context.Context, e JournalEntry) error
	// Entries returns what was recorded, in order.
	Entries(ctx context.Context) iter.Seq2[JournalEntry, error]
}

// JournalEntry is a record in a journal. It holds no number and no text.
type JournalEntry struct {
	Key      string           `json:"key"`
	Provider string           `json:"provider,omitempty"`
	Outcome  provider.Outcome `json:"outcome,omitempty"` // "" = an intent
	Code     provider.Code    `json:"code,omitempty"`
	ID       string           `json:"id,omitempty"`
	At       time.Time        `json:"at"`
}

// journalIndex is what a journal knows of each message, and how often each came
// up in this run.
type journalIndex struct {
	known map[string]*Result
	met   map[[16]byte]int // half a SHA-256 of a key's first part
}

// readJournal reads a journal into what is known of each message: accepted, or
// in doubt. Messages that were refused or not sent count as new.
func readJournal(ctx context.Context, j Journal) (*journalIndex, error) {
	k := &journalIndex{known: make(map[string]*Result), met: make(map[[16]byte]int)}
	for e, err := range j.Entries(ctx) {
		if err != nil {
			return nil, err
		}
		k.note(e)
	}
	return k, nil
}

func (k *journalIndex) note(e JournalEntry) {
	switch e.Outcome {
	case provider.OutcomeAccepted:
		k.known[e.Key] = &Result{Status: e.Outcome, Provider: e.Provider, ID: e.ID}
	case provider.OutcomeUnknown:
		k.doubt(e.Key) // its intents tell the rest
	case "": // an intent: bytes may have left
		r := k.doubt(e.Key)
		r.Attempts = append(r.Attempts, Attempt{
			Provider: e.Provider, Outcome: provider.OutcomeUnknown, Code: provider.Indeterminate,
			Message: "its outcome was not recorded", StartedAt: e.At,
		})
	default:
		delete(k.known, e.Key)
	}
}

func (k *journalIndex) doubt(key string) *Result {
	r := k.known[key]
	if r == nil || r.Status != provider.OutcomeUnknown {
		r = &Result{Status: provider.OutcomeUnknown, Code: provider.Indeterminate}
		k.known[key] = r
	}
	return r
}

// lookUp returns a message's key in the journal and what is known of it; nil =
// nothing. The key is the Ref, or the fingerprint where there is none; from the
// second of equal ones on their ordinal is added.
func (k *journalIndex) lookUp(m *provider.Message) (key string, prior *Result) {
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

// fingerprint is the SHA-256 of To, From, Text and SendAt in hexadecimal: equal
// for messages of equal content.
func fingerprint(m *provider.Message) string {
	h := sha256.New()
	var size [8]byte
	for _, field := range [...]string{m.To.Digits(), m.From, m.Text} {
		h.Write(binary.BigEndian.AppendUint64(size[:0], uint64(len(field))))
		h.Write([]byte(field))
	}
	if !m.SendAt.IsZero() {
		h.Write(binary.BigEndian.AppendUint64(size[:0], uint64(m.SendAt.UnixNano())))
	}
	return hex.EncodeToString(h.Sum(nil))
}
