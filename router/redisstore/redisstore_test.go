package redisstore_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/redisstore"
)

// server is a real Redis if ANYSMS_REDIS names one, else miniredis, whose clock
// the tests can move.
type server struct {
	client redis.UniversalClient
	mini   *miniredis.Miniredis // nil = a real one
}

func start(t *testing.T) server {
	t.Helper()
	s := server{}
	addr := os.Getenv("ANYSMS_REDIS")
	if addr == "" {
		s.mini = miniredis.RunT(t)
		addr = s.mini.Addr()
	}
	s.client = redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { assert.NoError(t, s.client.Close()) })
	return s
}

// pass advances the server's clock.
func (s server) pass(d time.Duration) {
	if s.mini != nil {
		s.mini.FastForward(d)
		return
	}
	time.Sleep(d)
}

func (s server) store(t *testing.T, lease time.Duration) *redisstore.Store {
	return redisstore.New(s.client, &redisstore.Options{Prefix: fmt.Sprintf("test:%s:%d:", t.Name(), time.Now().UnixNano()), Lease: lease})
}

func result(o provider.Outcome) *router.Result {
	return &router.Result{
		Ref: "r", Status: o, Provider: "a", ID: "m1", To: e164.MustParse("+306941234567"),
		Cost:     &router.Cost{Money: provider.Money{Micros: 40_000, Currency: "EUR"}},
		Attempts: []router.Attempt{{Provider: "a", Outcome: o, StartedAt: time.Now().UTC().Truncate(time.Millisecond), Duration: 5 * time.Millisecond}},
	}
}

func TestBeginAndFinish(t *testing.T) {
	for _, o := range []provider.Outcome{provider.OutcomeAccepted, provider.OutcomeUnknown, provider.OutcomeRefused, provider.OutcomeNotSent} {
		t.Run(string(o), func(t *testing.T) {
			s := start(t).store(t, time.Minute)
			prior, err := s.Begin(t.Context(), "r", "fp", time.Hour)
			require.NoError(t, err)
			require.Nil(t, prior)
			_, err = s.Begin(t.Context(), "r", "fp", time.Hour)
			require.ErrorIs(t, err, router.ErrInFlight)
			_, err = s.Begin(t.Context(), "r", "other", time.Hour)
			require.ErrorIs(t, err, router.ErrRefReused)
			require.NoError(t, s.Finish(t.Context(), "r", result(o)))

			prior, err = s.Begin(t.Context(), "r", "fp", time.Hour)
			require.NoError(t, err)
			switch o {
			case provider.OutcomeAccepted:
				assert.Equal(t, result(o).Cost, prior.Cost)
				assert.Equal(t, "m1", prior.ID)
				_, err = s.Begin(t.Context(), "r", "fp", time.Hour)
				require.NoError(t, err, "nothing is claimed")
			case provider.OutcomeUnknown:
				assert.Equal(t, o, prior.Status)
				assert.Equal(t, provider.OutcomeUnknown, prior.Attempts[0].Outcome)
				_, err = s.Begin(t.Context(), "r", "fp", time.Hour)
				require.ErrorIs(t, err, router.ErrInFlight, "it is claimed")
			default:
				assert.Nil(t, prior, "a new try")
			}
		})
	}
}

func TestClaimOfADeadOwnerIsUnknown(t *testing.T) {
	server := start(t)
	s := server.store(t, 100*time.Millisecond)
	_, err := s.Begin(t.Context(), "r", "fp", time.Hour)
	require.NoError(t, err)
	server.pass(200 * time.Millisecond)
	prior, err := s.Begin(t.Context(), "r", "fp", time.Hour)
	require.NoError(t, err)
	require.NotNil(t, prior)
	assert.Equal(t, provider.OutcomeUnknown, prior.Status)

	require.NoError(t, s.Finish(t.Context(), "r", result(provider.OutcomeAccepted)), "the owner was only slow")
	require.NoError(t, s.Finish(t.Context(), "r", result(provider.OutcomeUnknown)))
	prior, err = s.Begin(t.Context(), "r", "fp", time.Hour)
	require.NoError(t, err)
	assert.Equal(t, provider.OutcomeAccepted, prior.Status, "nothing is written over an acceptance")
}

