package router_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	otelmetric "go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"

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
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					sums[m.Name] += p.Value
				}
			case metricdata.Histogram[float64]:
				assert.Equal(t, "s", m.Unit)
				assert.Contains(t, data.DataPoints[0].Bounds, 0.1, "a vendor's usual time falls between bounds")
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

// Everything that is counted, with and without spans, and without either.
func TestEverythingIsCounted(t *testing.T) {
	for name, c := range map[string]struct{ spans, metrics bool }{
		"both": {true, true}, "spans": {spans: true}, "metrics": {metrics: true}, "neither": {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				spans, reader := tracetest.NewInMemoryExporter(), metric.NewManualReader()
				g := &gatekeeper{}
				o := &router.Options{
					Retry: once, Breaker: router.Breaker{Failures: 1}, Delivery: provider.AtLeastOnce, Guard: g,
					Routes: []router.Route{{Name: "all", Strategy: router.AdaptiveOrder, Targets: []router.Target{{Name: "a"}, {Name: "b"}}}},
				}
				if c.spans {
					o.TracerProvider = trace.NewTracerProvider(trace.WithSyncer(spans))
				}
				if c.metrics {
					o.MeterProvider = metric.NewMeterProvider(metric.WithReader(reader))
				}
				a := vendor(t, memory.Config{})
				r := two(t, a, vendor(t, memory.Config{}), o)
				a.Script(lost) // opens the breaker, too
				_, err := r.Send(t.Context(), referred("r1", "hello"))
				require.NoError(t, err)
				require.NoError(t, r.Observe(t.Context(), "a", provider.Event{Kind: provider.Report, Ref: "r1", Status: provider.StatusDelivered}))
				for _, verdict := range []error{provider.NewError(provider.Rejected, "closed"), &router.Deferred{Reason: "night"}} {
					g.verdict = verdict
					_, err = r.Send(t.Context(), text("hello"))
					require.Error(t, err)
				}
				r.Warm(router.Sample{Provider: "a", Country: "CY", Failed: 100}, router.Sample{Provider: "b", Country: "CY", Accepted: 100})

				if c.metrics {
					assert.Equal(t, map[string]int64{
						"anysms.messages accepted": 1, "anysms.messages refused": 1, "anysms.messages not_sent": 1,
						"anysms.attempts unknown": 1, "anysms.attempts accepted": 1, "anysms.breaker.changes open": 1, "anysms.duplicates": 1,
						"anysms.guard.stops refuse": 1, "anysms.guard.stops defer": 1, "anysms.route.changes resting": 1,
					}, counters(t, reader))
				}
				var got []string
				for _, s := range spans.GetSpans() {
					got = append(got, s.Name+" "+s.Status.Code.String())
				}
				want := []string{"sms attempt Error", "sms attempt Unset", "sms send Unset", "sms send Error", "sms send Error"}
				if !c.spans {
					want = nil
				}
				assert.Equal(t, want, got)
			})
		})
	}
}

// counters are the sums, by name and what they tell apart.
func counters(t *testing.T, reader *metric.ManualReader) map[string]int64 {
	t.Helper()
	var data metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &data))
	sums := make(map[string]int64)
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok {
				continue
			}
			for _, p := range sum.DataPoints {
				key := m.Name
				for _, attr := range []attribute.Key{"status", "outcome", "to", "verdict"} {
					if v, ok := p.Attributes.Value(attr); ok {
						key += " " + v.AsString()
					}
				}
				sums[key] += p.Value
			}
		}
	}
	return sums
}

// A log line has the duration of a pause, and none where there is none.
func TestLogOfAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		a := vendor(t, memory.Config{})
		a.Script(paused())
		r := two(t, a, vendor(t, memory.Config{}), &router.Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		_, err := r.Send(t.Context(), text("hello"))
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		require.Len(t, lines, 4, log.String())
		for i, want := range []string{"sms attempt", "sms parked", "sms failover", "sms attempt"} {
			assert.Contains(t, lines[i], want)
			assert.Equal(t, want == "sms parked", strings.Contains(lines[i], " for="), lines[i])
		}
		assert.Contains(t, lines[1], "for=1m0s")
	})
}

// A program that watches the notices gets them without a log too.
func TestNoticesWithoutALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []router.NoticeKind
		a := vendor(t, memory.Config{})
		a.Script(paused())
		r := two(t, a, vendor(t, memory.Config{}), &router.Options{OnNotice: func(n router.Notice) { got = append(got, n.Kind) }})
		_, err := r.Send(t.Context(), text("hello"))
		require.NoError(t, err)
		assert.Equal(t, []router.NoticeKind{router.NoticeAttempt, router.NoticeParked, router.NoticeFailover, router.NoticeAttempt}, got)
	})
}

// BenchmarkObserved compares a send with the OpenTelemetry SDK and slog, a send
// without them, and the same SDK calls alone.
func BenchmarkObserved(b *testing.B) {
	traces, reader := trace.NewTracerProvider(), metric.NewManualReader()
	meters, log := metric.NewMeterProvider(metric.WithReader(reader)), slog.New(slog.DiscardHandler)
	send := func(o *router.Options) func(b *testing.B) {
		return func(b *testing.B) {
			o.Validation = router.Shape
			r, m := open(b, []router.Upstream{{Name: "a", Provider: vendor(b, memory.Config{Ledger: -1})}}, o), text("hello")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Send(context.Background(), m); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("send", send(&router.Options{}))
	b.Run("SDK", func(b *testing.B) { sdkAlone(b, traces.Tracer("alone"), meters.Meter("alone"), log) })
	b.Run("observed", send(&router.Options{TracerProvider: traces, MeterProvider: meters, Log: log}))
}

// sdkAlone makes the calls of one observed send.
func sdkAlone(b *testing.B, tracer oteltrace.Tracer, meter otelmetric.Meter, log *slog.Logger) {
	messages, err := meter.Int64Counter("messages")
	require.NoError(b, err)
	attempts, err := meter.Int64Counter("attempts")
	require.NoError(b, err)
	seconds, err := meter.Float64Histogram("seconds")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		ctx, whole := tracer.Start(context.Background(), "sms send", oteltrace.WithSpanKind(oteltrace.SpanKindInternal))
		_, attempt := tracer.Start(ctx, "sms attempt", oteltrace.WithSpanKind(oteltrace.SpanKindClient), oteltrace.WithAttributes(attribute.String("provider", "a")))
		set := attribute.NewSet(attribute.String("provider", "a"), attribute.String("outcome", "accepted"), attribute.String("code", ""))
		attempts.Add(ctx, 1, otelmetric.WithAttributeSet(set))
		seconds.Record(ctx, 0.1, otelmetric.WithAttributeSet(set))
		attempt.SetAttributes(attribute.String("outcome", "accepted"), attribute.String("code", ""), attribute.String("vendor_code", ""))
		attempt.End()
		log.LogAttrs(ctx, slog.LevelDebug, "sms attempt", slog.String("provider", "a"), slog.String("outcome", "accepted"))
		set = attribute.NewSet(attribute.String("status", "accepted"), attribute.String("code", ""), attribute.String("provider", "a"))
		messages.Add(ctx, 1, otelmetric.WithAttributeSet(set))
		whole.SetAttributes(set.ToSlice()...)
		whole.SetAttributes(attribute.Int("segments", 1), attribute.Int("attempts", 1), attribute.Bool("duplicate_possible", false))
		whole.End()
	}
}
