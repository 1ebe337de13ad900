package zoomconnect

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

// Inbox answers the messages that were received after the cursor, the oldest
// first. It marks none of them as read, and does not care whether people did.
//
// The vendor chooses received messages by the day, so that a poll reads all
// those of the cursor's day; without a cursor it reads all there are. For many
// replies, prefer callbacks. A message that is listed later than inbox_overlap
// after it was received, behind others, is missed.
func (p *Provider) Inbox(ctx context.Context, cursor string) (events []provider.Event, next string, err error) {
	since, err := parseCursor(cursor)
	if err != nil {
		return nil, cursor, err
	}
	received, err := p.received(ctx, since)
	if err != nil {
		return nil, cursor, err
	}
	for _, m := range received {
		if since.passed(m, p.overlap()) {
			continue
		}
		e := event(m)
		e.Kind, e.At = provider.Inbound, m.DateTimeReceived.Time
		events = append(events, e)
	}
	return events, since.advance(received, p.overlap()).String(), nil
}

// received lists what may be new, in the order of its receipt. The vendor does
// not document an order, and pages that shift show a message twice.
func (p *Provider) received(ctx context.Context, since position) ([]*Message, error) {
	filter := Filter{Type: Inbound}
	if !since.at.IsZero() {
		filter.ReceivedFrom = since.at.Add(-p.overlap())
	}
	var list []*Message
	seen := make(map[ID]bool)
	for m, err := range p.client.Messages(ctx, filter) {
		if err != nil {
			return nil, err
		}
		if !seen[m.MessageID] {
			seen[m.MessageID] = true
			list = append(list, m)
		}
	}
	slices.SortStableFunc(list, func(a, b *Message) int {
		return cmp.Or(a.DateTimeReceived.Compare(b.DateTimeReceived.Time), cmp.Compare(a.MessageID, b.MessageID))
	})
	return list, nil
}

func (p *Provider) overlap() time.Duration { return p.config.InboxOverlap.Or(DefaultInboxOverlap) }

// event is what a message of the list says, sent or received.
func event(m *Message) provider.Event {
	e := provider.Event{
		ID: string(m.MessageID), Ref: m.UserDataField,
		From: international(m.FromNumber), To: international(m.ToNumber), Text: m.Message,
		Segments: m.NumberOfMessages, Cost: m.cost(), Raw: m.Raw,
	}
	if m.Campaign != "" {
		e.Extra = map[string]string{"campaign": m.Campaign}
	}
	if m.RepliedToMessage != nil {
		e.InReplyTo = string(m.RepliedToMessage.MessageID)
	}
	return e
}

// position is a place in the inbox: the time of the newest message that was
// answered, and the ids of those that were received shortly before it.
type position struct {
	at  time.Time
	ids []string
}

// parseCursor reads a position, "2030-01-31T20:55:00Z 17 18".
func parseCursor(s string) (position, error) {
	if s == "" {
		return position{}, nil
	}
	fields := strings.Split(s, " ")
	at, err := time.Parse(time.RFC3339Nano, fields[0])
	if err != nil {
		return position{}, provider.NewError(provider.Rejected, "the cursor is not one of this inbox")
	}
	return position{at, fields[1:]}, nil
}

// String is the position as a cursor; "" is the start.
func (p position) String() string {
	if p.at.IsZero() && len(p.ids) == 0 {
		return ""
	}
	return strings.Join(append([]string{p.at.UTC().Format(time.RFC3339Nano)}, p.ids...), " ")
}

// passed reports whether m was answered already.
func (p position) passed(m *Message, overlap time.Duration) bool {
	old := !m.DateTimeReceived.IsZero() && m.DateTimeReceived.Before(p.at.Add(-overlap))
	return old || slices.Contains(p.ids, string(m.MessageID))
}

// advance moves the position past a list in the order of receipt.
func (p position) advance(list []*Message, overlap time.Duration) position {
	next := position{at: p.at}
	if len(list) > 0 && list[len(list)-1].DateTimeReceived.After(p.at) {
		next.at = list[len(list)-1].DateTimeReceived.Time
	}
	if next.at.Equal(p.at) {
		next.ids = slices.Clone(p.ids)
	}
	for _, m := range list {
		id := string(m.MessageID)
		recent := m.DateTimeReceived.IsZero() || !m.DateTimeReceived.Before(next.at.Add(-overlap))
		if recent && !slices.Contains(next.ids, id) {
			next.ids = append(next.ids, id)
		}
	}
	return next
}
