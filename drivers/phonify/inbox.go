package phonify

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// inboxPage is how many messages are asked for at a time. Few are new, as a
// rule.
const inboxPage = 100

// Inbox answers what was sent to one of the account's own numbers after the
// cursor, the oldest first. A text that the account sends to its own number
// looks the same and is among them.
//
// The list is walked from its newest message back to the cursor, so that a
// first call, without a cursor, reads all of it.
func (p *Provider) Inbox(ctx context.Context, cursor string) (events []provider.Event, next string, err error) {
	since, err := parseCursor(cursor)
	if err != nil {
		return nil, cursor, err
	}
	var newest position
	seen := make(map[string]bool) // the pages shift if something comes in meanwhile
	for m, err := range p.client.Messages(ctx, inboxPage) {
		if err != nil {
			return nil, cursor, err
		}
		if since.before(&m) {
			break
		}
		if seen[m.ID] {
			continue
		}
		seen[m.ID] = true
		newest.extend(&m)
		if p.inbound(&m) && !since.has(&m) {
			events = append(events, p.event(&m))
		}
	}
	slices.Reverse(events)
	if len(newest.ids) == 0 {
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

// address is the party's international number where the vendor gives it, else
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

// position is a place in the list: the time of the newest message that was
// seen, and the ids of all messages of that time.
type position struct {
	at  time.Time
	ids []string
}

// parseCursor reads a position, "2030-07-16T07:56:06.902Z ch_1 ch_2".
func parseCursor(s string) (position, error) {
	if s == "" {
		return position{}, nil
	}
	fields := strings.Split(s, " ")
	at, err := time.Parse(time.RFC3339Nano, fields[0])
	if err != nil || len(fields) < 2 {
		return position{}, provider.NewError(provider.Rejected, "the cursor is not one of this inbox")
	}
	return position{at, fields[1:]}, nil
}

// String is the position as a cursor.
func (p *position) String() string {
	return p.at.UTC().Format(time.RFC3339Nano) + " " + strings.Join(p.ids, " ")
}

// before reports whether the position has been passed on the way back: m is
// older. A list without times ends at the id.
func (p *position) before(m *Message) bool {
	if p.at.IsZero() {
		return p.has(m)
	}
	return !m.CreatedAt.IsZero() && m.CreatedAt.Before(p.at)
}

func (p *position) has(m *Message) bool { return slices.Contains(p.ids, m.ID) }

// extend takes the first message of the walk, and those of the same time.
func (p *position) extend(m *Message) {
	switch {
	case len(p.ids) == 0:
		p.at, p.ids = m.CreatedAt, []string{m.ID}
	case !p.at.IsZero() && m.CreatedAt.Equal(p.at):
		p.ids = append(p.ids, m.ID)
	}
}
