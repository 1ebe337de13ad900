package smpp_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// system is a process with a router, a ledger, and the driver that listens.
type system struct {
	t      *testing.T
	ledger *ledger.Ledger
	router *router.Router
	stop   func()
}

func start(t *testing.T, server *smpptest.Server, file string, change func(*smpp.Config)) *system {
	t.Helper()
	l, err := sqlite.Open(t.Context(), file, ledger.Options{})
	require.NoError(t, err)
	p := openAt(t, server, change)
	r, err := router.New([]router.Upstream{{Name: "operator", Provider: p}}, &router.Options{Store: l, Journal: l})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- provider.Listen(ctx, p, func(ctx context.Context, events []provider.Event) error {
			_, err := l.Record(ctx, "operator", events...)
			return err
		})
	}()
	require.Eventually(t, func() bool { _, _, trx := server.Bound(); return trx > 0 }, 30*time.Second, time.Millisecond)
	return &system{t: t, ledger: l, router: r, stop: func() {
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, r.Close(context.Background()))
		require.NoError(t, p.Close())
		require.NoError(t, l.Close())
	}}
}

func (s *system) send(ref, text string) *router.Result {
	s.t.Helper()
	return s.sendWithin(s.t.Context(), ref, text)
}

func (s *system) sendWithin(ctx context.Context, ref, text string) *router.Result {
	s.t.Helper()
	result, err := s.router.Send(ctx, &provider.Message{To: e164.MustParse("+306941234567"), From: "Example", Text: text, Ref: ref})
	if err != nil {
		require.Equal(s.t, provider.OutcomeUnknown, result.Status, "%v", err)
	}
	return result
}

func (s *system) status(ref string) ledger.Status {
	s.t.Helper()
	page, _, err := s.ledger.Messages(s.t.Context(), ledger.Filter{Ref: ref})
	require.NoError(s.t, err)
	require.Len(s.t, page, 1)
	return page[0].Status
}

// The SMSC reports on each segment, by its own id. Reports that come when the process
// that sent the message is gone find it by what the ledger has kept.
func TestReportsAfterRestart(t *testing.T) {
	server := smpptest.NewServer(smpptest.Config{})
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "anysms.db")

	before := start(t, server, file, nil)
	sent := before.send("long", strings.Repeat("0123456789", 40))
	assert.Equal(t, "1,2,3", sent.ID)
	require.NoError(t, server.Report("2", smpptest.StateDelivered))
	assert.Equal(t, ledger.Sent, before.status("long"))
	before.stop()

	after := start(t, server, file, nil)
	defer after.stop()
	require.NoError(t, server.Report("1", smpptest.StateDelivered))
	assert.Equal(t, ledger.Sent, after.status("long"), "one segment is missing")
	require.NoError(t, server.Report("3", smpptest.StateDelivered))
	assert.Equal(t, ledger.Delivered, after.status("long"))
	again := after.send("long", strings.Repeat("0123456789", 40))
	assert.True(t, again.Replayed)
	assert.Len(t, server.Messages(), 3, "nothing was sent again")
	unmatched, err := after.ledger.Unmatched(t.Context())
	require.NoError(t, err)
	assert.Zero(t, unmatched)
}

// A response that comes after the deadline settles the doubt, and nothing is sent again.
func TestLateResponseInTheLedger(t *testing.T) {
	server := smpptest.NewServer(smpptest.Config{})
	t.Cleanup(server.Close)
	s := start(t, server, filepath.Join(t.TempDir(), "anysms.db"), nil)
	defer s.stop()
	ctx, giveUp := context.WithCancel(t.Context())
	respond := make(chan struct{})
	release := sync.OnceFunc(func() { close(respond) })
	defer release()
	server.OnSubmit(func(smpptest.Message) smpptest.Reply {
		giveUp()
		return smpptest.Reply{Before: func(string) { <-respond }}
	})
	result := s.sendWithin(ctx, "late", "Hello")
	require.Equal(t, provider.OutcomeUnknown, result.Status)
	release()
	require.Eventually(t, func() bool { return s.status("late") == ledger.Accepted }, 30*time.Second, 5*time.Millisecond)
	require.NoError(t, server.Report("1", smpptest.StateDelivered))
	assert.Equal(t, ledger.Delivered, s.status("late"))
	again := s.send("late", "Hello")
	assert.Equal(t, provider.OutcomeAccepted, again.Status)
	assert.True(t, again.Replayed)
	assert.Len(t, server.Messages(), 1)
}

// Two of three segments were accepted when the third was refused. Reports about them
// belong to the message, in whose record its ids are, also after a restart.
func TestReportsOfAPartInTheLedger(t *testing.T) {
	server := smpptest.NewServer(smpptest.Config{ID: func(n int) string { return fmt.Sprintf("a,%d;", n) }})
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "anysms.db")
	before := start(t, server, file, nil)
	server.OnSubmit(func(m smpptest.Message) smpptest.Reply {
		if m.Segment == 3 {
			return smpptest.Reply{Status: 0x45}
		}
		return smpptest.Reply{}
	})
	result := before.send("long", strings.Repeat("0123456789", 40))
	require.Equal(t, provider.OutcomeUnknown, result.Status)
	require.NoError(t, server.Report("a,1;", smpptest.StateDelivered))
	before.stop()

	after := start(t, server, file, nil)
	defer after.stop()
	require.NoError(t, server.Report("a,2;", smpptest.StateDelivered))
	assert.Equal(t, ledger.Unknown, after.status("long"), "the third segment is missing")
	unmatched, err := after.ledger.Unmatched(t.Context())
	require.NoError(t, err)
	assert.Zero(t, unmatched)
	server.OnSubmit(nil)
	again := after.send("long", strings.Repeat("0123456789", 40))
	assert.Equal(t, provider.OutcomeUnknown, again.Status)
	assert.Len(t, server.Messages(), 2, "nothing was sent again")
}

// The second of two segments is accepted after the caller has given up.
func TestLateSegmentInTheLedger(t *testing.T) {
	server := smpptest.NewServer(smpptest.Config{})
	t.Cleanup(server.Close)
	s := start(t, server, filepath.Join(t.TempDir(), "anysms.db"), func(c *smpp.Config) {
		c.Query = true
	})
	defer s.stop()
	ctx, giveUp := context.WithCancel(t.Context())
	respond := make(chan struct{})
	release := sync.OnceFunc(func() { close(respond) })
	defer release()
	server.OnSubmit(func(m smpptest.Message) smpptest.Reply {
		if m.Segment == 2 {
			giveUp()
			return smpptest.Reply{Before: func(string) { <-respond }}
		}
		return smpptest.Reply{}
	})
	result := s.sendWithin(ctx, "late", strings.Repeat("0123456789", 20))
	require.Equal(t, provider.OutcomeUnknown, result.Status)
	release()
	require.Eventually(t, func() bool { return s.status("late") == ledger.Accepted }, 30*time.Second, 5*time.Millisecond)
	for _, id := range []string{"1", "2"} {
		require.NoError(t, server.Report(id, smpptest.StateDelivered))
	}
	assert.Equal(t, ledger.Delivered, s.status("late"))
	page, _, err := s.ledger.Messages(t.Context(), ledger.Filter{Ref: "late"})
	require.NoError(t, err)
	assert.Equal(t, "1,2;Example", page[0].ProviderID)
}
