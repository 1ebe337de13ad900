package phonify

import (
	"context"
	"slices"
	"strings"

	"github.com/anysms/anysms/drivers/internal/inbox"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// inboxPage is how many messages are requested at a time. Usually few are new.
const inboxPage = 100

// Inbox returns what was sent to one of the account's own numbers after the
// cursor, the oldest first. A text that the account sends to its own number
// looks the same and is among them.
//
// The list is read from its newest message back to the cursor, so a first call,
// without a cursor, reads all of it.
func (p *Provider) Inbox(ctx context.Context, cursor string) (events []provider.Event, next string, err error) {
	since, err := inbox.ParsePosition(cursor)
	if err == nil && cursor != "" && len(since.IDs) == 0 {
		err = inbox.ErrForeign()
	}
	if err != nil {
		return nil, cursor, err
	}
	var newest inbox.Position
	seen := make(map[string]bool) // the pages shift if messages arrive meanwhile
	for m, err := range p.client.Messages(ctx, inboxPage) {
		if err != nil {
			return nil, cursor, err
		}
		if before(&m, since) {
			break
		}
		if seen[m.ID] {
			continue
		}
		seen[m.ID] = true
		extend(&newest, &m)
		if p.inbound(&m) && !since.Has(m.ID) {
			events = append(events, p.event(&m))
		}
	}
	slices.Reverse(events)
	if len(newest.IDs) == 0 {
		return events, cursor, nil
	}
	return events, newest.String(), nil
}

func (p *Provider) inbound(m *Message) bool {
	return slices.ContainsFunc(p.config.OwnNumbers, func(own string) bool {
		return strings.TrimPrefix(own, "+") == strings.TrimPrefix(m.To, "+")
	})
}

func (p *Provider) event(m *Message) provider.Event {
	from := m.Phone
	if p.config.InboundFrom == InboundFromOrigin {
		from = m.Origin
	}
	return provider.Event{
		Kind: provider.Inbound, ID: m.ID, At: m.CreatedAt,
		From: from.address(), To: m.To, Text: m.Body, Extra: from.extra(), Raw: m.Raw,
	}
}

// address returns the party's international number if the vendor gives it, else
// the number as the vendor wrote it.
func (p Party) address() string {
	n, err := e164.ParseDigits(strings.TrimPrefix(p.MSISDN, "+"))
	if err != nil {
		return p.Number
	}
	return n.String()
}

func (p Party) extra() map[string]string {
	extra := map[string]string{"country": p.Country, "carrier": p.Carrier}
	for key, value := range extra {
		if value == "" {
			delete(extra, key)
		}
	}
	return extra
}

// before reports whether the position has been passed: m is older. A list
// without times ends at the id.
func before(m *Message, p inbox.Position) bool {
	if p.At.IsZero() {
		return p.Has(m.ID)
	}
	return !m.CreatedAt.IsZero() && m.CreatedAt.Before(p.At)
}

// extend adds the first message of the list, and those of the same time.
func extend(p *inbox.Position, m *Message) {
	if len(p.IDs) == 0 || !p.At.IsZero() && m.CreatedAt.Equal(p.At) {
		p.At, p.IDs = m.CreatedAt, append(p.IDs, m.ID)
	}
}
