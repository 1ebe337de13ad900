package ledgertest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// lab is a test with its ledger.
type lab struct {
	*testing.T
	*ledger.Ledger
	open func(ledger.Options) *ledger.Ledger
	try  func(ledger.Options) (*ledger.Ledger, error)
	ids  int
}

const number = "+306941234567"

func (l *lab) message(ref string) *provider.Message {
	return &provider.Message{To: e164.MustParse(number), From: "Example", Text: "a secret text", Ref: ref, Class: provider.Transactional, Tag: "test"}
}

func (l *lab) claim(ref, owner string) router.Claim {
	return router.Claim{Ref: ref, Fingerprint: "content of " + ref, Owner: owner, Keep: time.Hour, Message: l.message(ref)}
}

// begin begins an attempt at a provider and returns its id.
func (l *lab) begin(c router.Claim, name string) string {
	l.Helper()
	id := l.NewAttempt()
	c.Intent = &router.JournalEntry{Key: c.Ref, Fingerprint: c.Fingerprint, Provider: name, Attempt: id, Message: c.Message}
	_, err := l.Begin(l.Context(), c)
	require.NoError(l, err)
	return id
}

// send is a whole send with one attempt, and returns the attempt's id.
func (l *lab) send(ref, name string, o provider.Outcome, providerID string) string {
	l.Helper()
	c := l.claim(ref, "owner of "+ref)
	id := l.begin(c, name)
	require.NoError(l, l.Finish(l.Context(), c, result(id, name, o, providerID)))
	return id
}

func result(attempt, name string, o provider.Outcome, providerID string) *router.Result {
	r := &router.Result{
		Status: o, Provider: name, ID: providerID, Encoding: "gsm7", Segments: 1,
		Attempts: []router.Attempt{{ID: attempt, Provider: name, Outcome: o, StartedAt: time.Now(), Duration: 7 * time.Millisecond}},
	}
	switch o {
	case provider.OutcomeUnknown:
		r.Code = provider.Indeterminate
	case provider.OutcomeRefused:
		r.Code = provider.Rejected
	case provider.OutcomeNotSent:
		r.Code = provider.Unavailable
	}
	r.Attempts[0].Code = r.Code
	return r
}

// only returns the one message with a ref.
func (l *lab) only(ref string) *ledger.Message {
	l.Helper()
	page, next, err := l.Messages(l.Context(), ledger.Filter{Ref: ref})
	require.NoError(l, err)
	require.Len(l, page, 1)
	require.Empty(l, next)
	m, err := l.Message(l.Context(), page[0].ID)
	require.NoError(l, err)
	return m
}

func (l *lab) record(name string, events ...provider.Event) ledger.Recorded {
	l.Helper()
	counts, err := l.Record(l.Context(), name, events...)
	require.NoError(l, err)
	return counts
}

var reportTime = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func report(id string, s provider.Status) provider.Event {
	final := s != provider.StatusAccepted && s != provider.StatusQueued && s != provider.StatusSent && s != provider.StatusUnknown
	return provider.Event{Kind: provider.Report, ID: id, Status: s, Final: final, At: reportTime}
}
