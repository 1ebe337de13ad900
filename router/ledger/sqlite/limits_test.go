package sqlite_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

func opened(t *testing.T, o ledger.Options) *ledger.Ledger {
	t.Helper()
	l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "anysms.db"), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// TestManyCombinations searches messages with more combinations of what they have in common
// than are looked at one by one.
func TestManyCombinations(t *testing.T) {
	const many = 410
	l := opened(t, ledger.Options{})
	var work sync.WaitGroup
	for i := range many {
		work.Go(func() {
			m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello", Class: provider.Marketing}
			e := router.JournalEntry{Key: fmt.Sprint(i), Provider: fmt.Sprint("vendor ", i), Attempt: l.NewAttempt(), Message: m}
			assert.NoError(t, l.Intent(t.Context(), e))
			e.Outcome = provider.OutcomeRefused
			assert.NoError(t, l.Outcome(t.Context(), e))
		})
	}
	work.Wait()
	page, next, err := l.Messages(t.Context(), ledger.Filter{Class: provider.Marketing, Limit: ledger.MaxLimit})
	require.NoError(t, err)
	assert.Len(t, page, many)
	assert.Empty(t, next)
}

// TestFeedRetention: the feed is kept for as long as the messages, and no longer, however
// much it is.
func TestFeedRetention(t *testing.T) {
	const many = 100
	aged(t, ledger.Options{Feed: true}, func(t *testing.T, l *ledger.Ledger) {
		start, err := l.FeedEnd(t.Context())
		require.NoError(t, err)
		events := make([]provider.Event, many)
		for i := range events {
			events[i] = provider.Event{Kind: provider.Inbound, ID: fmt.Sprint("in-", i), From: "+306941234567", Text: "hello"}
		}
		_, err = l.Record(t.Context(), "athens", events...)
		require.NoError(t, err)
		time.Sleep(90*24*time.Hour - time.Minute)
		p, err := l.Prune(t.Context())
		require.NoError(t, err)
		assert.Zero(t, p)
		list, err := l.Feed(t.Context(), start, 500)
		require.NoError(t, err)
		require.Len(t, list, many)
		time.Sleep(2 * time.Minute)
		p, err = l.Prune(t.Context())
		require.NoError(t, err)
		assert.Equal(t, ledger.Pruned{Events: many}, p)
		left := -1
		require.NoError(t, l.Database().Read(t.Context(), func(tx ledger.Tx) error {
			return tx.Query(t.Context(), func(scan func(...any) error) error { return scan(&left) }, "SELECT count(*) FROM anysms_feed")
		}))
		assert.Zero(t, left)
		_, err = l.Feed(t.Context(), list[many-2].Seq, 10)
		require.ErrorIs(t, err, ledger.ErrPruned)
		list, err = l.Feed(t.Context(), list[many-1].Seq, 10)
		require.NoError(t, err)
		assert.Empty(t, list)
	})
}

