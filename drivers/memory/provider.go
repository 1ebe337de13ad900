package memory

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/sleep"
)

// Provider keeps messages in memory. It is safe for concurrent use.
type Provider struct {
	config Config
	caps   provider.Capabilities

	arrival   arrival
	listening sync.Mutex // held by Listen
	listened  string     // Listen's cursor

	attempts atomic.Int64
	scripted atomic.Bool // script is not empty

	mu     sync.Mutex
	closed bool
	script []Answer
	ledger ledger
	funds  *provider.Money
	codes  map[string]*oneTimeCode
	inbox  []provider.Event
	gone   uint64 // events that the bounded inbox has dropped
}

// Answer is the response to one Send. The zero Answer accepts.
type Answer struct {
	// Err is the error of the send; nil = accepted.
	Err error
	// Taken adds the message to the ledger even if Err is set: the vendor
	// accepted it and its response was lost.
	Taken bool
	// Delay is how long the send takes; 0 = Config.Delay. If the context ends
	// before, Send is provider.Indeterminate.
	Delay time.Duration
}

var errClosed = errors.New("the provider is closed")

// New makes a provider. A bad setting is a *provider.ConfigError.
func New(config Config) (*Provider, error) {
	caps, err := config.capabilities()
	if err != nil {
		return nil, err
	}
	if config.Ledger == 0 {
		config.Ledger = DefaultLedger
	}
	p := &Provider{config: config, caps: caps, ledger: ledger{limit: config.Ledger}, codes: make(map[string]*oneTimeCode), arrival: newArrival()}
	if config.Balance != nil {
		funds := *config.Balance
		p.funds = &funds
	}
	return p, nil
}

// String reveals neither the settings nor the messages.
func (p *Provider) String() string { return "memory provider" }

// GoString redacts like String.
func (p *Provider) GoString() string { return p.String() }

// Capabilities returns what the settings allow.
func (p *Provider) Capabilities() provider.Capabilities { return p.caps }

// Send responds as configured; see the package documentation.
func (p *Provider) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	if err := p.check(m); err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, &provider.Error{Code: provider.Unavailable, Err: err}
	}
	p.attempts.Add(1)
	answer := p.answer(m)
	if err := wait(ctx, answer.Delay); err != nil {
		answer.Err = &provider.Error{Code: provider.Indeterminate, Err: err}
	}
	if answer.Err != nil && !answer.Taken {
		return nil, answer.Err
	}
	receipt, err := p.accept(m)
	if answer.Err != nil {
		return nil, answer.Err
	}
	return receipt, err
}

// check refuses what the capabilities exclude.
func (p *Provider) check(m *provider.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if _, err := m.ExtraOf("memory"); err != nil {
		return err
	}
	switch {
	case m.From != "" && !p.caps.Has(provider.CanChooseSender):
		return provider.NewError(provider.Unsupported, "this provider does not support a sender")
	case m.Validity != 0 && !p.caps.Has(provider.CanSetValidity):
		return provider.NewError(provider.Unsupported, "this provider does not support a validity")
	case !m.SendAt.IsZero() && !p.caps.Has(provider.CanSchedule):
		return provider.NewError(provider.Unsupported, "this provider does not support scheduling")
	case p.caps.MaxCharacters > 0 && utf8.RuneCountInString(m.Text) > p.caps.MaxCharacters:
		return provider.NewError(provider.Unsupported, "the text has more characters than max_characters")
	case p.caps.MaxSegments > 0 && segments(m.Text) > p.caps.MaxSegments:
		return provider.NewError(provider.Unsupported, "the text has more segments than max_segments")
	}
	return nil
}

func (p *Provider) answer(m *provider.Message) Answer {
	a := p.decide(m)
	if a.Delay == 0 {
		a.Delay = p.config.Delay.Std()
	}
	return a
}

func (p *Provider) decide(m *provider.Message) Answer {
	if p.scripted.Load() {
		if a, ok := p.popScript(); ok {
			return a
		}
	}
	switch {
	case p.config.Answer != nil:
		return p.config.Answer(m)
	case p.config.Code != "":
		return Answer{Err: provider.NewError(p.config.Code, "set by the configuration")}
	}
	return Answer{}
}

