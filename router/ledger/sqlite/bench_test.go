package sqlite_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// BenchmarkSendAll sends over one HTTP provider on loopback, 64 in flight: without any
// record, with a ledger, and with one to which the vendor gives the same id each time.
// One operation is one message.
func BenchmarkSendAll(b *testing.B) {
	var last atomic.Int64
	fresh := func() int64 { return last.Add(1) }
	b.Run("none", func(b *testing.B) { sendAll(b, nil, fresh) })
	b.Run("ledger", func(b *testing.B) { sendAll(b, newLedger(b), fresh) })
	b.Run("constant id", func(b *testing.B) { sendAll(b, newLedger(b), func() int64 { return 0 }) })
}

func newLedger(b *testing.B) *ledger.Ledger {
	b.Helper()
	l, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "anysms.db"), ledger.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, l.Close()) })
	return l
}

func sendAll(b *testing.B, l *ledger.Ledger, newID func() int64) {
	b.Helper()
	server := httpcalltest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		id := newID()
		_, _ = fmt.Fprintf(w, `{"id":"id-%d","uuid":"id-%d","message_id":"id-%d","message":{"id":"id-%d"}}`, id, id, id, id)
	}))
	b.Cleanup(server.Close)
	p, err := phonify.New(phonify.Config{Config: httpcall.Config{BaseURL: server.URL}, APIKey: "k"})
	require.NoError(b, err)
	o := &router.Options{Validation: router.Shape, Concurrency: 64}
	if l != nil {
		o.Store, o.Journal = l, l
	}
	r, err := router.New([]router.Upstream{{Name: "usa", Provider: p}}, o)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, r.Close(context.Background())) })
	b.ResetTimer()
	results, err := r.SendAll(context.Background(), func(yield func(*provider.Message) bool) {
		for i := range b.N {
			m := &provider.Message{To: e164.MustParse("+12125550123"), Text: "Your parcel is here.", Ref: fmt.Sprint("row-", i)}
			if !yield(m) {
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

// BenchmarkRecord records reports, 64 callers at a time. One operation is one report.
func BenchmarkRecord(b *testing.B) {
	l := newLedger(b)
	ids := make(chan int, b.N)
	for i := range b.N {
		ids <- i
	}
	close(ids)
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			e := provider.Event{Kind: provider.Report, ID: fmt.Sprint(<-ids), Status: provider.StatusSent}
			if _, err := l.Record(context.Background(), "athens", e); err != nil {
				b.Error(err)
			}
		}
	})
}
