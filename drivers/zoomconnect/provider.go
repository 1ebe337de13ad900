package zoomconnect

import (
	"cmp"
	"context"
	"io"
	"time"

	"github.com/anysms/anysms/provider"
)

// Provider sends through one ZoomConnect account. It is safe for concurrent use.
type Provider struct {
	client *Client
	config *Config
}

// New makes a Provider. It does no I/O; a bad setting is a
// *provider.ConfigError.
func New(config Config) (*Provider, error) {
	client, err := NewClient(config)
	if err != nil {
		return nil, err
	}
	return &Provider{client: client, config: client.config}, nil
}

// Client returns the vendor's API over the same connections and credentials.
func (p *Provider) Client() *Client { return p.client }

// String describes the provider without its credentials.
func (p *Provider) String() string { return "zoomconnect provider at " + p.config.BaseURL }

// Close drops the idle connections.
func (p *Provider) Close() error { return p.client.Close() }

// Capabilities says what this account can do.
func (p *Provider) Capabilities() provider.Capabilities {
	return provider.Capabilities{
		Features: provider.HasBatch | provider.HasStatus | provider.HasFind | provider.HasBalance | provider.HasQuote |
			provider.HasCallbacks | provider.HasInbox | provider.HasCheck | provider.CanSchedule,
		MaxBatch: p.config.MaxBatch,
	}
}

// Send sends an SMS.
func (p *Provider) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	sms, err := p.sms(m)
	if err != nil {
		return nil, err
	}
	result, err := p.client.Send(ctx, sms)
	if err != nil {
		return nil, err
	}
	return &provider.Receipt{ID: result.MessageID, Raw: result.Raw}, nil
}

// sms converts a message to the vendor's request, or refuses what the vendor
// cannot send.
func (p *Provider) sms(m *provider.Message) (SMS, error) {
	if err := m.Validate(); err != nil {
		return SMS{}, err
	}
	extra, err := m.ExtraOf("zoomconnect", "campaign")
	if err != nil {
		return SMS{}, err
	}
	switch {
	case m.From != "":
		return SMS{}, provider.NewError(provider.Unsupported, "the vendor chooses the sender itself")
	case m.Validity != 0:
		return SMS{}, provider.NewError(provider.Unsupported, "the vendor does not support a validity period")
	}
	return SMS{
		RecipientNumber: p.recipient(m),
		Message:         m.Text,
		Campaign:        cmp.Or(extra["campaign"], m.Tag, p.config.Campaign),
		DataField:       m.Ref,
		DateToSend:      m.SendAt,
	}, nil
}

func (p *Provider) recipient(m *provider.Message) string {
	if p.config.NumberFormat == NumberDigits {
		return m.To.Digits()
	}
	return m.To.String()
}

// SendBatch sends several SMS in one request. Messages that the driver itself
// refuses are left out.
func (p *Provider) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	verdicts := make([]provider.Verdict, len(ms))
	bulk := Bulk{MessagesPerMinute: p.config.MessagesPerMinute}
	var places []int // indexes in verdicts of the messages that are sent
	for i, m := range ms {
		sms, err := p.sms(m)
		if err != nil {
			verdicts[i].Err = err
			continue
		}
		bulk.Messages = append(bulk.Messages, sms)
		places = append(places, i)
	}
	if len(places) == 0 {
		return verdicts
	}
	results, err := p.client.SendBulk(ctx, bulk)
	if err != nil {
		err = wholeBatch(err, len(places))
	}
	for n, i := range places {
		if err != nil {
			verdicts[i].Err = err
			continue
		}
		verdicts[i] = verdict(results[n])
	}
	return verdicts
}

func verdict(r SendResult) provider.Verdict {
	if r.Err != nil {
		return provider.Verdict{Err: r.Err}
	}
	return provider.Verdict{Receipt: &provider.Receipt{ID: r.MessageID, Raw: r.Raw}}
}

// wholeBatch is the error for each message of a request that failed as a whole.
// A refusal may be about another message of the batch: of this one it is known
// only that the vendor did not take it.
func wholeBatch(err error, messages int) error {
	if messages > 1 && provider.OutcomeOf(err) == provider.OutcomeRefused {
		return &provider.Error{Code: provider.Unavailable, VendorMessage: "the vendor refused the batch as a whole", Err: errorOnly{err}}
	}
	return err
}

