package httpcall

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/redact"
)

// ErrTimeout is the cause when a request took longer than [Config].Timeout, as
// opposed to the caller's own deadline, whose cause is context.DeadlineExceeded.
var ErrTimeout = errors.New("no response within the timeout")

var (
	errConnectTimeout = errors.New("no connection within the connect timeout")
	errClosed         = errors.New("the provider is closed")
	errSwitched       = errors.New("the server switched to another protocol")
)

// Client makes requests to one vendor. It is safe for concurrent use.
type Client struct {
	base    *url.URL
	config  Config
	kept    *http.Transport
	fresh   *http.Transport
	secrets redact.Secrets
	closed  atomic.Bool
}

// New makes a Client. It does no network I/O. The secrets, and the credentials of
// the proxy, never appear in [Response.Raw] or in error messages. A bad setting is a
// *provider.ConfigError.
func New(config Config, secrets ...provider.Secret) (*Client, error) {
	config.BaseURL = strings.TrimRight(config.BaseURL, "/")
	if err := config.validate(); err != nil {
		return nil, err
	}
	return newClient(config, secrets)
}

func newClient(config Config, secrets []provider.Secret) (*Client, error) {
	kept, fresh, err := config.transports()
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(config.BaseURL)
	if err != nil {
		return nil, provider.ConfigErrorf("base_url", "is not a URL")
	}
	return &Client{base: base, config: config, kept: kept, fresh: fresh, secrets: redact.NewSecrets(append(proxySecrets(config.Proxy), secrets...)...)}, nil
}

// Close drops the idle connections. Requests after it are provider.Unavailable.
// It may be called again.
func (c *Client) Close() error {
	c.closed.Store(true)
	c.kept.CloseIdleConnections()
	c.fresh.CloseIdleConnections()
	return nil
}

// Do makes the request, once, and reads the response. A response with any
// status is a Response. Without one the error is a *provider.Error: Unavailable
// if nothing of the request was written, else Indeterminate. Its cause
// distinguishes a cancelled context, the caller's deadline and [ErrTimeout].
//
// With [Request].Tokens, a token request may come first. A request that gets no
// token is not made. A 401 to a cached token drops it and is
// provider.Unavailable: the next request gets a fresh one. A 401 to a fresh
// token is a Response like any other.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, &provider.Error{Code: provider.Unavailable, Err: err}
	}
	if c.closed.Load() {
		return nil, &provider.Error{Code: provider.Unavailable, Err: errClosed}
	}
	if r.Tokens == nil {
		return c.do(ctx, r)
	}
	token, cached, err := r.Tokens.token(ctx)
	if err != nil {
		return nil, err
	}
	r.token = token
	resp, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	resp.tokens, resp.token, resp.tokenCached = r.Tokens, token, cached
	if resp.Status == http.StatusUnauthorized && resp.DropToken() {
		return nil, resp.Failed(provider.Unavailable, "", "the cached access token was refused; the next request gets a fresh one")
	}
	return resp, nil
}

// do makes the request, once, under the client's timeout.
func (c *Client) do(ctx context.Context, r Request) (*Response, error) {
	ctx, cancelTimeout := context.WithTimeoutCause(ctx, c.config.Timeout.Or(DefaultTimeout), ErrTimeout)
	defer cancelTimeout()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	echo := sync.OnceValue(func() *redact.Echo { return redact.NewEcho(r.Private...) })
	answer, stale, err := c.roundTrip(ctx, cancel, r)
	if stale {
		// The idle connection was dead and nothing was written: the request has
		// not been made yet.
		r.Fresh = true
		answer, _, err = c.roundTrip(ctx, cancel, r)
	}
	if err != nil {
		return nil, redact.Error(err, echo().Hide)
	}
	resp := c.read(ctx, answer, r.limit())
	resp.echo = echo
	if r.Sign != nil {
		resp.signature = newSignature(answer.Request.Header)
	}
	return resp, nil
}

