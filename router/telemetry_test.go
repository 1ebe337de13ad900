package router_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

func TestTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spans, reader := tracetest.NewInMemoryExporter(), metric.NewManualReader()
		var log bytes.Buffer
		a := vendor(t, memory.Config{})
		a.Script(memory.Answer{Err: &provider.Error{Code: provider.Unavailable, VendorMessage: "cannot reach 306941234567"}})
		r := two(t, a, vendor(t, memory.Config{}), &router.Options{
			Retry:          once,
			Breaker:        router.Breaker{Failures: 1},
			TracerProvider: trace.NewTracerProvider(trace.WithSyncer(spans)),
			MeterProvider:  metric.NewMeterProvider(metric.WithReader(reader)),
			Log:            slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		_, err := r.Send(t.Context(), referred("306941234567", "a secret text"))
		require.NoError(t, err)

		var names []string
		for _, s := range spans.GetSpans() {
			names = append(names, s.Name)
		}
		assert.Equal(t, []string{"sms attempt", "sms attempt", "sms send"}, names)

		var data metricdata.ResourceMetrics
		require.NoError(t, reader.Collect(context.Background(), &data))
		sums := make(map[string]int64)
		for _, m := range data.ScopeMetrics[0].Metrics {
			if sum, ok := m.Data.(metricdata.Sum[int64]); ok {
				for _, p := range sum.DataPoints {
					sums[m.Name] += p.Value
				}
			}
		}
		assert.Equal(t, map[string]int64{"anysms.messages": 1, "anysms.attempts": 2, "anysms.breaker.changes": 1}, sums)

		everything := log.String() + fmt.Sprintf("%+v %+v", spans.GetSpans(), data)
		assert.Contains(t, log.String(), "sms breaker")
		assert.Contains(t, log.String(), "sms failover")
		for _, hidden := range []string{"6941234567", "a secret text"} {
			assert.NotContains(t, everything, hidden)
		}
	})
}

func BenchmarkSendObserved(b *testing.B) {
	a := vendor(b, memory.Config{Ledger: -1})
	r := open(b, []router.Provider{{Name: "a", Provider: a}}, &router.Options{
		Validation:     router.Shape,
		TracerProvider: trace.NewTracerProvider(),
		MeterProvider:  metric.NewMeterProvider(metric.WithReader(metric.NewManualReader())),
		Log:            slog.New(slog.DiscardHandler),
	})
	m := text("hello")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Send(context.Background(), m); err != nil {
			b.Fatal(err)
		}
	}
}
