package remote

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/api"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// Messages returns a page of the messages that the key may see, the newest first, and the
// cursor of the next page; "" = there is none. Filter.Namespace has no effect.
func (c *Client) Messages(ctx context.Context, f ledger.Filter) (list []ledger.Message, next string, err error) {
	q := make(url.Values)
	for name, value := range map[string]string{
		"ref": f.Ref, "status": string(f.Status), "to": f.To, "provider": f.Provider, "class": string(f.Class),
		"tag": f.Tag, "since": timeParam(f.Since), "until": timeParam(f.Until), "cursor": f.Cursor,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.Limit == 0 {
		f.Limit = ledger.DefaultLimit
	}
	q.Set("limit", strconv.Itoa(f.Limit))
	p, err := do[page[api.Message]](ctx, c, httpcall.Get("/v1/messages", q), f.To)
	if err != nil {
		return nil, "", err
	}
	if err := check(c, &p, f.Limit, f.Cursor); err != nil {
		return nil, "", err
	}
	for i := range p.Items {
		m, err := message(&p.Items[i])
		if err != nil {
			return nil, "", c.notGateway(err.Error())
		}
		list = append(list, *m)
	}
	return list, p.Next, nil
}

func timeParam(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// Message returns the message with an id, with its attempts and events, or
// [ledger.ErrNotFound].
func (c *Client) Message(ctx context.Context, id string) (*ledger.Message, error) {
	if !strings.HasPrefix(id, "msg_") { // as every id does; others could be no path
		return nil, ledger.ErrNotFound
	}
	m, err := do[api.Message](ctx, c, httpcall.Get("/v1/messages/"+url.PathEscape(id), nil))
	if errors.Is(err, errNotFound) {
		return nil, ledger.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if m.ID != id {
		return nil, c.notGateway("it responded with another message")
	}
	return message(&m)
}

// message is the opposite of [api.NewMessage].
func message(m *api.Message) (*ledger.Message, error) {
	if m.ID == "" || m.Status == "" {
		return nil, errors.New("a message has no id or status")
	}
	out := &ledger.Message{
		ID: m.ID, Ref: m.Ref, Status: m.Status, Code: m.Code, Reason: m.Message, To: m.To, From: m.From, Text: m.Text,
		Class: m.Class, Tag: m.Tag, Country: m.Country, Provider: m.Provider, ProviderID: m.ProviderID, Encoding: m.Encoding,
		Segments: m.Segments, DuplicatePossible: m.DuplicatePossible, Ignored: m.Ignored, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
	}
	if m.Cost != nil {
		money, err := provider.ParseMoney(m.Cost.Amount, m.Cost.Currency)
		if err != nil {
			return nil, fmt.Errorf("a cost: %w", err)
		}
		out.Cost = &router.Cost{Money: money, Estimated: m.Cost.Estimated}
	}
	var bad error
	out.CardPrice = money(m.CardPrice, &bad)
	for i := range m.Attempts {
		a := attempt(&m.Attempts[i])
		a.Charged, a.CardPrice = money(m.Attempts[i].Charged, &bad), money(m.Attempts[i].CardPrice, &bad)
		out.Attempts = append(out.Attempts, a)
	}
	for i := range m.Events {
		e := event(&m.Events[i])
		e.Cost = money(m.Events[i].Cost, &bad)
		out.Events = append(out.Events, e)
	}
	if bad != nil {
		return nil, fmt.Errorf("a price: %w", bad)
	}
	return out, nil
}

// money reads an amount; nil = there is none. Of several that cannot be read, bad has the
// last.
func money(m *api.Money, bad *error) *provider.Money {
	if m == nil {
		return nil
	}
	parsed, err := provider.ParseMoney(m.Amount, m.Currency)
	if err != nil {
		*bad = err
		return nil
	}
	return &parsed
}

func attempt(a *api.Attempt) ledger.Attempt {
	return ledger.Attempt{
		ID: a.ID, Provider: a.Provider, Outcome: a.Outcome, Settled: a.Settled, Contradicted: a.Contradicted, Code: a.Code,
		VendorCode: a.VendorCode, Reason: a.Message, ProviderID: a.ProviderID, StartedAt: a.StartedAt,
		Duration: time.Duration(math.Round(a.DurationMS*1000)) * time.Microsecond, Reconciled: a.Reconciled,
	}
}

func event(e *api.Event) ledger.Event {
	out := ledger.Event{
		Seq: e.Seq, Provider: e.Provider, Message: e.MessageID, Attempt: e.Attempt, ReceivedAt: e.ReceivedAt,
		Event: provider.Event{
			Kind: e.Kind, ID: e.ProviderID, Status: e.Status, Final: e.Final, Code: e.Code, VendorStatus: e.VendorStatus,
			VendorCode: e.VendorCode, From: e.From, To: e.To, Text: e.Text,
		},
	}
	if e.Segment > 0 {
		out.Segment = &provider.EventSegment{Number: e.Segment, Of: e.Segments, Status: e.Status}
	}
	if e.At != nil {
		out.At = *e.At
	}
	return out
}
