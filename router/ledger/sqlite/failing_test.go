package sqlite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

var errDisk = errors.New("disk I/O error")

// failing is a database in which one statement fails, once it has been carried out.
type failing struct {
	*database
	text string
	seen map[string]bool // statements
}

type failingTx struct {
	ledger.Tx
	db *failing
}

func (f failingTx) after(text string, err error) error {
	f.db.seen[text] = true
	if text == f.db.text {
		return errors.Join(err, errDisk)
	}
	return err
}

func (f failingTx) Query(ctx context.Context, row func(func(...any) error) error, text string, args ...any) error {
	return f.after(text, f.Tx.Query(ctx, row, text, args...))
}

func (f failingTx) Exec(ctx context.Context, text string, args ...[]any) (int64, error) {
	n, err := f.Tx.Exec(ctx, text, args...)
	return n, f.after(text, err)
}

func (f *failing) wrapped(do func(ledger.Tx) error) func(ledger.Tx) error {
	return func(in ledger.Tx) error { return do(failingTx{in, f}) }
}

func (f *failing) Commit(ctx context.Context, do func(ledger.Tx) error) (func() error, error) {
	return f.database.Commit(ctx, f.wrapped(do))
}

func (f *failing) Write(ctx context.Context, do func(ledger.Tx) error) error {
	return f.database.Write(ctx, f.wrapped(do))
}

func (f *failing) Read(ctx context.Context, do func(ledger.Tx) error) error {
	return f.database.Read(ctx, f.wrapped(do))
}

func (f *failing) Version(ctx context.Context, tx ledger.Tx) (int64, error) {
	return f.database.Version(ctx, tx.(failingTx).Tx)
}

const someone = "+306941234567"

// callers make calls to a ledger.
type callers struct {
	*testing.T
	*ledger.Ledger
	message *provider.Message
}

func (c *callers) claim(n int) router.Claim {
	ref := fmt.Sprint("r", n)
	e := &router.JournalEntry{Key: ref, Provider: "athens", Attempt: c.NewAttempt(), Message: c.message}
	return router.Claim{Ref: ref, Fingerprint: ref, Owner: ref, Keep: time.Hour, Message: c.message, Intent: e}
}

func (c *callers) begin(n int) error {
	_, err := c.Begin(c.Context(), c.claim(n))
	return err
}

func (c *callers) finish(n int, o provider.Outcome) error {
	return c.Finish(c.Context(), c.claim(n), &router.Result{Status: o, Provider: "athens", ID: fmt.Sprint("A", n, ",B", n)})
}

func (c *callers) send(n int, o provider.Outcome) {
	require.NoError(c, errors.Join(c.begin(n), c.finish(n, o)))
}

// job is a message to queue, without a ref if n is 0.
func (c *callers) job(n int) []*ledger.Job {
	m := *c.message
	if n > 0 {
		m.Ref = fmt.Sprint("q", n)
	}
	return []*ledger.Job{{Message: &m, Due: time.Now(), Keep: time.Hour}}
}

func (c *callers) queued() string {
	list, err := c.Enqueue(c.Context(), c.job(0))
	require.NoError(c, err)
	return list[0].ID
}

func (c *callers) dead() string {
	id := c.queued()
	require.NoError(c, c.EndJob(c.Context(), id, &router.Result{Status: provider.OutcomeNotSent}))
	return id
}

// sent is the id of a message that was sent.
func (c *callers) sent(n int) string {
	page, _, err := c.Messages(c.Context(), ledger.Filter{Ref: fmt.Sprint("r", n)})
	require.NoError(c, err)
	require.Len(c, page, 1)
	return page[0].ID
}

func (c *callers) record(e provider.Event) error {
	_, err := c.Record(c.Context(), "athens", e)
	return err
}

func (c *callers) search(f ledger.Filter) error {
	_, _, err := c.Messages(c.Context(), f)
	return err
}

