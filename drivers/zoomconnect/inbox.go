package zoomconnect

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/anysms/anysms/drivers/internal/inbox"
	"github.com/anysms/anysms/provider"
)

// Inbox returns the messages that were received after the cursor, the oldest
// first. It does not mark them as read, nor does it matter whether they are.
//
// The vendor selects received messages by day, so a poll reads all those of the
// cursor's day; without a cursor it reads all there are. For many replies,
// prefer callbacks. A message that is listed later than inbox_overlap after it
// was received, behind others, is missed.
func (p *Provider) Inbox(ctx context.Context, cursor string) (events []provider.Event, next string, err error) {
	since, err := inbox.ParsePosition(cursor)
	if err != nil {
		return nil, cursor, err
	}
	received, err := p.received(ctx, since)
	if err != nil {
		return nil, cursor, err
	}
	entries := make([]inbox.Entry, len(received))
	for i, m := range received {
		entries[i] = inbox.Entry{At: m.DateTimeReceived.Time, ID: string(m.MessageID)}
		if since.Passed(entries[i], p.overlap()) {
			continue
		}
		e := event(m)
		e.Kind, e.At = provider.Inbound, m.DateTimeReceived.Time
		events = append(events, e)
	}
	return events, since.Advance(entries, p.overlap()).String(), nil
}

// received lists what may be new, in the order of receipt. The vendor does not
// document an order, and pages that shift show a message twice.
func (p *Provider) received(ctx context.Context, since inbox.Position) ([]*Message, error) {
	filter := Filter{Type: Inbound}
	if !since.At.IsZero() {
		filter.ReceivedFrom = since.At.Add(-p.overlap())
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

// event converts a message of the list, sent or received.
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
