package redisstore_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/redisstore"
)

// link stands between client and server and can stop passing bytes on, as a server
// does that was stopped: connections stay open and nobody answers.
type link struct {
	listener net.Listener
	mu       sync.RWMutex // held while bytes do not pass
}

func startLink(t *testing.T, to string) *link {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &link{listener: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			go p.pass(in, out)
			go p.pass(out, in)
		}
	}()
	return p
}

func (p *link) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	_, _ = io.Copy(writerFunc(func(b []byte) (int, error) {
		p.mu.RLock()
		defer p.mu.RUnlock()
		return to.Write(b)
	}), from)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// stoppable returns a client of a server that hang stops and goOn lets go on: the real
// server's process if ANYSMS_REDIS_PID names it.
func stoppable(t *testing.T, s server) (client *redis.Client, hang, goOn func()) {
	t.Helper()
	addr := s.client.(*redis.Client).Options().Addr
	if pid := os.Getenv("ANYSMS_REDIS_PID"); pid != "" {
		hang = func() { require.NoError(t, exec.Command("kill", "-STOP", pid).Run()) }
		goOn = func() { require.NoError(t, exec.Command("kill", "-CONT", pid).Run()) }
	} else {
		p := startLink(t, addr)
		addr, hang, goOn = p.listener.Addr().String(), p.mu.Lock, p.mu.Unlock
	}
	client = redis.NewClient(&redis.Options{Addr: addr}) // as most programs open it: with go-redis's own timeouts
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client, hang, goOn
}

func message(ref string) *provider.Message {
	return &provider.Message{To: e164.MustParse("+306941234567"), Text: "x", Ref: ref}
}

func TestRedisHangs(t *testing.T) {
	for _, mode := range []router.FailureMode{router.FailClosed, router.FailOpen} {
		t.Run(string(mode), func(t *testing.T) {
			client, hang, goOn := stoppable(t, start(t))
			vendor, err := memory.New(memory.Config{})
			require.NoError(t, err)
			store := redisstore.New(client, &redisstore.Options{Prefix: fmt.Sprint(t.Name(), time.Now().UnixNano())})
			r, err := router.New([]router.Upstream{{Name: "a", Provider: vendor}}, &router.Options{
				Store: store, StoreOptions: router.StoreOptions{OnError: mode},
			})
			require.NoError(t, err)
			_, err = r.Send(t.Context(), message("warm"))
			require.NoError(t, err)

			hang()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			began := time.Now()
			res, _ := r.Send(ctx, message("r"))
			took := time.Since(began)
			cancel()
			goOn()
			assert.Less(t, took, 8*time.Second, "far less than go-redis takes to give up")
			want := provider.OutcomeNotSent
			if mode == router.FailOpen {
				want = provider.OutcomeAccepted
			}
			assert.Equal(t, want, res.Status, res.Message)

			require.Eventually(t, func() bool {
				res, err = r.Send(t.Context(), message("r"))
				return err == nil
			}, time.Minute, 50*time.Millisecond, "never unknown, once it was told not_sent: %s", res)
			require.NoError(t, r.Close(t.Context()))
			assert.LessOrEqual(t, vendor.Attempts(), 3)
		})
	}
}

// A server that lost its data is found out by every process that used it, and by those
// that come later.
func TestDataLoss(t *testing.T) {
	server := start(t)
	if server.mini == nil && os.Getenv("ANYSMS_REDIS_PID") == "" {
		t.Skip("flushes the whole server, which may not be for tests alone")
	}
	require.NoError(t, server.client.FlushAll(t.Context()).Err()) // other tests have lost data too
	open := func() *redisstore.Store { return redisstore.New(server.client, nil) }
	one, two := open(), open()
	begin := func(s *redisstore.Store, ref string) error {
		t.Helper()
		prior, err := s.Begin(t.Context(), claim(ref, "me"))
		require.Nil(t, prior)
		return err
	}
	for i, s := range []*redisstore.Store{one, two, one, two} {
		require.NoError(t, begin(s, fmt.Sprint("before", i)))
	}
	require.NoError(t, server.client.FlushAll(t.Context()).Err())
	late := open() // is the first to use the empty server, and cannot know
	require.NoError(t, begin(late, "r0"))
	require.ErrorIs(t, begin(one, "r1"), router.ErrDataLost)
	require.ErrorIs(t, begin(two, "r2"), router.ErrDataLost)
	require.ErrorIs(t, begin(late, "r3"), router.ErrDataLost, "it is told")
	require.ErrorIs(t, begin(open(), "r4"), router.ErrDataLost, "so are those that start now")

	short := claim("r5", "me")
	short.Keep = time.Nanosecond
	_, err := one.Begin(t.Context(), short)
	require.NoError(t, err, "results that old would be forgotten anyway")
	require.NoError(t, one.Finish(t.Context(), claim("r1", "me"), &router.Result{Status: provider.OutcomeAccepted}))
	prior, err := two.Begin(t.Context(), claim("r1", "other"))
	require.NoError(t, err)
	assert.Equal(t, provider.OutcomeAccepted, prior.Status, "what is known is not in doubt")
}