// calls prepare what is done with a ledger, and return the call; n tells one time from the
// next.
var calls = map[string]func(c *callers, n int) func() error{
	"begin": func(c *callers, n int) func() error { return func() error { return c.begin(n) } },
	"begin again": func(c *callers, n int) func() error {
		c.send(n, provider.OutcomeNotSent)
		return func() error { return c.begin(n) }
	},
	"look": func(c *callers, n int) func() error {
		c.send(n, provider.OutcomeUnknown)
		return func() error { _, err := c.Look(c.Context(), c.claim(n)); return err }
	},
	"finish": func(c *callers, n int) func() error {
		require.NoError(c, c.begin(n))
		return func() error { return c.finish(n, provider.OutcomeAccepted) }
	},
	"record": func(c *callers, n int) func() error {
		c.send(n, provider.OutcomeAccepted)
		e := provider.Event{Kind: provider.Inbound, ID: fmt.Sprint("in", n), From: fmt.Sprintf("+3069%08d", n), To: "12345", Text: "STOP", InReplyTo: fmt.Sprint("A", n), Ref: fmt.Sprint("r", n), Attempt: c.NewAttempt()}
		return func() error { return c.record(e) }
	},
	"record at": func(c *callers, n int) func() error {
		return func() error { _, err := c.RecordAt(c.Context(), "athens", "inbox", fmt.Sprint(n)); return err }
	},
	"cursor": func(c *callers, _ int) func() error {
		return func() error { _, err := c.Cursor(c.Context(), "inbox"); return err }
	},
	"message": func(c *callers, n int) func() error {
		c.send(n, provider.OutcomeAccepted)
		id := c.sent(n)
		return func() error { _, err := c.Message(c.Context(), id); return err }
	},
	"reported": func(c *callers, n int) func() error {
		return func() error { _, err := c.Reported(c.Context(), "athens", fmt.Sprint("A", n, ",B", n)); return err }
	},
	"search by status": func(c *callers, n int) func() error {
		c.send(n, provider.OutcomeAccepted)
		return func() error { return c.search(ledger.Filter{Status: ledger.Accepted}) }
	},
	"search all": func(c *callers, _ int) func() error { return func() error { return c.search(ledger.Filter{}) } },
	"search by number": func(c *callers, _ int) func() error {
		return func() error { return c.search(ledger.Filter{To: someone}) }
	},
	"statistics": func(c *callers, n int) func() error {
		return func() error {
			_, err := c.Stats(c.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
			return err
		}
	},
	"daily sums": func(c *callers, n int) func() error {
		c.send(n, provider.OutcomeAccepted)
		return func() error {
			_, err := c.DailySums(c.Context(), ledger.AllNamespaces, time.Now().Add(-time.Hour))
			return err
		}
	},
	"sum up": func(c *callers, n int) func() error {
		c.send(n, provider.OutcomeAccepted)
		sumUp := func(since time.Time) error { return c.SumUp(c.Context(), since, since.Add(2*time.Hour)) }
		return func() error {
			if err := sumUp(time.Now().Add(-time.Hour)); err != nil {
				return err
			}
			return sumUp(time.Now().AddDate(1, 0, 0)) // forgets what was before
		}
	},
	"feed": func(c *callers, n int) func() error {
		c.send(n, provider.OutcomeAccepted)
		end, err := c.FeedEnd(c.Context())
		require.NoError(c, err)
		return func() error { _, err := c.Feed(c.Context(), end-1, 500); return err }
	},
	"end of the feed": func(c *callers, _ int) func() error {
		return func() error { _, err := c.FeedEnd(c.Context()); return err }
	},
	"unreadable": func(c *callers, _ int) func() error {
		return func() error { _, err := c.Unreadable(c.Context(), 0, 10); return err }
	},
	"unmatched": func(c *callers, _ int) func() error {
		return func() error { _, err := c.Unmatched(c.Context()); return err }
	},
	"erase": func(c *callers, n int) func() error {
		c.send(n, provider.OutcomeAccepted)
		require.NoError(c, c.record(provider.UnreadableItem(fmt.Append(nil, n, someone), errors.New("no status"))))
		return func() error { _, err := c.Erase(c.Context(), someone); return err }
	},
	"prune": func(c *callers, n int) func() error {
		e := router.JournalEntry{Key: fmt.Sprint(n), Provider: "athens", Attempt: c.NewAttempt(), Message: c.message}
		require.NoError(c, c.Intent(c.Context(), e))
		e.Outcome = provider.OutcomeAccepted
		require.NoError(c, errors.Join(c.Outcome(c.Context(), e), c.record(provider.Event{Kind: provider.Report, ID: fmt.Sprint("none", n)})))
		c.dead()
		time.Sleep(time.Millisecond) // so that it is old
		return func() error { _, err := c.Prune(c.Context()); return err }
	},
	"opt-outs": func(c *callers, n int) func() error {
		number := fmt.Sprintf("+3069%08d", n)
		_, err := c.OptOut(c.Context(), ledger.OptOut{Number: number, Scope: ledger.ScopeAll, Source: ledger.FromAPI})
		require.NoError(c, err)
		return func() error {
			for _, err := range c.OptOuts(c.Context(), number) {
				if err != nil {
					return err
				}
			}
			_, err := c.OptIn(c.Context(), number)
			return err
		}
	},
	"enqueue": func(c *callers, n int) func() error {
		return func() error { _, err := c.Enqueue(c.Context(), c.job(n)); return err }
	},
	"enqueue beside the caller's rows": func(c *callers, n int) func() error {
		list, err := c.Enqueue(c.Context(), c.job(n))
		require.NoError(c, err)
		require.NoError(c, c.EndJob(c.Context(), list[0].ID, &router.Result{Status: provider.OutcomeNotSent}))
		return func() error {
			return c.Database().Write(c.Context(), func(tx ledger.Tx) error {
				_, err := c.EnqueueIn(c.Context(), tx, c.job(n), func() error { return nil })
				return err
			})
		}
	},
	"job": func(c *callers, _ int) func() error {
		id := c.queued()
		return func() error { _, err := c.Job(c.Context(), id); return err }
	},
	"due jobs": func(c *callers, _ int) func() error {
		return func() error { _, _, err := c.DueJobs(c.Context(), provider.Transactional, time.Now(), 10); return err }
	},
	"depths": func(c *callers, _ int) func() error {
		return func() error { _, err := c.Depths(c.Context()); return err }
	},
	"pause": func(c *callers, n int) func() error {
		return func() error {
			err := c.SetPaused(c.Context(), provider.Marketing, n%2 == 0)
			_, another := c.Paused(c.Context(), provider.OTP)
			return errors.Join(err, another)
		}
	},
	"defer": func(c *callers, _ int) func() error {
		id := c.queued()
		return func() error { return c.Defer(c.Context(), id, ledger.Deferral{Until: time.Now()}) }
	},
	"cancel": func(c *callers, _ int) func() error {
		id := c.queued()
		return func() error { _, err := c.Cancel(c.Context(), id); return err }
	},
	"end a job": func(c *callers, _ int) func() error {
		id := c.queued()
		return func() error { return c.EndJob(c.Context(), id, &router.Result{Status: provider.OutcomeRefused}) }
	},
	"dead letter": func(c *callers, _ int) func() error {
		id := c.dead()
		return func() error { _, err := c.DeadLetter(c.Context(), id); return err }
	},
	"no dead letter": func(c *callers, n int) func() error {
		c.send(n, provider.OutcomeRefused)
		id := c.sent(n)
		return func() error {
			if _, err := c.DeadLetter(c.Context(), id); errors.Is(err, errDisk) {
				return err
			}
			return nil
		}
	},
	"requeue": func(c *callers, _ int) func() error {
		jobs := []*ledger.Job{{ID: c.dead(), Message: c.message}}
		return func() error { _, err := c.Requeue(c.Context(), jobs); return err }
	},
	"resolve": func(c *callers, n int) func() error {
		c.send(n, provider.OutcomeUnknown)
		id := c.sent(n)
		return func() error { return c.Resolve(c.Context(), id, provider.OutcomeNotSent) }
	},
	"recover": func(c *callers, _ int) func() error { return func() error { return c.Recover(c.Context()) } },
	"tokens": func(c *callers, n int) func() error {
		return func() error { _, err := c.CallbackTokens(c.Context(), fmt.Sprint("vendor ", n)); return err }
	},
	"rotate": func(c *callers, _ int) func() error {
		return func() error { _, err := c.RotateCallbackToken(c.Context(), "athens"); return err }
	},
	"lease": func(c *callers, _ int) func() error {
		return func() error {
			_, err := c.Lease(c.Context(), "name", "me", time.Hour)
			return errors.Join(err, c.EndLease(c.Context(), "name", "me"))
		}
	},
}

// TestNoFailureIsSilent makes each statement fail that a call carries out: the call returns
// the error, and the ledger works on.
func TestNoFailureIsSilent(t *testing.T) {
	db := &failing{database: openBench(t), seen: make(map[string]bool)}
	l, err := ledger.New(t.Context(), db, ledger.Options{Key: make([]byte, 32), Feed: true, Retention: time.Nanosecond, Settle: time.Nanosecond})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	c := &callers{t, l, &provider.Message{To: e164.MustParse(someone), Text: "Hello"}}
	n := 0
	call := func(name, text string) error {
		n++
		do := calls[name](c, n)
		clear(db.seen)
		db.text = text
		err := do()
		db.text = ""
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		require.NoError(t, call(name, ""), name)
		for _, text := range slices.Sorted(maps.Keys(db.seen)) {
			if err := call(name, text); db.seen[text] {
				assert.ErrorIs(t, err, errDisk, "%s: %s", name, text)
			}
		}
	}
	assert.Greater(t, n, 100)
}

// TestNewFails: a ledger whose database fails is not opened.
func TestNewFails(t *testing.T) {
	try := func(text string) (seen map[string]bool, err error) {
		dir := t.TempDir()
		inner, err := open(t.Context(), filepath.Join(dir, "anysms.db"))
		require.NoError(t, err)
		db := &failing{database: inner, text: text, seen: make(map[string]bool)}
		l, err := ledger.New(t.Context(), db, ledger.Options{Key: make([]byte, 32), Mark: filepath.Join(dir, "mark")})
		if err != nil {
			require.NoError(t, inner.Close())
			return nil, err
		}
		return db.seen, l.Close()
	}
	seen, err := try("")
	require.NoError(t, err)
	assert.Greater(t, len(seen), 3)
	for text := range seen {
		_, err := try(text)
		require.ErrorIs(t, err, errDisk, text)
	}
}