// roundTrip hands the request to net/http. Stale is true if a connection that
// had been idle failed before anything was written to it.
func (c *Client) roundTrip(ctx context.Context, cancel context.CancelCauseFunc, r Request) (answer *http.Response, stale bool, err error) {
	connecting := time.AfterFunc(c.connectTimeout(ctx), func() { cancel(errConnectTimeout) })
	defer connecting.Stop()
	w := &witness{method: r.Method, ready: func() { connecting.Stop() }}
	req, err := r.build(httptrace.WithClientTrace(ctx, w.trace()), c.base)
	if err != nil {
		return nil, false, &provider.Error{Code: provider.Unavailable, Err: err}
	}
	if req.URL.Scheme == "http" {
		req = req.WithContext(context.WithValue(req.Context(), plainKey{}, true))
	}
	transport := c.kept
	if r.Fresh || hasReplayKey(req) {
		transport = c.fresh
	}
	if answer, err = transport.RoundTrip(req); err == nil {
		return answer, false, nil
	}
	failed := c.failure(ctx, w, err)
	return nil, failed.Code == provider.Unavailable && w.reused && ctx.Err() == nil, failed
}

func (c *Client) connectTimeout(ctx context.Context) time.Duration {
	limit := c.config.ConnectTimeout.Or(DefaultConnectTimeout)
	if d, ok := ConnectTimeout(ctx); ok && d < limit {
		return d
	}
	return limit
}

type connectTimeoutKey struct{}

// WithConnectTimeout limits the time in which requests under the context must
// get their connection, below [Config].ConnectTimeout. A router uses it to
// leave time for the next provider.
func WithConnectTimeout(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, connectTimeoutKey{}, d)
}

// ConnectTimeout returns what [WithConnectTimeout] put into the context, for
// those who pass it on, for example to another process.
func ConnectTimeout(ctx context.Context) (d time.Duration, ok bool) {
	d, ok = ctx.Value(connectTimeoutKey{}).(time.Duration)
	return d, ok
}

// failure turns a failed round trip into an error that says what is known of
// the message.
func (c *Client) failure(ctx context.Context, w *witness, err error) *provider.Error {
	code := provider.Unavailable
	if w.wrote() && !(w.first() && wantsCertificate(err)) {
		code, err = provider.Indeterminate, unquoted(err)
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	} else if errors.Is(err, context.DeadlineExceeded) { // the transports' own limit was first
		err = errConnectTimeout
	}
	return &provider.Error{Code: code, Err: hidden(err, c.secrets.Hide)}
}

// read reads the body. If that fails, the reason is kept as the response's
// bodyErr: the status alone may still decide.
func (c *Client) read(ctx context.Context, answer *http.Response, limit int64) *Response {
	defer answer.Body.Close()
	body, err := readBody(answer, limit)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return &Response{
		Status:   answer.StatusCode,
		Header:   answer.Header,
		Body:     bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")),
		bodyErr:  err,
		received: time.Now(),
		client:   c,
	}
}

func readBody(answer *http.Response, limit int64) ([]byte, error) {
	if answer.StatusCode == http.StatusSwitchingProtocols {
		return nil, errSwitched // net/http hands the connection over, and the context would no longer end a read
	}
	var from io.Reader = io.LimitReader(answer.Body, limit+1)
	switch strings.ToLower(answer.Header.Get("Content-Encoding")) {
	case "", "identity":
	case "gzip", "x-gzip":
		expanded, err := gzip.NewReader(from)
		if err != nil {
			return nil, fmt.Errorf("read response: %w", unquoted(err))
		}
		from = io.LimitReader(expanded, limit+1)
	default:
		return nil, errors.New("read response: unexpected content encoding")
	}
	body, err := io.ReadAll(from)
	if err != nil {
		return nil, fmt.Errorf("read response: %w", unquoted(err))
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("read response: more than %d bytes", limit)
	}
	return body, nil
}