// TestDeadLettersRetention: however many they are, they go three days after they were given up.
func TestDeadLettersRetention(t *testing.T) {
	const many = 100
	aged(t, ledger.Options{}, func(t *testing.T, l *ledger.Ledger) {
		jobs := make([]*ledger.Job, many)
		for i := range jobs {
			jobs[i] = &ledger.Job{Message: &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello"}, Due: time.Now()}
		}
		list, err := l.Enqueue(t.Context(), jobs)
		require.NoError(t, err)
		for _, one := range list {
			require.NoError(t, l.EndJob(t.Context(), one.ID, &router.Result{Status: provider.OutcomeNotSent, Code: provider.Unavailable}))
		}
		dead := func() int {
			letters, err := l.DeadLetters(t.Context(), ledger.DeadFilter{Limit: 500})
			require.NoError(t, err)
			return len(letters)
		}
		time.Sleep(72*time.Hour - time.Minute)
		_, err = l.Prune(t.Context())
		require.NoError(t, err)
		assert.Equal(t, many, dead())
		time.Sleep(2 * time.Minute)
		p, err := l.Prune(t.Context())
		require.NoError(t, err)
		assert.Equal(t, ledger.Pruned{Texts: many}, p)
		assert.Zero(t, dead())
	})
}

// TestStatsOfLateAttempts: an attempt counts when it was begun, though its id is older.
func TestStatsOfLateAttempts(t *testing.T) {
	aged(t, ledger.Options{}, func(t *testing.T, l *ledger.Ledger) {
		id := l.NewAttempt()
		time.Sleep(6 * 24 * time.Hour)
		m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello"}
		require.NoError(t, l.Intent(t.Context(), router.JournalEntry{Key: "k", Provider: "athens", Attempt: id, Message: m}))
		list, err := l.Stats(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
		require.NoError(t, err)
		require.Len(t, list, 1)
		assert.Equal(t, 1, list[0].UnderWay)
	})
}

// TestWorkerLock: one process works on the queue; a second one is told which.
func TestWorkerLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	var ledgers []*ledger.Ledger
	for range 2 {
		l, err := sqlite.Open(t.Context(), path, ledger.Options{})
		require.NoError(t, err)
		defer func() { require.NoError(t, l.Close()) }()
		ledgers = append(ledgers, l)
	}
	for address, want := range map[string]string{"": "pid 7", "127.0.0.1:8025": "pid 7 at 127.0.0.1:8025"} {
		unlock, err := ledgers[0].LockWorker(ledger.Worker{PID: 7, Address: address})
		require.NoError(t, err)
		_, err = ledgers[1].LockWorker(ledger.Worker{PID: 8})
		var other *ledger.WorkerError
		require.ErrorAs(t, err, &other)
		assert.Equal(t, ledger.Worker{PID: 7, Address: address}, other.Worker)
		require.EqualError(t, err, "another process works on this queue: "+want)
		require.NoError(t, os.WriteFile(path+".worker", []byte("?"), 0o600))
		_, err = ledgers[1].LockWorker(ledger.Worker{PID: 8})
		require.ErrorContains(t, err, "has not said which")
		require.NoError(t, os.Remove(path+".worker"))
		_, err = ledgers[1].LockWorker(ledger.Worker{PID: 8})
		require.ErrorContains(t, err, "has not said which")
		require.NoError(t, os.WriteFile(path+".worker", nil, 0o600))
		require.NoError(t, unlock())
		unlock, err = ledgers[1].LockWorker(ledger.Worker{PID: 8})
		require.NoError(t, err, "it is free again")
		require.NoError(t, unlock())
		assert.NoFileExists(t, path+".worker")
	}
	require.NoError(t, os.Mkdir(path+".worker", 0o700))
	_, err := ledgers[0].LockWorker(ledger.Worker{PID: 7})
	require.Error(t, err, "the next one could not be told")
	require.NoError(t, os.Remove(path+".worker"))
	unlock, err := ledgers[0].LockWorker(ledger.Worker{PID: 7})
	require.NoError(t, err, "the lock was given up")
	require.NoError(t, unlock())
}

// TestNoFingerprintOnDisk: the text of a one-time code can be guessed from a fingerprint that
// is not keyed, so none is written down.
func TestNoFingerprintOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	l, err := sqlite.Open(t.Context(), path, ledger.Options{})
	require.NoError(t, err)
	vendor, err := memory.New(memory.Config{})
	require.NoError(t, err)
	r, err := router.New([]router.Upstream{{Name: "usa", Provider: vendor}}, &router.Options{Store: l, Journal: l, Validation: router.Shape})
	require.NoError(t, err)
	var fingerprints []string
	for _, ref := range []string{"", "r"} {
		m := &provider.Message{To: e164.MustParse("+12125550123"), Text: "Your code is 123456", Ref: ref, Class: provider.OTP}
		_, err := r.Send(t.Context(), m)
		require.NoError(t, err)
		fingerprints = append(fingerprints, router.Fingerprint(m))
		list, err := l.Enqueue(t.Context(), []*ledger.Job{{Message: m, Due: time.Now(), Namespace: "shop", Keep: time.Hour}})
		require.NoError(t, err)
		cancelled, err := l.Cancel(t.Context(), list[0].ID)
		require.NoError(t, err)
		require.True(t, cancelled)
	}
	require.NoError(t, r.Close(context.Background()))
	log, err := os.ReadFile(path + "-wal")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.True(t, bytes.Contains(file, []byte("att_")), "the attempts are there")
	for _, f := range fingerprints {
		assert.False(t, bytes.Contains(file, []byte(f)) || bytes.Contains(log, []byte(f)), "a fingerprint was written down")
	}
}

// TestErasedJob: a message that waits in the queue for an erased number is not sent.
func TestErasedJob(t *testing.T) {
	l := opened(t, ledger.Options{})
	m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello"}
	list, err := l.Enqueue(t.Context(), []*ledger.Job{{Message: m, Due: time.Now(), Keep: time.Hour}})
	require.NoError(t, err)
	erase(t, l)
	_, err = l.Job(t.Context(), list[0].ID)
	require.ErrorIs(t, err, ledger.ErrNotQueued)
	c := router.Claim{Ref: list[0].ID, Owner: "me", Message: m}
	_, err = l.Begin(t.Context(), c)
	require.ErrorIs(t, err, ledger.ErrNotQueued)
	got, err := l.Message(t.Context(), list[0].ID)
	require.NoError(t, err)
	assert.Equal(t, ledger.Cancelled, got.Status)
}

// TestRestoredLogs: a database that was restored from a backup is a warning, and no other is.
func TestRestoredLogs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	use := func(ids ...string) string {
		var log bytes.Buffer
		l, err := sqlite.Open(context.Background(), path, ledger.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		require.NoError(t, err)
		for _, id := range ids {
			_, err := l.Record(t.Context(), "athens", provider.Event{Kind: provider.Report, ID: id, Status: provider.StatusSent})
			require.NoError(t, err)
		}
		require.NoError(t, l.Close())
		return log.String()
	}
	assert.Empty(t, use("1"))
	backup, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Empty(t, use("2", "3"))
	require.NoError(t, os.WriteFile(path, backup, 0o600))
	assert.Equal(t, 1, strings.Count(use(), "restored from an older backup"))
}
