// Package acme is a driver for Acme, a vendor that exists only in these examples. Its
// API is described in examples/plugin-go/README.md.
package acme

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// Driver makes providers from configuration.
var Driver = provider.NewDriver("acme", "The vendor of the plugin examples.", New)

// Config holds the settings.
type Config struct {
	httpcall.Config
	Token provider.Secret `json:"token" doc:"sent as a bearer token"`
}

// Provider is an account at Acme.
type Provider struct {
	client *httpcall.Client
	header http.Header
}

// New makes a Provider. It does no I/O.
func New(c Config) (*Provider, error) {
	if c.Token == "" {
		return nil, provider.ConfigErrorf("token", "must not be empty")
	}
	client, err := httpcall.New(c.Config, c.Token)
	if err != nil {
		return nil, err
	}
	return &Provider{client: client, header: http.Header{"Authorization": {"Bearer " + c.Token.Reveal()}}}, nil
}

// Close closes idle connections.
func (p *Provider) Close() error { return p.client.Close() }

// Capabilities are the capabilities of Acme.
func (p *Provider) Capabilities() provider.Capabilities {
	return provider.Capabilities{Features: provider.CanChooseSender | provider.HasBalance}
}

// The bodies of Acme's requests and responses.
type (
	sendRequest struct {
		To        string `json:"to"`
		From      string `json:"from,omitempty"`
		Text      string `json:"text"`
		Reference string `json:"reference,omitempty"`
	}
	sendResponse struct {
		ID       string          `json:"id"`
		Segments int             `json:"segments"`
		Error    json.RawMessage `json:"error"` // not documented beside an id
	}
	errorResponse struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	balanceResponse struct {
		Amount   string `json:"amount"`
		Currency string `json:"currency"`
	}
)

// codes are Acme's error codes.
var codes = map[string]provider.Code{
	"invalid_number": provider.InvalidRecipient,
	"invalid_text":   provider.InvalidMessage,
	"blocked_number": provider.OptedOut,
	"unknown_sender": provider.SenderRejected,
	"no_coverage":    provider.NoRoute,
	"too_many":       provider.RateLimited,
	"bad_token":      provider.Unauthenticated,
	"no_credit":      provider.InsufficientFunds,
}

// Send posts to /messages, once.
func (p *Provider) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	if err := check(m); err != nil {
		return nil, err
	}
	request, err := httpcall.JSON(http.MethodPost, "/messages", sendRequest{To: m.To.String(), From: m.From, Text: m.Text, Reference: m.Ref})
	if err != nil {
		return nil, provider.NewError(provider.InvalidMessage, err.Error())
	}
	request.Header.Set("Authorization", p.header.Get("Authorization"))
	request.Private = []string{m.To.Digits(), m.Text} // which Acme may repeat in its errors
	response, err := p.client.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	if !response.OK() {
		return nil, failure(response)
	}
	var accepted sendResponse
	if err := response.Decode(&accepted); err != nil {
		return nil, response.Indeterminate(err)
	}
	if accepted.Error != nil {
		return nil, response.Indeterminate(errors.New("the response is a success and has an error"))
	}
	if accepted.ID == "" {
		return nil, response.Indeterminate(errors.New("the response has no id"))
	}
	return &provider.Receipt{ID: accepted.ID, Segments: accepted.Segments, Raw: response.Raw()}, nil
}

// check refuses what Acme cannot send, without a request.
func check(m *provider.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if _, err := m.ExtraOf("acme"); err != nil {
		return err
	}
	if !m.SendAt.IsZero() || m.Validity != 0 {
		return provider.NewError(provider.Unsupported, "Acme supports neither SendAt nor Validity")
	}
	return nil
}

// failure is the documented error, else the meaning of the status.
func failure(response *httpcall.Response) error {
	var e errorResponse
	if response.Decode(&e) == nil {
		if code, known := codes[e.Error.Code]; known {
			return response.Failed(code, e.Error.Code, e.Error.Message)
		}
	}
	return response.ByStatus()
}

// Balance reads /balance.
func (p *Provider) Balance(ctx context.Context) (*provider.Balance, error) {
	request := httpcall.Get("/balance", nil)
	request.Header = p.header
	response, err := p.client.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	if !response.OK() {
		return nil, failure(response)
	}
	var b balanceResponse
	if err := response.Decode(&b); err != nil {
		return nil, response.Indeterminate(err)
	}
	money, err := provider.ParseMoney(b.Amount, b.Currency)
	if err != nil {
		return nil, response.Indeterminate(err)
	}
	return &provider.Balance{Available: money}, nil
}

var (
	_ provider.Provider      = (*Provider)(nil)
	_ provider.BalanceReader = (*Provider)(nil)
)
