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
	"github.com/anysms/anysms/router/storetest"
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

// claim is a claim on a ref.
func claim(ref, owner string) router.Claim {
	return router.Claim{Ref: ref, Fingerprint: "fp", Owner: owner, Keep: time.Hour}
}

func TestStore(t *testing.T) {
	server := start(t)
	lease := 2 * time.Second
	if server.mini != nil {
		lease = time.Minute
	}
	storetest.Run(t, storetest.Harness{
		Open: func(_ *testing.T, prefix string) router.Store {
			return redisstore.New(server.client, &redisstore.Options{Prefix: prefix, Lease: lease, Key: []byte("a secret of the machines")})
		},
		Lease: lease, Pass: server.pass,
	})
}

// Nobody who reads Redis learns what a message said.
func TestFingerprintsAreKeyed(t *testing.T) {
	server := start(t)
	written := make(map[string]bool)
	for _, key := range []string{"", "a secret of the machines", "another secret"} {
		prefix := fmt.Sprintf("test:%s:%d:%s:", t.Name(), time.Now().UnixNano(), key)
		s := redisstore.New(server.client, &redisstore.Options{Prefix: prefix, Key: []byte(key)})
		for _, ref := range []string{"r1", "r2"} {
			_, err := s.Begin(t.Context(), claim(ref, "ann"))
			require.NoError(t, err)
			fields, err := server.client.HGetAll(t.Context(), prefix+"ref:{"+ref+"}").Result()
			require.NoError(t, err)
			require.Len(t, fields["fingerprint"], 32)
			assert.NotContains(t, fmt.Sprint(fields), "fp")
			written[fields["fingerprint"]] = true
		}
	}
	assert.Len(t, written, 6, "it differs by secret and by ref")
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

// promptly measures until the machine lets it end within the time, as waits that were
// told become shorter while it pauses.
func promptly(t *testing.T, within time.Duration, measure func() (judge func())) {
	t.Helper()
	for range 200 {
		began := time.Now()
		judge := measure()
		if time.Since(began) < within {
			judge()
			return
		}
	}
	require.Fail(t, "the machine is too slow", "not once in 200 times within %s", within)
}

func TestSharedLimit(t *testing.T) {
	server := start(t)
	promptly(t, 50*time.Millisecond, func() func() { return sharedLimit(t, server) })
	_, err := redisstore.NewLimiter(server.client, "", 1)
	require.Error(t, err)
}

// sharedLimit has two machines reserve under one limit of 10 per second.
func sharedLimit(t *testing.T, server server) (judge func()) {
	t.Helper()
	name := fmt.Sprint(t.Name(), time.Now().UnixNano())
	type reserved struct {
		wait time.Duration
		ok   bool
	}
	var got []reserved
	var machines [2]*redisstore.Limiter
	for i := range machines {
		var err error
		machines[i], err = redisstore.NewLimiter(server.client, name, 10)
		require.NoError(t, err)
	}
	for _, one := range []struct {
		machine  int
		patience time.Duration
	}{{0, 0}, {1, 0}, {1, router.Forever}, {1, router.Forever}, {1, router.Forever}} {
		wait, ok, err := machines[one.machine].Reserve(t.Context(), 1, one.patience)
		require.NoError(t, err)
		got = append(got, reserved{wait, ok})
	}
	return func() {
		t.Helper()
		const near = float64(50 * time.Millisecond)
		assert.Equal(t, reserved{0, true}, got[0])
		assert.False(t, got[1].ok, "the other machine had it")
		assert.InDelta(t, 100*time.Millisecond, got[1].wait, near)
		for i, one := range got[2:] {
			assert.True(t, one.ok)
			assert.InDelta(t, time.Duration(i+1)*100*time.Millisecond, one.wait, near)
		}
	}
}

func TestHints(t *testing.T) {
	server := start(t)
	vendor, err := memory.New(memory.Config{Code: provider.Unavailable})
	require.NoError(t, err)
	r, err := router.New([]router.Upstream{{Name: "a", Provider: vendor}}, &router.Options{
		Retry: router.Retry{MaxAttempts: 1}, Breaker: router.Breaker{Failures: 1000, Ratio: -1},
	})
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
		return r.States()[0].Breaker == router.BreakerOpen
	}, time.Minute, 5*time.Millisecond, "after a hint one failure suffices")
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
	_, err := s.Begin(t.Context(), claim("warm", "ann"))
	require.NoError(t, err)
	armed.Store(true)
	prior, err := s.Begin(t.Context(), claim("r", "ann"))
	require.NoError(t, err)
	assert.Nil(t, prior)
	require.False(t, armed.Load())
	require.NoError(t, s.Finish(t.Context(), claim("r", "ann"), &router.Result{Status: provider.OutcomeUnknown, ID: "m1"}))
	armed.Store(true)
	prior, err = s.Begin(t.Context(), claim("r", "bob"))
	require.NoError(t, err)
	if assert.NotNil(t, prior) {
		assert.Equal(t, "m1", prior.ID)
	}
	_, err = s.Begin(t.Context(), claim("r", "cat"))
	require.ErrorIs(t, err, router.ErrInFlight)
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
	case <-time.After(time.Minute):
		t.Fatal("it spins")
	}
}

// slowest holds the reply to the first pipeline until it is told to go on.
type slowest struct {
	first        atomic.Bool
	held, onward chan struct{}
}

func (s *slowest) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (s *slowest) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (s *slowest) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		if s.first.CompareAndSwap(false, true) {
			close(s.held)
			<-s.onward
		}
		return err
	}
}

// A reply that was read before another call marked the data, and is seen after it, is
// no loss.
func TestLateReplyIsNoLoss(t *testing.T) {
	server := start(t)
	s := server.store(t, time.Minute)
	_, err := s.Begin(t.Context(), claim("script", "ann")) // so that no pipeline is repeated
	require.NoError(t, err)
	s = server.store(t, time.Minute)
	late := &slowest{held: make(chan struct{}), onward: make(chan struct{})}
	server.client.AddHook(late)
	ended := make(chan error, 1)
	go func() {
		_, err := s.Begin(context.Background(), claim("first", "ann"))
		ended <- err
	}()
	<-late.held
	for _, ref := range []string{"marks", "reads the mark"} {
		_, err := s.Begin(t.Context(), claim(ref, "bob"))
		require.NoError(t, err)
	}
	close(late.onward)
	require.NoError(t, <-ended)
}
