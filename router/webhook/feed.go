package webhook

import (
	"context"
	"errors"
	"fmt"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// maxPages bounds one call of [PollInbox].
const maxPages = 1000

// PollInbox fetches the incoming messages since the last call and records them. The
// cursor is committed with them, so that a crash loses none.
func PollInbox(ctx context.Context, l *ledger.Ledger, name string, p provider.Provider) (total ledger.Recorded, err error) {
	key := "inbox " + name
	cursor, err := l.Cursor(ctx, key)
	if err != nil {
		return total, err
	}
	for range maxPages {
		events, next, err := provider.ReadInbox(ctx, p, cursor)
		if err != nil {
			return total, fmt.Errorf("the inbox of %s: %w", name, err)
		}
		if next == "" {
			next = cursor
		}
		counts, err := l.RecordAt(ctx, name, key, next, events...)
		if err != nil {
			return total, err
		}
		total.Add(counts)
		if next == cursor || len(events) == 0 {
			return total, nil
		}
		cursor = next
	}
	return total, nil
}

// PollStatus fetches and records the status of messages that the provider accepted and
// that have no final report yet: at most limit of them, the newest first.
func PollStatus(ctx context.Context, l *ledger.Ledger, name string, p provider.Provider, limit int) (total ledger.Recorded, err error) {
	for _, status := range []ledger.Status{ledger.Accepted, ledger.Sent} {
		f := ledger.Filter{Provider: name, Status: status, Limit: ledger.MaxLimit}
		for limit > 0 {
			page, next, err := l.Messages(ctx, f)
			if err != nil {
				return total, err
			}
			for i := range page[:min(limit, len(page))] {
				if page[i].ProviderID == "" {
					continue
				}
				counts, err := pollOne(ctx, l, name, p, page[i].ProviderID)
				if err != nil {
					return total, err
				}
				total.Add(counts)
			}
			limit -= len(page)
			if f.Cursor = next; next == "" {
				break
			}
		}
	}
	return total, nil
}

// pollOne asks for one status. A vendor that does not know it is no failure.
func pollOne(ctx context.Context, l *ledger.Ledger, name string, p provider.Provider, id string) (ledger.Recorded, error) {
	e, err := provider.ReadStatus(ctx, p, id)
	switch {
	case errors.Is(err, errors.ErrUnsupported), ctx.Err() != nil, provider.CodeOf(err) == provider.Unauthenticated:
		return ledger.Recorded{}, fmt.Errorf("the status of messages at %s: %w", name, err)
	case err != nil:
		return ledger.Recorded{}, nil
	}
	return l.Record(ctx, name, *e)
}

// Listen records the events that a provider pushes over a connection, until the context
// ends. An event that cannot be recorded is refused, so that the vendor repeats it.
// observe is called with the events after that; it may be nil.
func Listen(ctx context.Context, l *ledger.Ledger, name string, p provider.Provider, observe func(context.Context, string, ...provider.Event) error) error {
	return provider.Listen(ctx, p, func(ctx context.Context, events []provider.Event) error {
		if _, err := l.Record(ctx, name, events...); err != nil {
			return err
		}
		if observe != nil {
			_ = observe(ctx, name, events...) // they are recorded: the vendor must not repeat them
		}
		return nil
	})
}
