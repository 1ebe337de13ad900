package phonify

import (
	"context"
	"net/http"
	"net/url"

	"github.com/anysms/anysms/provider/httpcall"
)

// Client is the vendor's API, typed. It is safe for concurrent use. Every error
// of its methods is a *provider.Error; if the vendor gave a reason, its cause
// is an [*APIError].
type Client struct {
	config *Config // behind a pointer, so that %#v prints no secret
	http   *httpcall.Client
}

// NewClient makes a Client. It does no I/O; a bad setting is a
// *provider.ConfigError.
func NewClient(config Config) (*Client, error) {
	config.defaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	// Basic authentication sends the key with a colon, and so it would come
	// back in base64.
	w, err := httpcall.New(config.Config, config.APIKey, config.APIKey+":")
	if err != nil {
		return nil, err
	}
	return &Client{config: &config, http: w}, nil
}

// String describes the client without its credentials.
func (c *Client) String() string { return "phonify client of " + c.config.BaseURL }

// Close drops the idle connections. Calls after it are provider.Unavailable.
// It may be called again.
func (c *Client) Close() error { return c.http.Close() }

// maxAnswer is the maximum size of a response: room for the largest page, 1,000
// messages of 160 escaped characters.
const maxAnswer = 4 << 20

func (c *Client) get(ctx context.Context, path string, query url.Values) (*httpcall.Response, error) {
	r := httpcall.Get(path, c.parameters(query))
	r.MaxResponse = maxAnswer
	return c.do(ctx, r)
}

func (c *Client) post(ctx context.Context, path string, form url.Values) (*httpcall.Response, error) {
	r := httpcall.Form(http.MethodPost, path, c.parameters(form))
	r.Private = []string{form.Get("to"), form.Get("body")}
	return c.do(ctx, r)
}

// parameters adds the parameters of every call.
func (c *Client) parameters(p url.Values) url.Values {
	if c.config.Auth == AuthParameter {
		p.Set("api_key", c.config.APIKey.Reveal())
	}
	if c.config.Business != "" {
		p.Set("business", c.config.Business)
	}
	return p
}

// do makes one authenticated request, once. Any 2xx without errors is a
// response that could be read.
func (c *Client) do(ctx context.Context, r httpcall.Request) (*httpcall.Response, error) {
	if c.config.Auth == AuthBasic {
		r.Sign = func(req *http.Request) { req.SetBasicAuth(c.config.APIKey.Reveal(), "") }
	}
	resp, err := c.http.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	said := parseError(resp)
	if said != nil || !resp.OK() || resp.Readable() != nil {
		return nil, c.failure(resp, said)
	}
	return resp, nil
}
