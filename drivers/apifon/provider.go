package apifon

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

// Provider sends through one Apifon account. It is safe for concurrent use.
type Provider struct {
	client *Client
	config *Config

	callbackURL atomic.Pointer[string] // what takes the place of an empty config.CallbackURL
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
func (p *Provider) String() string { return "apifon provider at " + p.config.BaseURL }

// SetCallbackURL implements [provider.CallbackRequester].
func (p *Provider) SetCallbackURL(url string) error {
	if err := httpcall.CheckCallbackURL(url); err != nil {
		return err
	}
	p.callbackURL.Store(&url)
	return nil
}

// callbacks is where an attempt is reported; "" = nowhere.
func (p *Provider) callbacks(attempt string) string {
	address := p.config.CallbackURL
	if set := p.callbackURL.Load(); address == "" && set != nil {
		address = *set
	}
	return p.config.hook(address, attempt)
}

// Close drops the idle connections.
func (p *Provider) Close() error { return p.client.Close() }

// maxBatch is how many messages go into one request. The vendor documents no
// limit.
const maxBatch = 100

// Capabilities says what this account can do. If the setting scopes omits a
// scope, the capabilities that need it are missing.
func (p *Provider) Capabilities() provider.Capabilities {
	features := provider.HasCallbacks | provider.CanSchedule | provider.CanSetValidity | provider.CanChooseSender
	for scope, needed := range scopedFeatures {
		if len(p.config.Scopes) == 0 || slices.Contains(p.config.Scopes, scope) {
			features |= needed
		}
	}
	caps := provider.Capabilities{Features: features}
	if caps.Has(provider.HasBatch) {
		caps.MaxBatch, caps.BatchRules = maxBatch, batchRules
	}
	return caps
}

var scopedFeatures = map[string]provider.Feature{
	"smsGateway":  provider.HasBatch | provider.HasCancel,
	"accountInfo": provider.HasBalance | provider.HasCheck,
	"otpGateway":  provider.HasVerify,
}

// Send sends an SMS, or with extras an instant message and the SMS after it;
// see the package comment.
func (p *Provider) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	result, err := p.submit(ctx, m, envelope{[]Recipient{{Number: m.To.Digits()}}, m.Ref, m.Attempt})
	if err != nil {
		return nil, err
	}
	return receipt(result, m.To, result.RequestID)
}

// envelope is what one message and a batch differ in.
type envelope struct {
	recipients []Recipient
	reference  string
	attempt    string // "" = a batch, whose messages share the callback URL
}

// submit makes the request for a message, or for a batch like it.
func (p *Provider) submit(ctx context.Context, m *provider.Message, e envelope) (*SendResult, error) {
	extra, err := m.ExtraOf(driverName, imExtras...)
	if err != nil {
		return nil, err
	}
	if len(extra) > 0 {
		im, err := p.im(m, extra, e)
		if err != nil {
			return nil, err
		}
		return p.client.SendIM(ctx, im)
	}
	sms, err := p.sms(m, e)
	if err != nil {
		return nil, err
	}
	return p.client.SendSMS(ctx, sms)
}

// unfit says why submit would make no request for a message; nil = it would.
func (p *Provider) unfit(m *provider.Message, e envelope) error {
	extra, err := m.ExtraOf(driverName, imExtras...)
	switch {
	case err != nil:
	case len(extra) > 0:
		_, err = p.im(m, extra, e)
	default:
		_, err = p.sms(m, e)
	}
	return err
}

// sms converts a message to the vendor's request, or refuses what the vendor
// would change or cannot send.
func (p *Provider) sms(m *provider.Message, e envelope) (SMS, error) {
	text, err := p.text(m)
	if err != nil {
		return SMS{}, err
	}
	return SMS{
		Recipients:  e.recipients,
		ReferenceID: e.reference,
		Message:     text,
		CallbackURL: p.callbacks(e.attempt),
		TTE:         TTE{For: m.Validity},
		Date:        sendAt(m),
	}, nil
}

// magic begins the placeholders that the vendor always replaces; any other
// {KEY} stays as it is if no params are given.
const magic = "{apifon_"

func checkMagic(text string) error {
	if strings.Contains(text, magic) {
		return provider.NewError(provider.Unsupported, "the text contains "+magic+"…}, which the vendor would replace")
	}
	return nil
}

