package router

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/anysms/anysms/provider"
)

// scope names this package to OpenTelemetry.
const scope = "github.com/anysms/anysms/router"

// telemetry reports to OpenTelemetry. A nil one does nothing and costs nothing. No
// attribute holds a number, a text or a ref.
type telemetry struct {
	tracer   trace.Tracer // nil = no spans
	results  metric.Int64Counter
	attempts metric.Int64Counter
	seconds  metric.Float64Histogram
	changes  metric.Int64Counter
	doubles  metric.Int64Counter
	moves    metric.Int64Counter
	guards   metric.Int64Counter
}

func newTelemetry(o *Options) (*telemetry, error) {
	if o.TracerProvider == nil && o.MeterProvider == nil {
		return nil, nil
	}
	t := &telemetry{}
	if o.TracerProvider != nil {
		t.tracer = o.TracerProvider.Tracer(scope)
	}
	if o.MeterProvider == nil {
		return t, nil
	}
	return t, t.instruments(o.MeterProvider.Meter(scope))
}

func (t *telemetry) instruments(m metric.Meter) (err error) {
	counter := func(name, unit, doc string) metric.Int64Counter {
		c, e := m.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(doc))
		err = errors.Join(err, e)
		return c
	}
	t.results = counter("anysms.messages", "{message}", "messages by final status and code")
	t.attempts = counter("anysms.attempts", "{attempt}", "attempts by provider, outcome and code")
	t.changes = counter("anysms.breaker.changes", "{change}", "state changes of circuit breakers")
	t.moves = counter("anysms.route.changes", "{change}", "changes of adaptive routes: providers that begin to rest, or are used again")
	t.doubles = counter("anysms.duplicates", "{message}", "duplicates shown by delivery reports")
	t.guards = counter("anysms.guard.stops", "{message}", "messages that a guard did not let pass, by its rule and verdict")
	var e error
	t.seconds, e = m.Float64Histogram("anysms.attempt.duration", metric.WithUnit("s"), metric.WithDescription("duration of attempts"),
		// The SDK's own bounds are made for milliseconds.
		metric.WithExplicitBucketBoundaries(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60))
	return errors.Join(err, e)
}

func (t *telemetry) start(ctx context.Context) (context.Context, trace.Span) {
	if t == nil || t.tracer == nil {
		return ctx, nil
	}
	return t.tracer.Start(ctx, "sms send", trace.WithSpanKind(trace.SpanKindInternal))
}

func (t *telemetry) end(ctx context.Context, span trace.Span, r *Result) {
	if t == nil {
		return
	}
	set := attribute.NewSet(attribute.String("status", string(r.Status)), attribute.String("code", string(r.Code)), attribute.String("provider", r.Provider))
	if t.results != nil {
		t.results.Add(ctx, 1, metric.WithAttributeSet(set))
	}
	if span == nil {
		return
	}
	span.SetAttributes(set.ToSlice()...)
	span.SetAttributes(attribute.Int("segments", r.Segments), attribute.Int("attempts", len(r.Attempts)), attribute.Bool("duplicate_possible", r.DuplicatePossible))
	if r.Status != provider.OutcomeAccepted {
		span.SetStatus(codes.Error, string(r.Code))
	}
	span.End()
}

// startAttempt opens the span of an attempt; end closes it.
func (t *telemetry) startAttempt(ctx context.Context, name string) (context.Context, trace.Span) {
	if t == nil || t.tracer == nil {
		return ctx, nil
	}
	return t.tracer.Start(ctx, "sms attempt", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.String("provider", name)))
}

func (t *telemetry) endAttempt(ctx context.Context, span trace.Span, a *Attempt) {
	if t == nil {
		return
	}
	if t.attempts != nil {
		set := attribute.NewSet(attribute.String("provider", a.Provider), attribute.String("outcome", string(a.Outcome)), attribute.String("code", string(a.Code)))
		t.attempts.Add(ctx, 1, metric.WithAttributeSet(set))
		t.seconds.Record(ctx, a.Duration.Seconds(), metric.WithAttributeSet(set))
	}
	if span == nil {
		return
	}
	span.SetAttributes(attribute.String("outcome", string(a.Outcome)), attribute.String("code", string(a.Code)), attribute.String("vendor_code", a.VendorCode))
	if a.Outcome != provider.OutcomeAccepted {
		span.SetStatus(codes.Error, string(a.Code))
	}
	span.End()
}

func (t *telemetry) breaker(name string, c change) {
	if t == nil || t.changes == nil {
		return
	}
	t.changes.Add(context.Background(), 1, metric.WithAttributes(attribute.String("provider", name), attribute.String("to", string(c.to))))
}

func (t *telemetry) moved(route string, m moved) {
	if t == nil || t.moves == nil {
		return
	}
	to := "in_use"
	if m.rests {
		to = "resting"
	}
	t.moves.Add(context.Background(), 1, metric.WithAttributes(attribute.String("route", route), attribute.String("provider", m.provider),
		attribute.String("country", m.country), attribute.String("to", to)))
}

func (t *telemetry) duplicate(name string) {
	if t == nil || t.doubles == nil {
		return
	}
	t.doubles.Add(context.Background(), 1, metric.WithAttributes(attribute.String("provider", name)))
}

// guard counts a message that a guard did not let pass.
func (t *telemetry) guard(rule string, err error) {
	if t == nil || t.guards == nil {
		return
	}
	verdict := "refuse"
	if _, ok := errors.AsType[*Deferred](err); ok {
		verdict = "defer"
	}
	t.guards.Add(context.Background(), 1, metric.WithAttributes(
		attribute.String("guard", rule), attribute.String("verdict", verdict), attribute.String("code", string(provider.CodeOf(err)))))
}
