package journal_test

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
	"github.com/anysms/anysms/router"
)

// BenchmarkSendAll sends over one HTTP provider on loopback, 64 in flight: by the
// driver itself in a loop, by SendAll, and by SendAll with a journal. One
// operation is one message.
func BenchmarkSendAll(b *testing.B) {
	b.Run("driver", func(b *testing.B) {
		p := loopback(b)
		var left atomic.Int64
		left.Store(int64(b.N))
		b.ResetTimer()
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for left.Add(-1) >= 0 {
					if _, err := p.Send(context.Background(), parcel); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
	})
	b.Run("SendAll", func(b *testing.B) { sendAll(b, nil) })
	b.Run("journal", func(b *testing.B) { sendAll(b, openAt(b, filepath.Join(b.TempDir(), "j"))) })
}

var parcel = &provider.Message{To: e164.MustParse("+12125550123"), Text: "Your parcel is here."}

func loopback(b *testing.B) *phonify.Provider {
	server := httpcalltest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"abc","uuid":"abc","message_id":"abc","message":{"id":"abc"}}`))
	}))
	b.Cleanup(server.Close)
	p, err := phonify.New(phonify.Config{Config: httpcall.Config{BaseURL: server.URL}, APIKey: "k"})
	require.NoError(b, err)
	_, err = p.Send(context.Background(), parcel)
	require.NoError(b, err)
	return p
}

func sendAll(b *testing.B, j router.Journal) {
	b.Helper()
	r, err := router.New([]router.Upstream{{Name: "usa", Provider: loopback(b)}}, &router.Options{Journal: j, Validation: router.Shape})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, r.Close(context.Background())) })
	b.ResetTimer()
	results, err := r.SendAll(context.Background(), func(yield func(*provider.Message) bool) {
		for range b.N {
			if !yield(parcel) {
				return
			}
		}
	})
	require.NoError(b, err)
	for _, err := range results {
		if err != nil {
			b.Fatal(err)
		}
	}
}
