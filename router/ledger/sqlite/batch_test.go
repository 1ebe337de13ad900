package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// gated is a database whose transactions wait at a gate, and that does not take a value
// with "poison" in it.
type gated struct {
	*database
	closed  bool
	gate    chan struct{}
	commits int
	writes  int
	before  func() // is called before a transaction; nil = nothing is
}

type poisoned struct{ ledger.Tx }

func (p poisoned) Exec(ctx context.Context, text string, args ...[]any) (int64, error) {
	if strings.Contains(fmt.Sprint(args), "poison") {
		return 0, fmt.Errorf("it is too large: %w", ledger.ErrBadValue)
	}
	return p.Tx.Exec(ctx, text, args...)
}

// enter waits at the gate.
func (g *gated) enter() {
	g.commits++
	if g.closed {
		<-g.gate
	}
	if g.before != nil {
		g.before()
	}
}

func (g *gated) Commit(ctx context.Context, f func(ledger.Tx) error) (func() error, error) {
	g.enter()
	return g.database.Commit(ctx, func(tx ledger.Tx) error { return f(poisoned{tx}) })
}

func (g *gated) Read(ctx context.Context, f func(ledger.Tx) error) error {
	if g.closed {
		<-g.gate
	}
	return g.database.Read(ctx, f)
}

func (g *gated) Write(ctx context.Context, f func(ledger.Tx) error) error {
	g.writes++
	return g.database.Write(ctx, f)
}

// serial is a gated database that makes one transaction durable before the next begins.
type serial struct {
	ledger.Database
	gated *gated
}

func (s serial) Write(ctx context.Context, f func(ledger.Tx) error) error {
	s.gated.enter()
	return s.Database.Write(ctx, func(tx ledger.Tx) error { return f(poisoned{tx}) })
}

// together makes changes that share a transaction, and returns what became of each.
func (g *gated) together(changes ...func() error) []error {
	g.closed, g.gate = true, make(chan struct{})
	errs := make([]error, len(changes))
	done := make(chan struct{})
	start := func(i int) {
		go func() { errs[i] = changes[i](); done <- struct{}{} }()
		synctest.Wait()
	}
	start(0) // it waits at the gate, and the others behind it
	for i := 1; i < len(changes); i++ {
		start(i)
	}
	g.closed = false
	close(g.gate)
	for range changes {
		<-done
	}
	return errs
}

// inBatches opens a ledger over a gated database.
func inBatches(t *testing.T, f func(t *testing.T, g *gated, l *ledger.Ledger)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		db, err := open(context.Background(), filepath.Join(dir, "anysms.db"))
		require.NoError(t, err)
		g := &gated{database: db}
		o := ledger.Options{Key: make([]byte, 32), Mark: filepath.Join(dir, "mark"), Log: slog.New(slog.NewTextHandler(&log, nil))}
		l, err := ledger.New(context.Background(), g, o)
		require.NoError(t, err)
		g.commits, g.writes = 0, 0
		f(t, g, l)
		require.NoError(t, l.Close())
		assert.Empty(t, log.String())
	})
}

func event(l *ledger.Ledger, id string) func() error {
	return func() error {
		counts, err := l.Record(context.Background(), "athens", provider.Event{Kind: provider.Inbound, ID: id, From: "+306941234567", Text: "hello"})
		if err == nil && counts.New != 1 {
			return errors.New("it is there already")
		}
		return err
	}
}

