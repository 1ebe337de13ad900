package gateway_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
	"github.com/anysms/anysms/router/queue"
)

const callers = 64

// farOff is when the messages of the benchmarks are due, so that none is sent.
var farOff = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)

func benchConfig(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "anysms.yaml")
	require.NoError(b, os.WriteFile(path, []byte("providers: {a: {driver: memory}}\ndatabase: anysms.db\n"), 0o600))
	return path
}

// each calls f b.N times from 64 goroutines.
func each(b *testing.B, f func(i int) error) {
	next := make(chan int)
	var work sync.WaitGroup
	b.ResetTimer()
	for range callers {
		work.Go(func() {
			for i := range next {
				if err := f(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range b.N {
		next <- i
	}
	close(next)
	work.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// benchQueue opens the queue of the configuration of [benchConfig], as the gateway does,
// and returns the file of its database.
func benchQueue(b *testing.B, retention time.Duration) (l *ledger.Ledger, q *queue.Queue, database string) {
	b.Helper()
	flag := cli.ConfigFlag{Path: benchConfig(b)}
	conf, err := flag.Load(b.Context())
	require.NoError(b, err)
	b.Cleanup(func() { conf.Close() })
	key, err := ledger.LoadKey(conf.Ledger.KeyFile)
	require.NoError(b, err)
	l, err = sqlite.Open(b.Context(), conf.Ledger.Database, ledger.Options{Key: key, Feed: true, Retention: retention})
	require.NoError(b, err)
	b.Cleanup(func() { l.Close() })
	opts := conf.Options
	cli.Record(&opts, conf, l)
	r := conf.Router()
	_, err = r.Reload(conf.Upstreams(), &opts)
	require.NoError(b, err)
	q, err = queue.New(l, r, queue.Options{})
	require.NoError(b, err)
	return l, q, conf.Ledger.Database
}

// BenchmarkEnqueue is what the gateway is compared with: 64 callers in process.
func BenchmarkEnqueue(b *testing.B) {
	_, q, _ := benchQueue(b, 0)
	to := e164.MustParse("+306900000001")
	each(b, func(i int) error {
		_, err := q.Enqueue(context.Background(), &provider.Message{To: to, Text: "Hello", Ref: fmt.Sprint("r", i), SendAt: farOff})
		return err
	})
}

// BenchmarkPost is the same through the gateway, by 64 connections. The client, in the
// same process, costs about as much as the gateway.
func BenchmarkPost(b *testing.B) {
	path := benchConfig(b)
	load := func(ctx context.Context) (*config.Config, *settings.Serve, error) {
		flag := cli.ConfigFlag{Path: path}
		conf, err := flag.Load(ctx)
		return conf, &flag.Serve, err
	}
	ctx, cancel := context.WithCancel(b.Context())
	g, err := gateway.Open(ctx, gateway.Options{Load: load, Log: slog.New(slog.DiscardHandler)})
	require.NoError(b, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, listener) }()
	transport := &http.Transport{MaxIdleConnsPerHost: callers}
	client, url := &http.Client{Transport: transport}, "http://"+listener.Addr().String()+"/v1/messages"
	each(b, func(i int) error {
		body := fmt.Sprintf(`{"to":"+306900000001","text":"Hello","ref":"r%d","send_at":"2099-01-01T00:00:00Z"}`, i)
		resp, err := client.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		if resp.StatusCode != http.StatusAccepted {
			return fmt.Errorf("status %d", resp.StatusCode)
		}
		return nil
	})
	b.StopTimer()
	transport.CloseIdleConnections()
	cancel()
	require.NoError(b, <-ended)
	require.NoError(b, g.Close(context.Background()))
}
