package router

import (
	"context"
	"iter"
	"time"

	"github.com/anysms/anysms/provider"
)

// Journal notes what is about to be sent and what became of it, so that a crash
// leaves no doubt but the honest one. It is safe for concurrent use.
type Journal interface {
	// Intent returns once the entry is safe. It comes before the bytes; if it
	// fails, the attempt is not made.
	Intent(ctx context.Context, e JournalEntry) error
	// Outcome notes the final status of a message.
	Outcome(ctx context.Context, e JournalEntry) error
	// Entries reads back, in order, what was noted.
	Entries(ctx context.Context) iter.Seq2[JournalEntry, error]
}

// JournalEntry is a line of a journal. It holds no number and no text.
type JournalEntry struct {
	Key      string           `json:"key"`
	Provider string           `json:"provider,omitempty"`
	Outcome  provider.Outcome `json:"outcome,omitempty"` // "" = an intent
	Code     provider.Code    `json:"code,omitempty"`
	ID       string           `json:"id,omitempty"`
	At       time.Time        `json:"at"`
}