// errorOnly keeps the text of a cause and hides its code.
type errorOnly struct{ error }

// Status reads a message's status. The event has no time: the vendor reports
// when it sent the message, not when its status changed.
func (p *Provider) Status(ctx context.Context, id string) (*provider.Event, error) {
	m, err := p.client.Message(ctx, id)
	if err != nil {
		return nil, err
	}
	e, fate := event(m), fateOf(m.MessageStatus)
	e.Kind, e.Status, e.Final, e.Code, e.VendorStatus = provider.Report, fate.status, fate.final, fate.code, m.MessageStatus
	return &e, nil
}

// findSkew is how much the vendor's clock may be slow.
const findSkew = time.Minute

// maxFound bounds how many messages a search reads, in case the vendor does not
// search by dataField as documented.
const maxFound = 500

// Find searches the sent messages for m.Ref. The vendor does not say how soon a
// message is listed, so not finding it proves nothing.
func (p *Provider) Find(ctx context.Context, m *provider.Message, since time.Time) (*provider.Receipt, error) {
	if m.Ref == "" {
		return nil, provider.NewError(provider.Unsupported, "the message has no ref to look for")
	}
	looked := 0
	for found, err := range p.client.Messages(ctx, Filter{Type: Outbound, DataField: m.Ref}) {
		if err != nil {
			return nil, err
		}
		if looked++; looked > maxFound {
			return nil, provider.NewError(provider.Indeterminate, "the vendor lists too many messages for one ref")
		}
		if found.UserDataField == m.Ref && international(found.ToNumber) == m.To.String() && !found.sentBefore(since.Add(-findSkew)) {
			return &provider.Receipt{ID: string(found.MessageID), Segments: found.NumberOfMessages, Cost: found.cost(), Raw: found.Raw}, nil
		}
	}
	return nil, nil
}

// sentBefore is false for a message that has not been sent yet.
func (m *Message) sentBefore(t time.Time) bool {
	return !m.DateTimeSent.IsZero() && m.DateTimeSent.Before(t)
}

// cost is nil if the vendor has not counted yet.
func (m *Message) cost() *provider.Money {
	if m.CreditCost.Micros == 0 {
		return nil
	}
	return &m.CreditCost.Money
}

// Balance reads the account's credits.
func (p *Provider) Balance(ctx context.Context) (*provider.Balance, error) {
	credits, err := p.client.Balance(ctx)
	if err != nil {
		return nil, err
	}
	return &provider.Balance{Available: credits.Money}, nil
}

// Quote requests the vendor's analysis. A text that is too long for the vendor
// is provider.Unsupported.
func (p *Provider) Quote(ctx context.Context, m *provider.Message) (*provider.Quote, error) {
	sms, err := p.sms(m)
	if err != nil {
		return nil, err
	}
	a, err := p.client.Analyse(ctx, sms.Message, sms.RecipientNumber)
	if err != nil {
		return nil, err
	}
	if !a.WithinMaximum {
		return nil, provider.NewError(provider.Unsupported, "the vendor reports that the text is too long")
	}
	return &provider.Quote{Segments: a.NumberOfMessages, Encoding: a.Encoding, Cost: &a.CreditCost.Money}, nil
}

// Check reads the balance, to see whether the credentials are valid.
func (p *Provider) Check(ctx context.Context) error {
	_, err := p.client.Balance(ctx)
	return err
}

// What the vendor has beyond sending.
var (
	_ provider.Provider       = (*Provider)(nil)
	_ provider.BatchSender    = (*Provider)(nil)
	_ provider.StatusReader   = (*Provider)(nil)
	_ provider.Finder         = (*Provider)(nil)
	_ provider.BalanceReader  = (*Provider)(nil)
	_ provider.Quoter         = (*Provider)(nil)
	_ provider.CallbackParser = (*Provider)(nil)
	_ provider.InboxReader    = (*Provider)(nil)
	_ provider.Checker        = (*Provider)(nil)
	_ io.Closer               = (*Provider)(nil)
)
