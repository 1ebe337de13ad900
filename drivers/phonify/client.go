package phonify

import (
	"context"
	"net/http"
	"net/url"

	"github.com/anysms/anysms/provider/wire"
)

// Client speaks the Phonify API, call by call. It makes one request per call
// and is safe for concurrent use. Its errors are *provider.Error.
type Client struct {
	config Config
	http   *wire.Client
}

// NewClient makes a Client without any I/O. A bad setting is a
// *provider.ConfigError that names it.
func NewClient(config Config) (*Client, error) {
	if err := config.complete(); err != nil {
		return nil, err
	}
	// Basic sends the key with a colon, and so it would come back in base64.
	hc, err := wire.New(config.Config, config.APIKey, config.APIKey+":")
	if err != nil {
		return nil, err
	}
	return &Client{config: config, http: hc}, nil
}

// Close drops the idle connections. It may be called again.
func (c *Client) Close() error { return c.http.Close() }

func (c *Client) get(ctx context.Context, path string, query url.Values) (*wire.Response, error) {
	return c.do(ctx, wire.Get(path, c.parameters(query)))
}

func (c *Client) post(ctx context.Context, path string, form url.Values) (*wire.Response, error) {
	return c.do(ctx, wire.Form(http.MethodPost, path, c.parameters(form)))
}

// parameters adds what goes with every call.
func (c *Client) parameters(p url.Values) url.Values {
	if p == nil {
		p = make(url.Values)
	}
	if c.config.Auth == AuthParameter {
		p.Set("api_key", c.config.APIKey.Reveal())
	}
	if c.config.Business != "" {
		p.Set("business", c.config.Business)
	}
	return p
}

// do makes the request. Any 2xx is a response, anything else an error.
func (c *Client) do(ctx context.Context, r wire.Request) (*wire.Response, error) {
	if c.config.Auth == AuthBasic {
		r.Sign = func(req *http.Request) { req.SetBasicAuth(c.config.APIKey.Reveal(), "") }
	}
	resp, err := c.http.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	if !resp.OK() {
		return nil, c.failure(resp, readFaults(resp.Body))
	}
	return resp, nil
}