// TestOneSpoilsNoOther: changes that share a transaction with one that the database does not
// take are made all the same, and are durable.
func TestOneSpoilsNoOther(t *testing.T) {
	inBatches(t, func(t *testing.T, g *gated, l *ledger.Ledger) {
		list, err := l.Enqueue(t.Context(), []*ledger.Job{{Message: &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello"}, Due: time.Now()}})
		require.NoError(t, err)
		ended, forget := l.Watch(list[0].ID)
		defer forget()
		end := func() error {
			return l.EndJob(t.Context(), list[0].ID, &router.Result{Status: provider.OutcomeNotSent, Code: provider.Unavailable})
		}
		errs := g.together(event(l, "first"), event(l, "good"), event(l, "poison"), end, event(l, "good too"))
		require.ErrorIs(t, errs[2], ledger.ErrBadValue)
		errs[2] = nil
		assert.Equal(t, make([]error, 5), errs)
		assert.Equal(t, 1+1+1+4, g.commits, "to queue, the first, all others, and each of them by itself")
		assert.Zero(t, g.writes)
		select {
		case <-ended:
		default:
			assert.Fail(t, "who waits for an outcome is told")
		}
		for id, want := range map[string]string{"first": "it is there already", "good": "it is there already", "good too": "it is there already", "poison": "ledger: it is too large: the database does not take a value"} {
			require.EqualError(t, event(l, id)(), want, id)
		}
	})
}

// TestOneSpoilsNoOtherInLine is that over a database that does not tell what is durable later.
func TestOneSpoilsNoOtherInLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	synctest.Test(t, func(t *testing.T) {
		db, err := open(context.Background(), path)
		require.NoError(t, err)
		g := &gated{database: db}
		l, err := ledger.New(context.Background(), serial{struct{ ledger.Database }{db}, g}, ledger.Options{Key: make([]byte, 32)})
		require.NoError(t, err)
		errs := g.together(event(l, "first"), event(l, "good"), event(l, "poison"), event(l, "good too"))
		require.ErrorIs(t, errs[2], ledger.ErrBadValue)
		errs[2] = nil
		assert.Equal(t, make([]error, 4), errs)
		_, err = l.LockWorker(ledger.Worker{PID: 7})
		require.ErrorIs(t, err, errors.ErrUnsupported, "it takes any number of workers")
		require.NoError(t, l.Close())
	})
}

// TestTogether: changes that wait share one transaction, in which each is made once.
func TestTogether(t *testing.T) {
	inBatches(t, func(t *testing.T, g *gated, l *ledger.Ledger) {
		assert.Equal(t, make([]error, 3), g.together(event(l, "first"), event(l, "second"), event(l, "third")))
		assert.Equal(t, 2, g.commits)
	})
}

// TestOneOfABatchIsNotDurable: a change by itself is acknowledged when it is on disk only.
func TestOneOfABatchIsNotDurable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	synctest.Test(t, func(t *testing.T) {
		db, err := open(context.Background(), path)
		require.NoError(t, err)
		g := &gated{database: db}
		l, err := ledger.New(context.Background(), g, ledger.Options{Key: make([]byte, 32)})
		require.NoError(t, err)
		syncs, first := 0, make(chan struct{})
		db.wal.sync = func(f *os.File) error {
			if syncs++; syncs > 1 {
				return errors.New("input/output error")
			}
			defer close(first)
			return syncData(f)
		}
		g.commits, g.before = 0, func() {
			if g.commits > 1 {
				<-first // else they share its sync
			}
		}
		errs := g.together(event(l, "first"), event(l, "good"), event(l, "poison"))
		require.NoError(t, errs[0])
		require.ErrorContains(t, errs[1], "input/output error")
		require.Error(t, errs[2])
		_ = l.Close() // nothing can be written any more
	})
}

// TestBatchReadsAll: what changes of several kinds need is read for all of them.
func TestBatchReadsAll(t *testing.T) {
	inBatches(t, func(t *testing.T, g *gated, l *ledger.Ledger) {
		m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello"}
		list, err := l.Enqueue(t.Context(), []*ledger.Job{{Message: m, Due: time.Now(), Keep: time.Hour}})
		require.NoError(t, err)
		claim := func(ref, fingerprint string) router.Claim {
			c := router.Claim{Ref: ref, Fingerprint: fingerprint, Owner: "me", Keep: time.Hour, Message: m}
			c.Intent = &router.JournalEntry{Key: ref, Provider: "athens", Attempt: l.NewAttempt(), Message: m}
			return c
		}
		begin := func(c router.Claim) func() error {
			return func() error { _, err := l.Begin(context.Background(), c); return err }
		}
		plain := claim("plain", "f")
		require.NoError(t, begin(plain)())
		require.NoError(t, l.Finish(t.Context(), plain, &router.Result{Status: provider.OutcomeNotSent}))
		errs := g.together(event(l, "first"), begin(claim(list[0].ID, "")), begin(claim("plain", "other")), begin(claim("new", "f")))
		require.ErrorIs(t, errs[2], router.ErrRefReused)
		errs[2] = nil
		assert.Equal(t, make([]error, 4), errs)
		queued, err := l.Message(t.Context(), list[0].ID)
		require.NoError(t, err)
		assert.Equal(t, ledger.Sending, queued.Status)
	})
}

// TestLooksTogether: questions about queued messages and about others share a transaction.
func TestLooksTogether(t *testing.T) {
	inBatches(t, func(t *testing.T, g *gated, l *ledger.Ledger) {
		m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello"}
		list, err := l.Enqueue(t.Context(), []*ledger.Job{{Message: m, Due: time.Now(), Keep: time.Hour}})
		require.NoError(t, err)
		c := router.Claim{Ref: "sent", Fingerprint: "f", Owner: "me", Keep: time.Hour, Message: m}
		_, err = l.Begin(t.Context(), c)
		require.NoError(t, err)
		require.NoError(t, l.Finish(t.Context(), c, &router.Result{Status: provider.OutcomeAccepted, Provider: "athens", ID: "A1"}))
		known := make([]*router.Result, 3)
		look := func(i int, ref string) func() error {
			return func() (err error) {
				known[i], err = l.Look(context.Background(), router.Claim{Ref: ref, Fingerprint: "f", Owner: "another", Message: m})
				return err
			}
		}
		assert.Equal(t, make([]error, 3), g.together(look(0, "new"), look(1, list[0].ID), look(2, "sent")))
		assert.Nil(t, known[0])
		assert.Nil(t, known[1])
		require.NotNil(t, known[2])
		assert.Equal(t, "A1", known[2].ID)
	})
}

// TestNextIsWrittenMeanwhile: while one transaction is synced, the next is written.
func TestNextIsWrittenMeanwhile(t *testing.T) {
	inBatches(t, func(t *testing.T, g *gated, l *ledger.Ledger) {
		onDisk := make(chan struct{})
		g.wal.sync = func(f *os.File) error {
			<-onDisk
			return syncData(f)
		}
		errs := make(chan error, 2)
		for _, id := range []string{"one", "two"} {
			go func() { errs <- event(l, id)() }()
			synctest.Wait()
		}
		assert.Empty(t, errs, "neither is on disk")
		n := 0
		require.NoError(t, g.Read(t.Context(), func(tx ledger.Tx) error {
			return tx.Query(t.Context(), func(scan func(...any) error) error { return scan(&n) }, "SELECT count(*) FROM anysms_events")
		}))
		assert.Equal(t, 2, n)
		close(onDisk)
		require.NoError(t, <-errs)
		require.NoError(t, <-errs)
	})
}

// TestTokensAreRead: who asks for tokens that are there waits for no writer.
func TestTokensAreRead(t *testing.T) {
	inBatches(t, func(t *testing.T, g *gated, l *ledger.Ledger) {
		for range 3 {
			_, err := l.CallbackTokens(t.Context(), "athens")
			require.NoError(t, err)
		}
		assert.Equal(t, 1, g.writes)
	})
}

// TestDueJobsAreRead: who looks for jobs changes nothing, so that an idle queue costs no sync.
func TestDueJobsAreRead(t *testing.T) {
	inBatches(t, func(t *testing.T, g *gated, l *ledger.Ledger) {
		m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello"}
		_, err := l.Enqueue(t.Context(), []*ledger.Job{{Message: m, Due: time.Now(), Keep: time.Hour}})
		require.NoError(t, err)
		g.commits = 0
		for _, class := range []provider.Class{provider.Transactional, provider.OTP} {
			_, _, err := l.DueJobs(t.Context(), class, time.Now(), 10)
			require.NoError(t, err)
		}
		assert.Zero(t, g.commits+g.writes)
	})
}

// heldUp is a database whose Write waits for a gate; nil = for nothing.
type heldUp struct {
	ledger.Database
	gate chan struct{}
}

func (h *heldUp) Write(ctx context.Context, f func(ledger.Tx) error) error {
	if h.gate != nil {
		<-h.gate
	}
	return h.Database.Write(ctx, f)
}

// TestTokensAreMadeOnce: two who find no token, and make one after the other, have the same.
func TestTokensAreMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	synctest.Test(t, func(t *testing.T) {
		inner, err := open(context.Background(), path)
		require.NoError(t, err)
		db := &heldUp{Database: inner}
		l, err := ledger.New(context.Background(), db, ledger.Options{Key: make([]byte, 32)})
		require.NoError(t, err)
		db.gate = make(chan struct{})
		lists, errs := make([][]ledger.Token, 2), make(chan error, 2)
		for i := range lists {
			go func() {
				var err error
				lists[i], err = l.CallbackTokens(context.Background(), "athens")
				errs <- err
			}()
			synctest.Wait()
		}
		close(db.gate)
		require.NoError(t, errors.Join(<-errs, <-errs))
		assert.Len(t, lists[0], 1)
		assert.Equal(t, lists[0], lists[1])
		require.NoError(t, l.Close())
	})
}

// TestEndIsNotReadAgain: what a process has claimed itself is not read again when its send ends.
func TestEndIsNotReadAgain(t *testing.T) {
	db := openBench(t)
	l, err := ledger.New(t.Context(), db, ledger.Options{Key: make([]byte, 32)})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello", Ref: "r"}
	c := router.Claim{Ref: "r", Fingerprint: "f", Owner: "me", Keep: time.Hour, Message: m}
	for range 2 { // the second time another process may have written
		c.Intent = &router.JournalEntry{Key: "r", Provider: "athens", Attempt: l.NewAttempt(), Message: m}
		_, err = l.Begin(t.Context(), c)
		require.NoError(t, err)
	}
	require.NoError(t, l.Finish(t.Context(), c, &router.Result{Status: provider.OutcomeNotSent}))
	for text := range db.writer.statements {
		assert.NotContains(t, text, "FROM anysms_messages")
	}
}