func (p *Provider) popScript() (Answer, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.script) == 0 {
		return Answer{}, false
	}
	a := p.script[0]
	p.script = p.script[1:]
	p.scripted.Store(len(p.script) > 0)
	return a, true
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	return sleep.For(ctx, d)
}

// accept adds the message to the ledger.
func (p *Provider) accept(m *provider.Message) (*provider.Receipt, error) {
	receipt, err := p.receipt(m.Text)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, &provider.Error{Code: provider.Unavailable, Err: errClosed}
	}
	now := time.Now() // under the lock, because Find relies on the ledger's order by time
	if prior := p.replayed(m, now); prior != nil {
		receipt.ID = prior.ID
		return receipt, nil
	}
	if err := p.pay(receipt.Cost); err != nil {
		return nil, err
	}
	receipt.ID = p.ledger.next()
	if p.ledger.limit > 0 {
		kept := *m
		kept.Extra = maps.Clone(m.Extra)
		p.ledger.add(Entry{ID: receipt.ID, Message: kept, At: now, Status: provider.StatusAccepted})
	}
	return receipt, nil
}

// receipt has the price of a text, where there are prices.
func (p *Provider) receipt(text string) (*provider.Receipt, error) {
	receipt := &provider.Receipt{}
	if p.config.Price == nil {
		return receipt, nil
	}
	receipt.Segments = segments(text)
	cost, err := p.config.Price.Mul(receipt.Segments)
	if err != nil {
		return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	receipt.Cost = &cost
	return receipt, nil
}

// replayed is the earlier message with the same idempotency key, the Ref.
func (p *Provider) replayed(m *provider.Message, now time.Time) *Entry {
	if p.caps.ReplayFor == 0 || m.Ref == "" {
		return nil
	}
	return p.ledger.findRef(m.Ref, now.Add(-p.caps.ReplayFor))
}

func (p *Provider) pay(cost *provider.Money) error {
	if cost == nil || p.funds == nil {
		return nil
	}
	if p.funds.Micros < cost.Micros {
		return provider.NewError(provider.InsufficientFunds, "the balance of "+p.funds.String()+" does not cover "+cost.String())
	}
	p.funds.Micros -= cost.Micros
	return nil
}

// segments counts the segments; the text has passed Validate.
func segments(text string) int {
	a, err := segment.Analyze(text, nil)
	if err != nil {
		return 0
	}
	return a.Segments
}

// Script queues answers. Each is the response to one Send, in order, before
// anything else decides.
func (p *Provider) Script(answers ...Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script = append(p.script, answers...)
	p.scripted.Store(len(p.script) > 0)
}

// Attempts counts the calls of Send that passed validation, whatever their
// response.
func (p *Provider) Attempts() int { return int(p.attempts.Load()) }

// Accepted counts all messages that were accepted, kept or not.
func (p *Provider) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(p.ledger.last)
}

// Messages returns a copy of the ledger, oldest first.
func (p *Provider) Messages() []Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ledger.entries()
}

// SendBatch sends each message by Send.
func (p *Provider) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	verdicts := make([]provider.Verdict, len(ms))
	for i, m := range ms {
		verdicts[i].Receipt, verdicts[i].Err = p.Send(ctx, m)
	}
	return verdicts
}

// Close ends the provider. Sends after it are provider.Unavailable; the ledger
// can still be read. It may be called again.
func (p *Provider) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

// Check returns nil until the provider is closed.
func (p *Provider) Check(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return &provider.Error{Code: provider.Unavailable, Err: err}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return &provider.Error{Code: provider.Unavailable, Err: errClosed}
	}
	return nil
}

var (
	_ provider.Provider       = (*Provider)(nil)
	_ provider.BatchSender    = (*Provider)(nil)
	_ provider.StatusReader   = (*Provider)(nil)
	_ provider.Finder         = (*Provider)(nil)
	_ provider.Canceller      = (*Provider)(nil)
	_ provider.BalanceReader  = (*Provider)(nil)
	_ provider.Quoter         = (*Provider)(nil)
	_ provider.Verifier       = (*Provider)(nil)
	_ provider.CallbackParser = (*Provider)(nil)
	_ provider.InboxReader    = (*Provider)(nil)
	_ provider.EventSource    = (*Provider)(nil)
	_ provider.Checker        = (*Provider)(nil)
)
