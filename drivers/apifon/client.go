package apifon

import (
	"context"
	"errors"
	"net/http"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// api precedes every path of the vendor's reference.
const api = "/services/api/v1"

// Client is the vendor's API, typed. It is safe for concurrent use. Every error
// of its methods is a *provider.Error; if the vendor gave a reason, its cause
// is an [*APIError], and if a documented limit forbade the request, it is a
// [*FieldError] and nothing was sent.
type Client struct {
	config *Config // behind pointers, so that %#v prints no secret
	http   *httpcall.Client
	signer *signer
	tokens *httpcall.TokenSource // nil with HMAC
}

// NewClient makes a Client. It does no I/O; a bad setting is a
// *provider.ConfigError.
func NewClient(config Config) (*Client, error) {
	config.defaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	w, err := httpcall.New(config.Config, config.secrets()...)
	if err != nil {
		return nil, err
	}
	c := &Client{config: &config, http: w, signer: &signer{config.Token, config.Secret, config.Now}}
	if config.ClientID == "" {
		return c, nil
	}
	c.tokens, err = httpcall.NewTokenSource(config.Config, httpcall.ClientCredentials{
		TokenURL: config.TokenURL, RevokeURL: config.RevokeURL, ClientID: config.ClientID, ClientSecret: config.ClientSecret,
		Scopes: config.Scopes, Now: config.Now,
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// String describes the client without its credentials.
func (c *Client) String() string { return "apifon client of " + c.config.BaseURL }

// Close drops the idle connections and ends a token request in progress. Calls
// after it are provider.Unavailable. It may be called again.
func (c *Client) Close() error {
	err := c.http.Close()
	if c.tokens != nil {
		err = errors.Join(err, c.tokens.Close())
	}
	return err
}

// Revoke revokes the cached OAuth2 access token, if there is one; the next call
// gets a fresh one.
func (c *Client) Revoke(ctx context.Context) error {
	if c.tokens == nil {
		return nil
	}
	return c.tokens.Revoke(ctx)
}

// call makes one authenticated request; body is sent as JSON, nil = no body.
func (c *Client) call(ctx context.Context, method, path string, body any) (*httpcall.Response, error) {
	r := httpcall.Request{Method: method, Path: path}
	if body != nil {
		var err error
		if r, err = httpcall.JSON(method, path, body); err != nil {
			return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
		}
	}
	if b, ok := body.(interface{ private() []string }); ok {
		r.Private = b.private()
	}
	return c.do(ctx, r)
}

// do makes one authenticated request, once. A token request may precede it.
func (c *Client) do(ctx context.Context, r httpcall.Request) (*httpcall.Response, error) {
	if r.Header == nil {
		r.Header = http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	}
	if r.Tokens = c.tokens; r.Tokens == nil {
		r.Sign = func(req *http.Request) { c.signer.sign(req, r.Body) }
	}
	return c.http.Do(ctx, r)
}

// tokenRefused handles a documented refusal of a cached access token: the token
// has expired, and the next call gets a fresh one.
func tokenRefused(r *httpcall.Response, err *provider.Error) *provider.Error {
	if err.Code == provider.Unauthenticated && r.Status != http.StatusProxyAuthRequired && r.DropToken() {
		err.Code = provider.Unavailable
	}
	return err
}
