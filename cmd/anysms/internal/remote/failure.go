package remote

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// errNotFound is a gateway's 404.
var errNotFound = errors.New("not found")

// unreachable says why there is no response, and what to do.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*provider.Error](err); ok && e.Err != nil {
		err = e.Err // the code is about messages
	}
	hint := ""
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
		hint = `; does "anysms serve" run there, at this port?`
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		hint = "; --ca-file names an authority of your own"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		hint = "; does the server speak http?"
	}
	if errors.Is(err, httpcall.ErrTimeout) {
		err = fmt.Errorf("no response within %s", httpcall.DefaultTimeout)
	}
	return fmt.Errorf("the gateway at %s: %w%s", c.url, err, hint)
}

// refused says what a response means that is none of success, and what to do.
func (c *Client) refused(resp *httpcall.Response) error {
	p, ok := problemOf(resp)
	if !ok {
		return c.notGateway(what(resp))
	}
	detail := provider.Mask(resp.Redact(p.Detail))
	switch {
	case p.Status == http.StatusNotFound:
		return fmt.Errorf("the gateway at %s: %s (%w)", c.url, detail, errNotFound)
	case p.Status == http.StatusUnauthorized && c.key == "":
		detail = "it wants a key; give --key-file, or set " + KeyEnv
	case p.Status == http.StatusUnauthorized:
		detail = "it does not know the key"
	case p.Status == http.StatusForbidden && c.key != "":
		detail += "; its scopes are those in serve.keys of the gateway's configuration"
	case resp.Header.Get("Retry-After") != "":
		detail += "; try again later"
	}
	return fmt.Errorf("the gateway at %s: %s", c.url, detail)
}

// problemOf reads the error of a gateway.
func problemOf(resp *httpcall.Response) (p problem.Problem, ok bool) {
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if media != problem.ContentType || json.Unmarshal(resp.Body, &p) != nil {
		return p, false
	}
	return p, p.Code != "" && p.Status == resp.Status
}

// what describes a response that is none of a gateway.
func what(resp *httpcall.Response) string {
	text := fmt.Sprintf("it responded with %d %s", resp.Status, http.StatusText(resp.Status))
	if to, err := url.Parse(resp.Header.Get("Location")); err == nil && to.Host != "" {
		text += " to " + to.Scheme + "://" + to.Host // the rest repeats the request
	}
	return text
}

func (c *Client) notGateway(reason string) error {
	return fmt.Errorf("%s is not a gateway of anysms, or something stands before it: %s", c.url, reason)
}
