package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
)

// sendTimeout is how long an endpoint may take.
const sendTimeout = 15 * time.Second

// sender posts events to an endpoint, signed as Standard Webhooks say.
type sender struct {
	url    string
	sign   *standardwebhooks.Webhook
	client *http.Client
}

func newSender(conf settings.Webhook) (*sender, error) {
	secret, err := settings.WebhookSecret(conf.Secret)
	if err != nil {
		return nil, err
	}
	sign, err := standardwebhooks.NewWebhookRaw(secret)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !conf.AllowPrivate {
		dialer.Control = onlyPublic
	}
	return &sender{url: conf.URL, sign: sign, client: &http.Client{
		Timeout: sendTimeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, MaxIdleConnsPerHost: inFlight,
			IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// errPrivate means that an endpoint is in a private network, and the configuration does
// not allow that.
var errPrivate = errors.New("the address is not public; set allow_private: true if that is meant")

// onlyPublic looks at the address that is connected to, after names were resolved.
func onlyPublic(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := to.Addr().Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || isShared(ip) {
		return errPrivate
	}
	return nil
}

// isShared reports whether an address is one of RFC 6598, which providers use inside.
func isShared(ip netip.Addr) bool { return netip.MustParsePrefix("100.64.0.0/10").Contains(ip) }

// send posts an event. A status of 2xx means that it was taken.
func (s *sender) send(ctx context.Context, id string, at time.Time, body []byte) error {
	signature, err := s.sign.Sign(id, at, body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return withoutURL(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "anysms")
	r.Header.Set(standardwebhooks.HeaderWebhookID, id)
	r.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	r.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	resp, err := s.client.Do(r)
	if err != nil {
		return withoutURL(err)
	}
	defer resp.Body.Close()
	const drain = 64 << 10
	_, _ = io.CopyN(io.Discard, resp.Body, drain) // so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

// withoutURL takes the URL out of an error, as it may hold a secret.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

func (s *sender) close() { s.client.CloseIdleConnections() }