func TestResultExpires(t *testing.T) {
	server := start(t)
	s := server.store(t, 50*time.Millisecond)
	_, err := s.Begin(t.Context(), "r", "fp", 100*time.Millisecond)
	require.NoError(t, err)
	server.pass(200 * time.Millisecond)
	require.Error(t, s.Finish(t.Context(), "r", result(provider.OutcomeAccepted)))
	prior, err := s.Begin(t.Context(), "r", "other", time.Hour)
	require.NoError(t, err)
	assert.Nil(t, prior)
}

// Two machines with one store: the same refs at the same time go out once.
func TestTwoMachines(t *testing.T) {
	server := start(t)
	shared := server.store(t, time.Minute)
	vendor, err := memory.New(memory.Config{})
	require.NoError(t, err)
	var machines []*router.Router
	for range 2 {
		r, err := router.New([]router.Upstream{{Name: "a", Provider: vendor}}, &router.Options{Store: shared, Validation: router.Shape})
		require.NoError(t, err)
		machines = append(machines, r)
	}
	var wg sync.WaitGroup
	for i := range 100 {
		for _, r := range machines {
			wg.Go(func() {
				res, err := r.Send(context.Background(), &provider.Message{To: e164.MustParse("+306941234567"), Text: "x", Ref: fmt.Sprint(i)})
				if assert.NoError(t, err) {
					assert.Equal(t, provider.OutcomeAccepted, res.Status)
				}
			})
		}
	}
	wg.Wait()
	assert.Equal(t, 100, vendor.Accepted())
}

func TestRedisUnreachable(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer client.Close()
	vendor, err := memory.New(memory.Config{})
	require.NoError(t, err)
	r, err := router.New([]router.Upstream{{Name: "a", Provider: vendor}}, &router.Options{Store: redisstore.New(client, nil)})
	require.NoError(t, err)
	res, err := r.Send(t.Context(), &provider.Message{To: e164.MustParse("+306941234567"), Text: "x", Ref: "r"})
	require.Error(t, err)
	assert.Equal(t, provider.OutcomeNotSent, res.Status)
	assert.Zero(t, vendor.Attempts())
}

func TestSharedLimit(t *testing.T) {
	server := start(t)
	name := fmt.Sprint(t.Name(), time.Now().UnixNano())
	one, err := redisstore.NewLimiter(server.client, name, 10)
	require.NoError(t, err)
	other, err := redisstore.NewLimiter(server.client, name, 10)
	require.NoError(t, err)
	wait, ok, err := one.Reserve(t.Context(), 1, 0)
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Zero(t, wait)
	wait, ok, err = other.Reserve(t.Context(), 1, 0)
	require.NoError(t, err)
	assert.False(t, ok, "the other machine had it")
	assert.InDelta(t, 100*time.Millisecond, wait, float64(50*time.Millisecond))
	for i := range 3 {
		wait, ok, err = other.Reserve(t.Context(), 1, router.Forever)
		require.NoError(t, err)
		assert.True(t, ok)
		assert.InDelta(t, time.Duration(i+1)*100*time.Millisecond, wait, float64(50*time.Millisecond))
	}
	_, err = redisstore.NewLimiter(server.client, "", 1)
	require.Error(t, err)
}

