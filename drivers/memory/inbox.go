package memory

import (
	"context"
	"strconv"

	"github.com/anysms/anysms/provider"
)

// maxInbox bounds the messages that have not been read.
const maxInbox = 10_000

// Receive adds events to the inbox, which keeps the latest 10,000.
func (p *Provider) Receive(events ...provider.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inbox = append(p.inbox, events...)
	if extra := len(p.inbox) - maxInbox; extra > 0 {
		p.inbox = append([]provider.Event(nil), p.inbox[extra:]...)
		p.gone += uint64(extra)
	}
}

// Inbox returns what was received after the cursor, which counts events.
func (p *Provider) Inbox(_ context.Context, cursor string) (events []provider.Event, next string, err error) {
	var after uint64
	if cursor != "" {
		if after, err = strconv.ParseUint(cursor, 10, 64); err != nil {
			return nil, cursor, provider.NewError(provider.Rejected, "the cursor does not belong to this inbox; the first one is empty")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	end := p.gone + uint64(len(p.inbox))
	if after > end {
		return nil, cursor, provider.NewError(provider.Rejected, "the cursor does not belong to this inbox; the first one is empty")
	}
	start := max(after, p.gone) - p.gone
	return append([]provider.Event(nil), p.inbox[start:]...), strconv.FormatUint(end, 10), nil
}
