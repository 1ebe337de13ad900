package phonify

import (
	"context"
	"io"

	"github.com/anysms/anysms/provider"
)

// Provider sends through one Phonify account.
type Provider struct{ client *Client }

// New makes a Provider without any I/O. A bad setting is a
// *provider.ConfigError that names it.
func New(config Config) (*Provider, error) {
	client, err := NewClient(config)
	if err != nil {
		return nil, err
	}
	return &Provider{client: client}, nil
}

// Client is the account's API, for what the Provider has no method for.
func (p *Provider) Client() *Client { return p.client }

// Close drops the idle connections. It may be called again.
func (p *Provider) Close() error { return p.client.Close() }

// Capabilities says what the account can do.
func (p *Provider) Capabilities() provider.Capabilities {
	return provider.Capabilities{MaxCharacters: MaxCharacters}
}

// Send implements [provider.Provider].
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

// refuse answers for what can be judged without a request.
func refuse(m *provider.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if _, err := m.ExtraOf("phonify"); err != nil {
		return err
	}
	switch {
	case m.From != "":
		return provider.Errorf(provider.Unsupported, "Phonify chooses the sender itself")
	case !m.SendAt.IsZero():
		return provider.Errorf(provider.Unsupported, "Phonify cannot send later")
	case m.Validity != 0:
		return provider.Errorf(provider.Unsupported, "Phonify has no validity period")
	}
	return nil
}

var (
	_ provider.Provider = (*Provider)(nil)
	_ io.Closer         = (*Provider)(nil)
)