func TestHints(t *testing.T) {
	server := start(t)
	vendor, err := memory.New(memory.Config{Code: provider.Unavailable})
	require.NoError(t, err)
	r, err := router.New([]router.Upstream{{Name: "a", Provider: vendor}}, &router.Options{Retry: router.Retry{MaxAttempts: 1}})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	listening := make(chan error, 1)
	go func() { listening <- redisstore.NewHints(server.client, "here").Listen(ctx, r) }()

	there := redisstore.NewHints(server.client, "there")
	opened := router.Notice{Kind: router.NoticeBreaker, Provider: "a", To: router.BreakerOpen}
	require.NoError(t, there.Tell(ctx, router.Notice{Kind: router.NoticeAttempt}))
	m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "x"}
	_, _ = r.Send(ctx, m)
	require.Equal(t, router.BreakerClosed, r.States()[0].Breaker)
	require.Eventually(t, func() bool {
		require.NoError(t, there.Tell(ctx, opened))
		_, _ = r.Send(ctx, m)
		return r.States()[0].Breaker == router.BreakerOpen && vendor.Attempts() < 5
	}, 5*time.Second, 5*time.Millisecond, "after a hint one failure suffices")
	stop()
	require.ErrorIs(t, <-listening, context.Canceled)
}

// deaf loses the reply to the first script after it was armed.
type deaf struct {
	net.Conn
	armed *atomic.Bool
	cut   bool
}

func (c *deaf) Write(b []byte) (int, error) {
	if bytes.Contains(bytes.ToLower(b), []byte("evalsha")) && c.armed.CompareAndSwap(true, false) {
		c.cut = true
	}
	return c.Conn.Write(b)
}

func (c *deaf) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.cut {
		_ = c.Conn.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

// The client repeats a call whose reply was lost; a claim that it made is still its
// own.
func TestClaimWhoseReplyWasLost(t *testing.T) {
	server := start(t)
	var armed atomic.Bool
	client := redis.NewClient(&redis.Options{Addr: server.client.(*redis.Client).Options().Addr, Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		return &deaf{Conn: c, armed: &armed}, err
	}})
	defer client.Close()
	s := redisstore.New(client, &redisstore.Options{Prefix: t.Name() + time.Now().String()})
	_, err := s.Begin(t.Context(), "warm", "fp", time.Hour)
	require.NoError(t, err)
	armed.Store(true)
	prior, err := s.Begin(t.Context(), "r", "fp", time.Hour)
	require.NoError(t, err)
	assert.Nil(t, prior)
	require.False(t, armed.Load())
	require.NoError(t, s.Finish(t.Context(), "r", result(provider.OutcomeUnknown)))
	armed.Store(true)
	prior, err = s.Begin(t.Context(), "r", "fp", time.Hour)
	require.NoError(t, err)
	if assert.NotNil(t, prior) {
		assert.Equal(t, "m1", prior.ID)
	}
	_, err = s.Begin(t.Context(), "r", "fp", time.Hour)
	require.ErrorIs(t, err, router.ErrInFlight)
}

// A claim does not expire while its message is in flight.
func TestClaimInFlightDoesNotExpire(t *testing.T) {
	server := start(t)
	s := server.store(t, time.Second)
	_, err := s.Begin(t.Context(), "r", "fp", 100*time.Millisecond)
	require.NoError(t, err)
	server.pass(300 * time.Millisecond)
	_, err = s.Begin(t.Context(), "r", "fp", 100*time.Millisecond)
	require.ErrorIs(t, err, router.ErrInFlight)
	require.NoError(t, s.Finish(t.Context(), "r", result(provider.OutcomeAccepted)))
	prior, err := s.Begin(t.Context(), "r", "fp", 100*time.Millisecond)
	require.NoError(t, err)
	require.NotNil(t, prior)
	server.pass(200 * time.Millisecond)
	prior, err = s.Begin(t.Context(), "r", "fp", 100*time.Millisecond)
	require.NoError(t, err)
	assert.Nil(t, prior)
}

func TestListenEndsWithItsClient(t *testing.T) {
	server := start(t)
	client := redis.NewClient(&redis.Options{Addr: server.client.(*redis.Client).Options().Addr})
	listening := make(chan error, 1)
	go func() { listening <- redisstore.NewHints(client, "here").Listen(t.Context(), nil) }()
	time.Sleep(50 * time.Millisecond)
	require.NoError(t, client.Close())
	select {
	case err := <-listening:
		require.Error(t, err)
	case <-time.After(3 * time.Second):
		t.Fatal("it spins")
	}
}