// text returns the message as the vendor's SMS.
func (p *Provider) text(m *provider.Message) (Text, error) {
	if err := checkMagic(m.Text); err != nil {
		return Text{}, err
	}
	sender, err := p.sender(m.From)
	if err != nil {
		return Text{}, err
	}
	coding, err := dataCoding(m.Text)
	if err != nil {
		return Text{}, err
	}
	return Text{Text: m.Text, DataCoding: coding, SenderID: sender}, nil
}

// sender returns the message's sender or the account's default.
func (p *Provider) sender(from string) (string, error) {
	if from == "" {
		from = p.config.Sender
	}
	if from == "" {
		return "", provider.NewError(provider.SenderRejected, "the message has no sender and the setting sender is empty; the vendor needs one")
	}
	return senderID(from), nil
}

// senderID returns a sender in the vendor's form: numbers without a plus sign.
func senderID(from string) string {
	if number, err := e164.Parse(from); err == nil {
		return number.Digits()
	}
	return from
}

func dataCoding(text string) (DataCoding, error) {
	analysis, err := segment.Analyze(text, nil)
	if err != nil {
		return 0, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	if analysis.Encoding == segment.GSM7 {
		return GSM7, nil
	}
	return UCS2, nil
}

// sendAt is never earlier than requested: the vendor has no fractions of a
// second.
func sendAt(m *provider.Message) Time {
	if m.SendAt.IsZero() {
		return Time{}
	}
	return Time{m.SendAt.Add(time.Second - 1).Truncate(time.Second)}
}

// receipt finds one recipient's part of a response. The message may have been
// sent even if it is missing.
func receipt(result *SendResult, to e164.Number, id string) (*provider.Receipt, error) {
	entries := result.Of(to.Digits())
	if len(entries) == 0 || entries[0].MessageID == "" {
		return nil, provider.NewError(provider.Indeterminate, "the response has no message id for the recipient")
	}
	return &provider.Receipt{ID: id, Segments: len(entries), Raw: result.Raw}, nil
}

// Cancel withdraws a scheduled message. A message of a batch cannot be
// withdrawn alone: the vendor removes whole requests.
func (p *Provider) Cancel(ctx context.Context, id string) error {
	if strings.Contains(id, batchMark) {
		return provider.NewError(provider.Unsupported, "the message was sent in a batch, and the vendor can only cancel whole requests")
	}
	// The id does not show which of the two gateways it belongs to.
	removed, err := p.client.RemoveSMS(ctx, id)
	if err == nil && removed < 1 {
		removed, err = p.client.removeIMAfterSMS(ctx, id)
	}
	if err != nil {
		return err
	}
	if removed < 1 {
		return provider.NewError(provider.Rejected, fmt.Sprintf("no message is scheduled under the id %s", provider.Mask(id)))
	}
	return nil
}

// Balance reads the account's balance. Available is the vendor's balance; what
// is reserved is reported separately.
func (p *Provider) Balance(ctx context.Context) (*provider.Balance, error) {
	said, err := p.client.Balance(ctx)
	if err != nil {
		return nil, err
	}
	available, err := said.Balance.Money(p.config.Currency)
	if err != nil {
		return nil, &provider.Error{Code: provider.Indeterminate, Err: err}
	}
	balance := &provider.Balance{Available: available}
	if reserved, err := said.Reserved.Money(p.config.Currency); err == nil {
		balance.Reserved = &reserved
	}
	for _, s := range said.Subscriptions {
		left, leftErr := s.Available.Money(provider.Credits)
		total, totalErr := s.Total.Money(provider.Credits)
		if err := cmp.Or(leftErr, totalErr); err != nil {
			return nil, &provider.Error{Code: provider.Indeterminate, Err: err}
		}
		balance.Bundles = append(balance.Bundles, provider.Bundle{Name: s.SenderID, Available: left, Total: total, Ends: s.Ends()})
	}
	return balance, nil
}

// Check reads the balance, which shows whether the credentials are valid.
func (p *Provider) Check(ctx context.Context) error {
	_, err := p.client.Balance(ctx)
	return err
}

// What the vendor has beyond sending.
var (
	_ provider.Provider       = (*Provider)(nil)
	_ provider.BatchSender    = (*Provider)(nil)
	_ provider.Canceller      = (*Provider)(nil)
	_ provider.BalanceReader  = (*Provider)(nil)
	_ provider.Verifier       = (*Provider)(nil)
	_ provider.CallbackParser = (*Provider)(nil)
	_ provider.Checker        = (*Provider)(nil)
	_ io.Closer               = (*Provider)(nil)
)
