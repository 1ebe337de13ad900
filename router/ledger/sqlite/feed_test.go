package sqlite

import (
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// A commit can be seen before it is on disk. The feed does not tell of it before: after a
// power cut the number of a change that was lost would stand for another one, which a
// consumer would never see.
func TestFeedTellsWhatIsDurable(t *testing.T) {
	db := openBench(t)
	l, err := ledger.New(t.Context(), db, ledger.Options{Key: make([]byte, 32), Feed: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	start, err := l.FeedEnd(t.Context())
	require.NoError(t, err)

	var durable atomic.Bool
	begun, onDisk := make(chan struct{}, 100), make(chan struct{})
	db.wal.sync = func(f *os.File) error {
		begun <- struct{}{}
		<-onDisk
		durable.Store(true)
		return syncData(f)
	}
	recorded := make(chan error, 1)
	go func() {
		_, err := l.Record(t.Context(), "athens", provider.Event{Kind: provider.Inbound, ID: "in", From: "+306941234567", Text: "hello"})
		recorded <- err
	}()
	<-begun // the commit is in the log, and can be seen
	time.AfterFunc(50*time.Millisecond, func() { close(onDisk) })
	list, err := l.Feed(t.Context(), start, 10)
	assert.True(t, durable.Load() || len(list) == 0, "the feed told of a change that was not on disk")
	require.NoError(t, err)
	require.Len(t, list, 1)
	end, err := l.FeedEnd(t.Context())
	require.NoError(t, err)
	assert.Equal(t, list[0].Seq, end)
	require.NoError(t, <-recorded)
}

// What may not be on disk is not told at all.
func TestFeedAfterAFailedSync(t *testing.T) {
	db := openBench(t)
	l, err := ledger.New(t.Context(), db, ledger.Options{Key: make([]byte, 32), Feed: true})
	require.NoError(t, err)
	defer func() { _ = l.Close() }() // nothing can be written any more
	db.wal.sync = func(*os.File) error { return errors.New("input/output error") }
	_, err = l.Record(t.Context(), "athens", provider.Event{Kind: provider.Inbound, ID: "in", From: "+306941234567", Text: "hello"})
	require.ErrorContains(t, err, "input/output error")
	list, err := l.Feed(t.Context(), 0, 10)
	require.ErrorContains(t, err, "input/output error")
	assert.Empty(t, list)
	_, err = l.FeedEnd(t.Context())
	require.ErrorContains(t, err, "input/output error")
}
