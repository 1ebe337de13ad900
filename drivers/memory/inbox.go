package memory

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/anysms/anysms/provider"
)

// maxInbox bounds the messages that have not been read.
const maxInbox = 10_000

// Receive adds events to the inbox, which keeps the latest 10,000.
func (p *Provider) Receive(events ...provider.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inbox = append(p.inbox, events...)
	defer p.arrival.announce()
	if extra := len(p.inbox) - maxInbox; extra > 0 {
		p.inbox = append([]provider.Event(nil), p.inbox[extra:]...)
		p.gone += uint64(extra)
	}
}

// arrival tells that events were received.
type arrival struct{ signal chan struct{} }

func newArrival() arrival { return arrival{make(chan struct{}, 1)} }

func (a arrival) announce() {
	select {
	case a.signal <- struct{}{}:
	default:
	}
}

// refusedPause is how long Listen waits before it repeats refused events.
const refusedPause = 50 * time.Millisecond

// Listen hands over the events of the inbox, those received earlier included,
// and repeats refused ones. A later call goes on where the last one ended.
func (p *Provider) Listen(ctx context.Context, handle func(context.Context, []provider.Event) error) error {
	if !p.listening.TryLock() {
		return errors.New("another call of Listen is in progress")
	}
	defer p.listening.Unlock()
	for ctx.Err() == nil {
		events, next, err := p.Inbox(ctx, p.listened)
		if err != nil {
			return err
		}
		var again <-chan time.Time
		switch {
		case len(events) == 0:
		case handle(ctx, events) == nil:
			p.listened = next
			continue
		default:
			again = time.After(refusedPause)
		}
		select {
		case <-ctx.Done():
		case <-p.arrival.signal:
		case <-again:
		}
	}
	return nil
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
