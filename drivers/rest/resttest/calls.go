package resttest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/provider"
)

// run makes the fixture's call and compares the result.
func (c *comparison) run(ctx context.Context, p *rest.Provider, f *fixture.Fixture) {
	switch f.Kind() {
	case "send":
		c.send(ctx, p, f)
	case "batch":
		c.batch(ctx, p, f)
	case "status":
		e, err := provider.ReadStatus(ctx, p, f.ID)
		if !c.wantError(err, f.Error) && f.Event != nil {
			c.event("event", e, f.Event)
		}
	case "find":
		c.find(ctx, p, f)
	case "cancel":
		c.wantError(provider.Cancel(ctx, p, f.ID), f.Error)
	case "check":
		c.wantError(provider.Check(ctx, p), f.Error)
	case "balance":
		b, err := provider.ReadBalance(ctx, p)
		if !c.wantError(err, f.Error) {
			c.equal("balance", b.Available.String(), f.Balance)
		}
	case "quote":
		c.quote(ctx, p, f)
	case "format_number":
		n, err := p.FormatNumber(ctx, f.Typed, f.Country)
		if !c.wantError(err, f.Error) && f.Number != nil {
			c.equal("number", n.Number.String(), f.Number.Number)
			c.equal("number valid", n.Valid, f.Number.Valid)
			c.equal("number type", n.Type, f.Number.Type)
		}
	case "inbox":
		events, next, err := provider.ReadInbox(ctx, p, f.Cursor)
		if !c.wantError(err, f.Error) {
			c.events(events, f.Events)
			c.equal("next", next, f.Next)
		}
	case "callback":
		c.callback(ctx, p, f)
	}
}

func (c *comparison) send(ctx context.Context, p *rest.Provider, f *fixture.Fixture) {
	m, ok := c.message(f)
	if !ok {
		return
	}
	receipt, err := p.Send(ctx, m)
	if !c.wantError(err, f.Error) && f.Receipt != nil {
		c.receipt("receipt", receipt, f.Receipt)
	}
}

func (c *comparison) message(f *fixture.Fixture) (*provider.Message, bool) {
	if f.Message == nil {
		c.fault("the fixture has no message")
		return nil, false
	}
	m, err := f.Message.Message()
	return m, c.noError(err)
}

func (c *comparison) batch(ctx context.Context, p *rest.Provider, f *fixture.Fixture) {
	ms, err := fixture.All(f.Messages)
	if !c.noError(err) {
		return
	}
	got := provider.SendBatch(ctx, p, ms)
	if len(got) != len(f.Verdicts) {
		c.fault("verdicts: got %d, want %d", len(got), len(f.Verdicts))
		return
	}
	for i, v := range got {
		if want := f.Verdicts[i]; !c.wantError(v.Err, want.Error) {
			c.receipt("receipt", v.Receipt, want.Receipt)
		}
	}
}

func (c *comparison) find(ctx context.Context, p *rest.Provider, f *fixture.Fixture) {
	m, ok := c.message(f)
	if !ok {
		return
	}
	since := time.Time{}
	if f.Since != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, f.Since); !c.noError(err) {
			return
		}
	}
	receipt, err := provider.Find(ctx, p, m, since)
	if c.wantError(err, f.Error) {
		return
	}
	switch {
	case f.Receipt == nil && receipt != nil:
		c.fault("found %s, want nothing", receipt)
	case f.Receipt != nil && receipt == nil:
		c.fault("found nothing, want %s", f.Receipt.ID)
	case f.Receipt != nil:
		c.receipt("receipt", receipt, f.Receipt)
	}
}

func (c *comparison) quote(ctx context.Context, p *rest.Provider, f *fixture.Fixture) {
	m, ok := c.message(f)
	if !ok {
		return
	}
	q, err := provider.RequestQuote(ctx, p, m)
	if c.wantError(err, f.Error) || f.Quote == nil {
		return
	}
	c.equal("quote segments", q.Segments, f.Quote.Segments)
	c.equal("quote encoding", q.Encoding, f.Quote.Encoding)
	c.equal("quote cost", moneyText(q.Cost), f.Quote.Cost)
}

func (c *comparison) callback(ctx context.Context, p *rest.Provider, f *fixture.Fixture) {
	callback, err := f.Callback.Callback()
	if !c.noError(err) {
		return
	}
	events, err := provider.ParseCallback(ctx, p, callback)
	switch {
	case f.Forged:
		if !errors.Is(err, provider.ErrBadSignature) {
			c.fault("got %v, want an invalid signature", err)
		}
	case f.NotUnderstood:
		if err == nil || errors.Is(err, provider.ErrBadSignature) {
			c.fault("got %v, want it refused for its format", err)
		}
	case c.noError(err):
		c.events(events, f.Events)
	}
}

func (c *comparison) receipt(what string, got *provider.Receipt, want *fixture.Receipt) {
	if want == nil {
		c.fault("%s: got %s, want an error", what, got)
		return
	}
	c.equal(what+" id", got.ID, want.ID)
	c.equal(what+" segments", got.Segments, want.Segments)
	c.equal(what+" cost", moneyText(got.Cost), want.Cost)
}

func (c *comparison) events(got []provider.Event, want []fixture.Event) {
	if len(got) != len(want) {
		c.fault("events: got %d, want %d", len(got), len(want))
		return
	}
	for i := range got {
		c.event("event", &got[i], &want[i])
	}
}

func (c *comparison) event(what string, got *provider.Event, want *fixture.Event) {
	kind := want.Kind
	if kind == "" {
		kind = string(provider.Report)
	}
	for _, pair := range []struct{ name, got, want string }{
		{"kind", string(got.Kind), kind},
		{"id", got.ID, want.ID},
		{"ref", got.Ref, want.Ref},
		{"attempt", got.Attempt, want.Attempt},
		{"at", timeText(got.At), want.At},
		{"status", string(got.Status), want.Status},
		{"code", string(got.Code), want.Code},
		{"vendor_status", got.VendorStatus, want.VendorStatus},
		{"vendor_code", got.VendorCode, want.VendorCode},
		{"cost", moneyText(got.Cost), want.Cost},
		{"mccmnc", got.MCCMNC, want.MCCMNC},
		{"from", got.From, want.From},
		{"to", got.To, want.To},
		{"text", got.Text, want.Text},
		{"in_reply_to", got.InReplyTo, want.InReplyTo},
	} {
		c.equal(what+" "+pair.name, pair.got, pair.want)
	}
	c.equal(what+" final", got.Final, want.Final)
	c.equal(what+" segments", got.Segments, want.Segments)
	c.equal(what+" segment", segmentText(got.Segment), segmentText(want.Segment.Segment()))
	if !maps.Equal(got.Extra, want.Extra) {
		c.fault("%s extra: got %v, want %v", what, got.Extra, want.Extra)
	}
}

func segmentText(s *provider.EventSegment) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%d of %d, ref %q, status %q", s.Number, s.Of, s.Ref, s.Status)
}

func moneyText(m *provider.Money) string {
	if m == nil {
		return ""
	}
	return m.String()
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
