package webhook_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
	"github.com/anysms/anysms/router/webhook"
)

// BenchmarkReports takes reports by HTTP over 64 connections, each acknowledged after the
// commit, and for comparison records the same in batches of 64. One operation is one
// report.
func BenchmarkReports(b *testing.B) {
	open := func(b *testing.B) *ledger.Ledger {
		l, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "anysms.db"), ledger.Options{})
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, l.Close()) })
		return l
	}
	b.Run("batches", func(b *testing.B) {
		l := open(b)
		b.ResetTimer()
		var events []provider.Event
		for i := range b.N {
			events = append(events, report(fmt.Sprint("A", i), provider.StatusDelivered))
			if len(events) == 64 || i == b.N-1 {
				_, err := l.Record(b.Context(), "athens", events...)
				require.NoError(b, err)
				events = events[:0]
			}
		}
	})
	b.Run("callbacks", func(b *testing.B) {
		l := open(b)
		vendor, err := memory.New(memory.Config{})
		require.NoError(b, err)
		h, err := webhook.New(l, webhook.Options{}, webhook.Endpoint{Name: "athens", Provider: vendor, Token: token})
		require.NoError(b, err)
		server := httptest.NewServer(http.StripPrefix("/callbacks", h))
		b.Cleanup(server.Close)
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
		b.Cleanup(client.CloseIdleConnections)
		var last atomic.Int64
		b.SetParallelism(32)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				body := fmt.Sprintf(`[{"kind":"report","id":"A%d","status":"delivered","at":"2026-11-21T12:00:00Z"}]`, last.Add(1))
				r, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, server.URL+path, bytes.NewReader([]byte(body)))
				resp, err := client.Do(r)
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Error("not acknowledged", err)
					continue
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
		require.EqualValues(b, b.N, h.Counts().Events)
	})
}
