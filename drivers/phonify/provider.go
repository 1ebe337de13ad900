package phonify

import (
	"context"
	"io"

	"github.com/anysms/anysms/provider"
)

// Provider sends through one Phonify account. It is safe for concurrent use.
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
func (p *Provider) String() string { return "phonify provider at " + p.config.BaseURL }

// Close drops the idle connections.
func (p *Provider) Close() error { return p.client.Close() }

// Capabilities says what this account can do. There is an inbox if own_numbers
// is set, which shows which messages are inbound.
func (p *Provider) Capabilities() provider.Capabilities {
	features := provider.HasStatus | provider.HasCheck
	if len(p.config.OwnNumbers) > 0 {
		features |= provider.HasInbox
	}
	return provider.Capabilities{Features: features, MaxCharacters: MaxCharacters}
}

// Send sends an SMS.
func (p *Provider) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	if err := refuse(m); err != nil {
		return nil, err
	}
	sent, err := p.client.Send(ctx, m.To, m.Text)
	if err != nil {
		return nil, err
	}
	return &provider.Receipt{ID: sent.ID, Raw: sent.Raw}, nil
}

// refuse refuses what can be refused without a request.
func refuse(m *provider.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if _, err := m.ExtraOf("phonify"); err != nil {
		return err
	}
	switch {
	case m.From != "":
		return provider.NewError(provider.Unsupported, "the vendor chooses the sender itself")
	case !m.SendAt.IsZero():
		return provider.NewError(provider.Unsupported, "the vendor does not support scheduling")
	case m.Validity != 0:
		return provider.NewError(provider.Unsupported, "the vendor does not support a validity period")
	}
	return nil
}

// Status reads a message's state. The event has no time: the vendor reports
// only when the message was created.
func (p *Provider) Status(ctx context.Context, id string) (*provider.Event, error) {
	m, err := p.client.Message(ctx, id)
	if err != nil {
		return nil, err
	}
	status, known := statuses[m.State]
	if !known {
		status = provider.StatusUnknown
	}
	return &provider.Event{
		Kind: provider.Report, ID: m.ID, Status: status, Final: m.State == StateError, VendorStatus: m.State,
		From: m.Origin.address(), To: m.To, Text: m.Body, Raw: m.Raw,
	}, nil
}

// Check reads one message, to see whether the key is valid.
func (p *Provider) Check(ctx context.Context) error {
	_, err := p.client.List(ctx, 0, 1)
	return err
}

// What the vendor has beyond sending.
var (
	_ provider.Provider     = (*Provider)(nil)
	_ provider.StatusReader = (*Provider)(nil)
	_ provider.InboxReader  = (*Provider)(nil)
	_ provider.Checker      = (*Provider)(nil)
	_ io.Closer             = (*Provider)(nil)
)
