package apifon

import (
	"context"
	"net/http"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/wire"
)

// api precedes every path of the vendor's reference.
const api = "/services/api/v1"

// Client is the vendor's API, typed. It is safe for concurrent use. Every error
// of its methods is a *provider.Error; where the vendor said why, its cause is
// an [*APIError], and where a documented limit forbade the request, it is a
// [*FieldError] and nothing was sent.
type Client struct {
	config Config
	wire   *wire.Client
	signer signer
}

// NewClient makes a Client. It does no I/O; a bad setting is a
// *provider.ConfigError.
func NewClient(config Config) (*Client, error) {
	config.defaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	w, err := wire.New(config.Config, config.Token, config.Secret, config.ClientID, config.ClientSecret)
	if err != nil {
		return nil, err
	}
	c := &Client{config: config, wire: w, signer: signer{config.Token, config.Secret, config.Now}}
	return c, nil
}

// Close drops the idle connections. Calls after it are provider.Unavailable.
// It may be called again.
func (c *Client) Close() error { return c.wire.Close() }

// reply is an answer of the vendor.
type reply struct {
	*wire.Response
}

// call makes one authenticated request; body is written as JSON, nil is no body.
func (c *Client) call(ctx context.Context, method, path string, body any) (*reply, error) {
	r := wire.Request{Method: method, Path: path}
	if body != nil {
		var err error
		if r, err = wire.JSON(method, path, body); err != nil {
			return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
		}
	}
	return c.do(ctx, r)
}

// do makes one authenticated request, once.
func (c *Client) do(ctx context.Context, r wire.Request) (*reply, error) {
	if r.Header == nil {
		r.Header = http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	}
	r.Sign = func(req *http.Request) { c.signer.sign(req, r.Body) }
	answer, err := c.wire.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	return &reply{Response: answer}, nil
}
