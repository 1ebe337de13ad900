package riverqueue_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/queue/riverqueue"
)

// skewed returns the address of a schema in which the server has another clock, and what
// sets it.
func skewed(t *testing.T) (address string, set func(ahead time.Duration)) {
	u, err := url.Parse(postgrestest.Schema(t))
	require.NoError(t, err)
	q := u.Query()
	schema := q.Get("search_path")
	q.Set("search_path", schema+",pg_catalog") // the schema's own functions come first
	u.RawQuery = q.Encode()
	conn, err := pgx.Connect(t.Context(), u.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return u.String(), func(ahead time.Duration) {
		t.Helper()
		for _, name := range []string{"clock_timestamp", "now"} {
			_, err := conn.Exec(t.Context(), fmt.Sprintf(`CREATE OR REPLACE FUNCTION %s.%s() RETURNS timestamptz STABLE LANGUAGE sql
				AS 'SELECT pg_catalog.%[2]s() + interval ''%[3]d seconds'''`, schema, name, int(ahead.Seconds())))
			require.NoError(t, err)
		}
	}
}

// TestClocksApart: nothing is queued or sent by a clock that is far from the server's.
func TestClocksApart(t *testing.T) {
	address, set := skewed(t)
	s := newShopAt(t, address)
	for _, tt := range []struct {
		server time.Duration
		want   string // "" = it is close enough
	}{
		{time.Hour, "this machine's clock is 1h0m0s behind the database server's"},
		{-time.Hour, "this machine's clock is 1h0m0s ahead of the database server's"},
		{30 * time.Second, ""},
		{-30 * time.Second, ""},
	} {
		set(tt.server)
		q, err := riverqueue.New(t.Context(), s.ledger, s.router, queue.Options{})
		if tt.want == "" {
			require.NoError(t, err)
			q.Close()
			continue
		}
		require.ErrorContains(t, err, tt.want)
		var wrong *riverqueue.ClockError
		require.ErrorAs(t, err, &wrong)
		assert.InDelta(t, -tt.server.Seconds(), wrong.Ahead.Seconds(), 10)
		require.ErrorContains(t, s.queue.Run(t.Context()), tt.want, "it was set between New and Run")
	}
}

// TestClockJumps sets a clock while messages are sent: the worker finishes what is under way
// and stops. Once the clock is right again, the rest is sent, each message once.
func TestClockJumps(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			address, set := skewed(t)
			set(0)
			s := newShopAt(t, address)
			s.queue.SweepEvery(20 * time.Millisecond)
			ended := make(chan error, 1)
			go func() { ended <- s.queue.Run(t.Context()) }()
			var ids []string
			add := func() {
				t.Helper()
				m := order(fmt.Sprint("order-", len(ids)), "Your code is 123456")
				m.Class = provider.OTP
				id, err := s.queue.Enqueue(t.Context(), m)
				require.NoError(t, err)
				ids = append(ids, id)
			}
			for range 50 {
				add()
			}
			set(ahead)
			select {
			case err := <-ended:
				require.ErrorContains(t, err, "set the clocks")
			case <-time.After(2 * time.Minute):
				require.Fail(t, "the worker goes on")
			}
			add() // by a program that has not looked at the clock since
			set(0)
			s.queue.SweepEvery(time.Minute)
			s.run()
			for _, id := range ids {
				m := s.outcome(id)
				assert.Equal(t, ledger.Accepted, m.Status, m.Reason)
				assert.Equal(t, 1, s.vendor.Sent(id))
			}
		})
	}
}
