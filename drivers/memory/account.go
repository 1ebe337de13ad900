package memory

import (
	"context"
	"slices"
	"time"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
)

// Status returns the message's status from the ledger.
func (p *Provider) Status(_ context.Context, id string) (*provider.Event, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.ledger.find(id)
	if e == nil {
		return nil, unknownID()
	}
	now := time.Now()
	status := e.status(now)
	return &provider.Event{
		Kind:         provider.Report,
		ID:           e.ID,
		Ref:          e.Message.Ref,
		At:           now,
		Status:       status,
		Final:        final(status),
		Code:         e.Code,
		VendorStatus: string(status),
	}, nil
}

func final(s provider.Status) bool {
	return !slices.Contains([]provider.Status{provider.StatusAccepted, provider.StatusQueued, provider.StatusSent, provider.StatusUnknown}, s)
}

// SetStatus sets a message's status; code says why it was not delivered, "" =
// it was, or the reason is unknown. An id that is not in the ledger is an
// error.
func (p *Provider) SetStatus(id string, status provider.Status, code provider.Code) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.ledger.find(id)
	if e == nil {
		return unknownID()
	}
	e.Status, e.Code = status, code
	return nil
}

// Find searches the ledger for m.Ref.
func (p *Provider) Find(_ context.Context, m *provider.Message, since time.Time) (*provider.Receipt, error) {
	if m.Ref == "" {
		return nil, provider.NewError(provider.Unsupported, "a message without ref cannot be found")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.ledger.findRef(m.Ref, since)
	if e == nil {
		return nil, nil
	}
	r, err := p.receipt(e.Message.Text)
	if err != nil {
		return nil, err
	}
	r.ID = e.ID
	return r, nil
}

// Cancel withdraws a scheduled message before its time. Any other message is
// provider.Rejected.
func (p *Provider) Cancel(_ context.Context, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.ledger.find(id)
	if e == nil {
		return unknownID()
	}
	if e.status(time.Now()) != provider.StatusQueued {
		return provider.NewError(provider.Rejected, "the message is not scheduled")
	}
	e.Status = provider.StatusCancelled
	return nil
}

func unknownID() error { return provider.NewError(provider.Rejected, "no message has this id") }

// Balance returns what is left of Config.Balance.
func (p *Provider) Balance(context.Context) (*provider.Balance, error) {
	if p.funds == nil {
		return nil, provider.NewError(provider.Unsupported, "no balance is configured")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return &provider.Balance{Available: *p.funds}, nil
}

// Quote counts the segments and prices them by Config.Price.
func (p *Provider) Quote(_ context.Context, m *provider.Message) (*provider.Quote, error) {
	if err := p.check(m); err != nil {
		return nil, err
	}
	a, err := segment.Analyze(m.Text, nil)
	if err != nil {
		return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	q := &provider.Quote{Segments: a.Segments, Encoding: a.Encoding.String()}
	if p.config.Price == nil {
		return q, nil
	}
	cost, err := p.config.Price.Mul(a.Segments)
	if err != nil {
		return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	q.Cost = &cost
	return q, nil
}
