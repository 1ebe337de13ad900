package zoomconnect

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// api precedes every path of the vendor's guide.
const api = "/api/rest/v1"

// maxAnswer is the maximum size of a response: room for a long page of
// messages.
const maxAnswer = 8 << 20

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
	// Basic authentication sends e-mail address and token as one value, and so
	// they would come back in base64. The callback secret is part of addresses
	// that the vendor knows.
	pair := provider.Secret(config.Email+":") + config.Token
	w, err := httpcall.New(config.Config, config.Token, config.URLToken, config.CallbackSecret, pair)
	if err != nil {
		return nil, err
	}
	return &Client{config: &config, http: w}, nil
}

// String describes the client without its credentials.
func (c *Client) String() string { return "zoomconnect client of " + c.config.BaseURL }

// Close drops the idle connections. Calls after it are provider.Unavailable.
// It may be called again.
func (c *Client) Close() error { return c.http.Close() }

// get makes an authenticated request without a body.
func (c *Client) get(ctx context.Context, path string, query url.Values) (*httpcall.Response, error) {
	return c.call(ctx, httpcall.Get(api+path, query), false)
}

// request makes an authenticated request; body is sent as JSON, nil = no body.
// It is not for sending messages.
func (c *Client) request(ctx context.Context, method, path string, body any) (*httpcall.Response, error) {
	r := httpcall.Request{Method: method, Path: api + path}
	if body != nil {
		var err error
		if r, err = httpcall.JSON(method, api+path, body); err != nil {
			return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
		}
	}
	if b, ok := body.(interface{ private() []string }); ok {
		r.Private = b.private()
	}
	return c.call(ctx, r, false)
}

// send makes an authenticated request that sends messages.
func (c *Client) send(ctx context.Context, path string, body interface{ private() []string }) (*httpcall.Response, error) {
	r, err := httpcall.JSON(http.MethodPost, api+path, body)
	if err != nil {
		return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	r.Private = body.private()
	return c.call(ctx, r, true)
}

// call authenticates a request and makes it.
func (c *Client) call(ctx context.Context, r httpcall.Request, sends bool) (*httpcall.Response, error) {
	switch c.config.Auth {
	case AuthQuery:
		query := url.Values{"email": {c.config.Email}, "token": {c.config.Token.Reveal()}}
		maps.Copy(query, r.Query)
		r.Query = query
	case AuthBasic:
		r.Sign = func(req *http.Request) { req.SetBasicAuth(c.config.Email, c.config.Token.Reveal()) }
	default:
		r.Sign = func(req *http.Request) {
			req.Header.Set("email", c.config.Email)
			req.Header.Set("token", c.config.Token.Reveal())
		}
	}
	return c.do(ctx, r, sends)
}

// do makes the request, once. Any 2xx without an error is a response that could
// be read.
func (c *Client) do(ctx context.Context, r httpcall.Request, sends bool) (*httpcall.Response, error) {
	r.MaxResponse = maxAnswer
	resp, err := c.http.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	said := parseError(resp)
	if said != nil || !resp.OK() || resp.Readable() != nil {
		return nil, c.failure(resp, said, sends)
	}
	return resp, nil
}

// address writes ids into the {} of a path. An id that is empty, or a path
// segment of its own, would make a different path.
func address(pattern string, ids ...string) (string, error) {
	for _, id := range ids {
		if id == "" || id == "." || id == ".." {
			return "", provider.NewError(provider.Rejected, "\""+id+"\" is not an id")
		}
		pattern = strings.Replace(pattern, "{}", url.PathEscape(id), 1)
	}
	return pattern, nil
}
