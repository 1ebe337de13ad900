// Package feed tells what becomes of messages: to clients over server-sent events, and
// to the programs of the configuration by webhooks. Both read the ledger's feed by a
// cursor, so that nothing is skipped, whatever crashes.
package feed

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/api"
	"github.com/anysms/anysms/router/ledger"
)

// Payload is what is told of a change.
type Payload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

// optOut is the data of optout.added and optout.removed.
type optOut = api.OptOut

// encode returns what is told of a change; nil = nothing, because the message was
// deleted meanwhile.
func encode(c *ledger.Change) []byte {
	p := Payload{Type: c.Type, Timestamp: c.At}
	switch {
	case c.OptOut != nil:
		p.Data = optOut(*c.OptOut)
	case c.Event != nil:
		p.Data = api.NewEvent(c.Event)
	case c.Message != nil:
		p.Data = api.NewMessage(c.Message)
	default:
		return nil
	}
	b, _ := json.Marshal(p) // plain fields cannot fail
	return b
}

// ShortName is the name of a type of event in the configuration.
func ShortName(kind string) string { return strings.TrimPrefix(kind, "message.") }

// pollEvery is how often the ledger is asked for changes.
const pollEvery = 200 * time.Millisecond

// readAtOnce is how many changes a webhook reads at once.
const readAtOnce = 200

// Source is the end of the ledger's feed, which one goroutine watches for all readers.
type Source struct {
	ledger *ledger.Ledger
	pages  pages

	mu    sync.Mutex
	end   int64
	moved chan struct{} // is closed when end grows
}

// NewSource returns the source of a ledger.
func NewSource(ctx context.Context, l *ledger.Ledger) (*Source, error) {
	end, err := l.FeedEnd(ctx)
	return &Source{ledger: l, end: end, moved: make(chan struct{})}, err
}

// Run watches the feed until the context ends.
func (s *Source) Run(ctx context.Context) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		end, err := s.ledger.FeedEnd(ctx)
		if err != nil {
			continue // the database is away; what came meanwhile is seen afterwards
		}
		s.mu.Lock()
		if end > s.end {
			s.end = end
			close(s.moved)
			s.moved = make(chan struct{})
		}
		s.mu.Unlock()
	}
}

// End returns the last change, and a channel that is closed when there is another.
func (s *Source) End() (seq int64, moved <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end, s.moved
}

// Read returns what comes after a change.
func (s *Source) Read(ctx context.Context, after int64) ([]ledger.Change, error) {
	return s.ledger.Feed(ctx, after, readAtOnce)
}

// errAhead is about an event that has not happened.
var errAhead = errors.New("there is no such event yet")

// check returns why a reader cannot go on after a change: whoever waited for those after one
// that is not there would miss all until then.
func (s *Source) check(ctx context.Context, after int64) error {
	if _, err := s.ledger.Feed(ctx, after, 1); err != nil {
		return err
	}
	if end, _ := s.End(); after <= end {
		return nil
	}
	end, err := s.ledger.FeedEnd(ctx) // another gateway may have told of it first
	if err == nil && after > end {
		err = errAhead
	}
	return err
}

// wants reports whether a list of short names, of which nil is all, has a type.
func wants(names []string, kind string) bool {
	return len(names) == 0 || slices.Contains(names, ShortName(kind))
}
