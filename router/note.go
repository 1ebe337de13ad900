package router

import (
	"context"
	"crypto/rand"
	"time"
)

// noteIntent tells the journal that bytes may leave now.
func (s *send) noteIntent(ctx context.Context, c *candidate) error {
	if s.Journal == nil {
		return nil
	}
	if s.key == "" && s.m.Ref != "" {
		s.key = numbered(s.m.Ref, 1)
	}
	if s.key == "" {
		s.key = fingerprint(s.m) + "-" + rand.Text()
	}
	return s.Journal.Intent(ctx, JournalEntry{Key: s.key, Provider: c.line.Name, At: time.Now()})
}

// noteOutcome tells it what became of the message. The result stands even if
// that cannot be written.
func (s *send) noteOutcome(ctx context.Context) {
	if s.Journal == nil || s.key == "" || s.result.Replayed {
		return
	}
	r := s.result
	e := JournalEntry{Key: s.key, Provider: r.Provider, Outcome: r.Status, Code: r.Code, ID: r.ID, At: time.Now()}
	if err := s.Journal.Outcome(context.WithoutCancel(ctx), e); err != nil {
		s.fault(s.m.Ref, err)
	}
}
