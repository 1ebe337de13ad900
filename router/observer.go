package router

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/anysms/anysms/provider"
)

// observer announces what happens to the program, the log and OpenTelemetry.
type observer struct {
	onNotice  func(Notice) // nil = none
	log       *slog.Logger // nil = none
	telemetry *telemetry   // nil = none
}

func newObserver(o *Options, t *telemetry) observer {
	return observer{onNotice: o.OnNotice, log: o.Log, telemetry: t}
}

// changes announces the state changes of a breaker; country is "" if it is the
// provider's own.
func (o *observer) changes(name, country string, list []change) {
	for _, c := range list {
		o.telemetry.breaker(name, c)
		o.notice(Notice{Kind: NoticeBreaker, At: time.Now(), Provider: name, From: c.from, To: c.to, Country: country})
	}
}

// attempt announces an attempt that has ended, and ends its span.
func (o *observer) attempt(ctx context.Context, span trace.Span, a *Attempt, ref string) {
	o.telemetry.endAttempt(ctx, span, a)
	if o.enabled() {
		copied := *a
		o.notice(Notice{Kind: NoticeAttempt, At: time.Now(), Provider: a.Provider, Ref: ref, Attempt: &copied})
	}
}

// failover announces that another provider takes over after an attempt.
func (o *observer) failover(after Attempt, next, ref string) {
	if o.enabled() {
		copied := after
		o.notice(Notice{Kind: NoticeFailover, At: time.Now(), Provider: after.Provider, Ref: ref, Attempt: &copied, Next: next})
	}
}

// parked announces a pause that a vendor asked for.
func (o *observer) parked(name, ref string, d time.Duration) {
	if o.enabled() {
		o.notice(Notice{Kind: NoticeParked, At: time.Now(), Provider: name, Ref: ref, For: d})
	}
}

// held announces that messages wait for a provider, at most so long.
func (o *observer) held(name, reason string, most time.Duration) {
	o.notice(Notice{Kind: NoticeHold, At: time.Now(), Provider: name, For: most, Reason: reason})
}

// resumed announces that a provider is back for which messages have waited.
func (o *observer) resumed(name string, lasted time.Duration) {
	o.notice(Notice{Kind: NoticeResumed, At: time.Now(), Provider: name, For: lasted})
}

// moved announces changes of an adaptive route's order.
func (o *observer) moved(route string, list []moved) {
	for _, m := range list {
		kind := NoticeReturn
		if m.rests {
			kind = NoticeRest
		}
		o.telemetry.moved(route, m)
		o.notice(Notice{Kind: kind, At: time.Now(), Provider: m.provider, Country: m.country, Route: route, Next: m.next, Reason: m.reason})
	}
}

// duplicate announces a message that was sent twice.
func (o *observer) duplicate(name, ref string) {
	o.telemetry.duplicate(name)
	o.notice(Notice{Kind: NoticeDuplicate, At: time.Now(), Provider: name, Ref: ref})
}

// fault announces that the journal or the store failed.
func (o *observer) fault(ref string, err error) {
	o.notice(Notice{Kind: NoticeFault, At: time.Now(), Ref: ref, Err: err})
}

// limiterDown announces that a shared limiter cannot be reached.
func (o *observer) limiterDown(name string, err error) {
	o.notice(Notice{Kind: NoticeFault, At: time.Now(), Provider: name, Err: err})
}

// enabled reports whether anything receives notices.
func (o *observer) enabled() bool { return o.onNotice != nil || o.log != nil }

func (o *observer) notice(n Notice) {
	if o.onNotice != nil {
		o.onNotice(n)
	}
	if o.log != nil {
		o.log.LogAttrs(context.Background(), n.level(), "sms "+string(n.Kind), n.attrs()...)
	}
}

func (n *Notice) level() slog.Level {
	switch n.Kind {
	case NoticeAttempt:
		return slog.LevelDebug
	case NoticeFault:
		return slog.LevelError
	case NoticeBreaker, NoticeDuplicate, NoticeHold, NoticeRest, NoticeGuard:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// attrs are the fields of a log line, without number and text.
func (n *Notice) attrs() []slog.Attr {
	attrs := make([]slog.Attr, 0, 8)
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	add("provider", n.Provider)
	add("ref", provider.Mask(n.Ref))
	add("from", string(n.From))
	add("to", string(n.To))
	add("country", n.Country)
	add("guard", n.Guard)
	add("route", n.Route)
	add("next", n.Next)
	if a := n.Attempt; a != nil {
		add("outcome", string(a.Outcome))
		add("code", string(a.Code))
		add("vendor_code", a.VendorCode)
		attrs = append(attrs, slog.Duration("duration", a.Duration))
	}
	add("reason", n.Reason)
	if n.For > 0 {
		attrs = append(attrs, slog.Duration("for", n.For))
	}
	if n.Err != nil {
		add("error", provider.Mask(n.Err.Error()))
	}
	return attrs
}
