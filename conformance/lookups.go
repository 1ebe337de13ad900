package conformance

import (
	"context"
	"fmt"

	"github.com/anysms/anysms/provider"
)

// lookup is an optional call that does not send.
type lookup struct {
	call string // as in the names of reply files
	name string // of the method
	bit  provider.Feature
	make func(ctx context.Context, p provider.Provider, a callArgs) (finding, error)
}

// finding is what a call returned without an error.
type finding struct {
	claim  string         // in words
	fields map[string]any // nil = Find found nothing
	events []provider.Event
	next   string // of Inbox
}

func lookups() []lookup {
	return []lookup{
		{"status", "Status", provider.HasStatus, lookStatus},
		{"find", "Find", provider.HasFind, lookFind},
		{"cancel", "Cancel", provider.HasCancel, func(ctx context.Context, p provider.Provider, a callArgs) (finding, error) {
			return finding{claim: "that the message is cancelled"}, provider.Cancel(ctx, p, a.ID)
		}},
		{"balance", "Balance", provider.HasBalance, lookBalance},
		{"quote", "Quote", provider.HasQuote, lookQuote},
		{"start_verification", "StartVerification", provider.HasVerify, lookStart},
		{"check_verification", "CheckVerification", provider.HasVerify, func(ctx context.Context, p provider.Provider, a callArgs) (finding, error) {
			v, err := provider.CheckVerification(ctx, p, a.Ref, a.Code)
			return finding{claim: "that the code is " + string(v), fields: map[string]any{"result": string(v)}}, err
		}},
		{"inbox", "Inbox", provider.HasInbox, func(ctx context.Context, p provider.Provider, a callArgs) (finding, error) {
			events, next, err := provider.ReadInbox(ctx, p, a.Cursor)
			return finding{claim: "an inbox", fields: map[string]any{"next": next}, events: events, next: next}, err
		}},
		{"check", "Check", provider.HasCheck, func(ctx context.Context, p provider.Provider, _ callArgs) (finding, error) {
			return finding{claim: "that all is well"}, provider.Check(ctx, p)
		}},
	}
}

func lookStatus(ctx context.Context, p provider.Provider, a callArgs) (finding, error) {
	e, err := provider.ReadStatus(ctx, p, a.ID)
	if e == nil {
		return finding{claim: "neither an event nor an error"}, err
	}
	return finding{claim: "status " + string(e.Status), fields: eventFields(*e)}, err
}

func lookFind(ctx context.Context, p provider.Provider, a callArgs) (finding, error) {
	r, err := provider.Find(ctx, p, a.message(), a.since())
	if r == nil {
		return finding{claim: "that the message is not there"}, err
	}
	fields := map[string]any{"id": r.ID, "segments": float64(r.Segments), "cost": moneyText(r.Cost)}
	return finding{claim: fmt.Sprintf("that the message is there, with the id %q", r.ID), fields: fields}, err
}

func lookBalance(ctx context.Context, p provider.Provider, _ callArgs) (finding, error) {
	balance, err := provider.ReadBalance(ctx, p)
	if balance == nil {
		return finding{claim: "neither a balance nor an error"}, err
	}
	fields := map[string]any{"available": balance.Available.String(), "reserved": moneyText(balance.Reserved)}
	return finding{claim: "the balance " + balance.Available.String(), fields: fields}, err
}

func lookQuote(ctx context.Context, p provider.Provider, a callArgs) (finding, error) {
	q, err := provider.RequestQuote(ctx, p, a.message())
	if q == nil {
		return finding{claim: "neither a quote nor an error"}, err
	}
	fields := map[string]any{"segments": float64(q.Segments), "encoding": q.Encoding, "cost": moneyText(q.Cost)}
	return finding{claim: "a quote", fields: fields}, err
}

func lookStart(ctx context.Context, p provider.Provider, a callArgs) (finding, error) {
	r, err := provider.StartVerification(ctx, p, &provider.VerificationRequest{To: a.number(), Ref: a.Ref, Text: a.Text})
	if r == nil {
		return finding{claim: "neither a receipt nor an error"}, err
	}
	return finding{claim: "that a code is on its way", fields: map[string]any{"id": r.ID}}, err
}

// look makes a call. It ends the case if the driver panics or does not return.
func (b *bench) look(l lookup, a callArgs) (finding, error) {
	return doErr(b.trial, l.name, func(ctx context.Context) (finding, error) { return l.make(ctx, b.p, a) })
}

// lookupFor returns the lookup of a call file.
func lookupFor(call string) lookup {
	for _, l := range lookups() {
		if l.call == call {
			return l
		}
	}
	return lookup{}
}
