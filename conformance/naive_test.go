package conformance_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/provider"
)

// naive is a driver as it is often written: plain net/http, every error is not sent,
// the status decides, and the response's words are passed on. Its fields add faults.
type naive struct {
	url    string
	client *http.Client

	header     http.Header
	query      bool // credentials and number go into the address
	needLength bool
	needUTF8   bool
	leaky      bool          // the body of an error is never closed
	once       bool          // net/http is kept from repeating requests
	failure    provider.Code // of transport errors and unreadable responses
}

func newNaive(url string, change func(*naive)) *naive {
	n := &naive{
		url:     url,
		client:  &http.Client{Transport: &http.Transport{DisableCompression: true, MaxResponseHeaderBytes: 1 << 30}},
		header:  http.Header{"Authorization": {"Bearer " + apiKey}, "Content-Type": {"application/json"}},
		failure: provider.Unavailable,
	}
	change(n)
	return n
}

// naively returns a breaker.
func naively(change func(*naive)) breaker {
	return func(url string) (provider.Provider, error) { return newNaive(url, change), nil }
}

func asItComes(*naive) {}

// retime gives the driver a timeout.
func (n *naive) retime(_ string, timeout time.Duration) { n.client.Timeout = timeout }

func unverified(n *naive) {
	n.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
}

func (n *naive) Capabilities() provider.Capabilities { return provider.Capabilities{} }

func (n *naive) Close() error {
	n.client.CloseIdleConnections()
	return nil
}

func (n *naive) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	body, err := json.Marshal(referenceRequest{To: m.To.String(), From: m.From, Text: m.Text, Ref: m.Ref})
	if err != nil {
		return nil, err
	}
	address := n.url + "/messages"
	if n.query {
		address += "?" + url.Values{"key": {apiKey}, "to": {m.To.String()}}.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = n.header.Clone()
	if n.once {
		request.GetBody = nil
	}
	response, err := n.client.Do(request)
	if err != nil {
		return nil, &provider.Error{Code: n.failure, Err: err}
	}
	if n.leaky && response.StatusCode > 299 {
		return nil, provider.NewError(provider.Indeterminate, response.Status)
	}
	defer response.Body.Close()
	return n.judge(response)
}

func (n *naive) judge(response *http.Response) (*provider.Receipt, error) {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, &provider.Error{Code: n.failure, Err: err}
	}
	if response.StatusCode > 299 {
		return nil, &provider.Error{Code: provider.Rejected, VendorMessage: string(body)}
	}
	if n.needLength && response.ContentLength < 0 {
		return nil, provider.NewError(provider.Indeterminate, "the response has no length")
	}
	if n.needUTF8 && !utf8.Valid(body) {
		return nil, provider.NewError(provider.Rejected, "the response is not UTF-8")
	}
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, &provider.Error{Code: n.failure, Err: err}
	}
	switch id := fields["id"].(type) {
	case string:
		if id != "" {
			return &provider.Receipt{ID: id, Raw: body}, nil
		}
	case float64:
		return &provider.Receipt{ID: strconv.FormatFloat(id, 'f', 0, 64), Raw: body}, nil
	}
	return nil, provider.NewError(n.failure, "no id")
}

// raw implements HTTP by hand and takes the first header for the response.
type raw struct{ address string }

func openRaw(url string) (provider.Provider, error) {
	return raw{strings.TrimPrefix(url, "http://")}, nil
}

func (raw) Capabilities() provider.Capabilities { return provider.Capabilities{} }

func (r raw) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	body, err := json.Marshal(referenceRequest{To: m.To.String(), From: m.From, Text: m.Text, Ref: m.Ref})
	if err != nil {
		return nil, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.address)
	if err != nil {
		return nil, provider.NewError(provider.Unavailable, "no connection")
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /messages HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	status, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(status, "HTTP/1.1 2") {
		return nil, provider.NewError(provider.Indeterminate, "no good status")
	}
	return &provider.Receipt{}, nil
}

// altered is the reference driver with a broken Send.
type altered struct {
	*reference
	send func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error)
}

func (a altered) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	return a.send(ctx, m, a.reference)
}

// alter returns a breaker.
func alter(send func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error)) breaker {
	return func(url string) (provider.Provider, error) {
		r, err := newReference(url)
		return altered{r, send}, err
	}
}

// rewrite changes texts before they are sent.
func rewrite(change func(string) string) breaker {
	return alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
		m = m.Clone()
		if m.Text = change(m.Text); m.Text == "" {
			m.Text = "?"
		}
		return right.Send(ctx, m)
	})
}

// recode changes the codes of errors.
func recode(change func(*provider.Error)) breaker {
	return alter(func(ctx context.Context, m *provider.Message, right *reference) (*provider.Receipt, error) {
		receipt, err := right.Send(ctx, m)
		if e, ok := errors.AsType[*provider.Error](err); ok {
			change(e)
		}
		return receipt, err
	})
}
