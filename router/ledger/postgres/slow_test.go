package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
)

func slowReport(id string) provider.Event {
	return provider.Event{Kind: provider.Report, ID: id, Status: provider.StatusSent}
}

// A server that is slow, stands still or is cut off: an event is acknowledged when it is
// durable, or the caller is told; either way it is there once when it was sent again.
func TestSlowServer(t *testing.T) {
	address := postgrestest.Schema(t)
	network, through := postgrestest.NewNetwork(t, address)
	l, err := postgres.Open(t.Context(), through, ledger.Options{Key: testKey})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	record := func(ctx context.Context, id string) (ledger.Recorded, error) {
		return l.Record(ctx, "athens", slowReport(id))
	}

	network.Delay(20 * time.Millisecond)
	counts, err := record(t.Context(), "slow")
	require.NoError(t, err)
	assert.Equal(t, 1, counts.New)
	network.Delay(0)

	network.Stop() // it stands still
	limited, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	_, err = record(limited, "still")
	cancel()
	require.ErrorIs(t, err, context.DeadlineExceeded, "the caller's time holds")
	network.Resume()
	counts, err = record(t.Context(), "still") // the vendor repeats it
	require.NoError(t, err)
	assert.Equal(t, 1, counts.New+counts.Repeated)

	network.Stop() // it stands still, and then the line breaks
	ended := make(chan error, 1)
	go func() {
		_, err := record(t.Context(), "cut")
		ended <- err
	}()
	time.AfterFunc(50*time.Millisecond, network.Cut)
	time.AfterFunc(60*time.Millisecond, network.Resume)
	if err := <-ended; err != nil {
		_, err = record(t.Context(), "cut")
		require.NoError(t, err, "a new connection is made")
	}

	direct, err := postgres.Open(t.Context(), address, ledger.Options{Key: testKey})
	require.NoError(t, err)
	defer func() { require.NoError(t, direct.Close()) }()
	n, err := direct.Unmatched(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 3, n, "each of them once")
}

// Connections that are found dead cost no call.
func TestDeadConnections(t *testing.T) {
	network, through := postgrestest.NewNetwork(t, postgrestest.Schema(t))
	l, err := postgres.Open(t.Context(), through, ledger.Options{Key: testKey})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	db := l.Database()
	count := func(tx ledger.Tx) error {
		return tx.Query(t.Context(), func(scan func(...any) error) error { return scan(new(int)) }, `SELECT COUNT(*) FROM anysms_messages`)
	}
	read := count
	for range 4 { // at once
		inner := read
		read = func(tx ledger.Tx) error { return errors.Join(count(tx), db.Read(t.Context(), inner)) }
	}
	require.NoError(t, db.Read(t.Context(), read))
	network.Cut()
	require.NoError(t, db.Read(t.Context(), count))
	require.NoError(t, db.Read(t.Context(), read))
	network.Cut()
	counts, err := l.Record(t.Context(), "athens", slowReport("cut"))
	require.NoError(t, err)
	assert.Equal(t, 1, counts.New)
}
