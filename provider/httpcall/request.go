package httpcall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// DefaultMaxResponse is how many bytes of a response are read at most.
const DefaultMaxResponse = 1 << 20

// Request is one request to a vendor.
type Request struct {
	Method string
	// Path follows the base URL, "/messages", percent-encoded where needed. An
	// absolute URL replaces the base URL and must have passed [Config.CheckURL].
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte // must not be changed afterwards, even after an error
	// Fresh requests a new connection. A send by GET needs it: net/http repeats
	// a GET when a reused connection drops. A request with an idempotency key
	// always gets one.
	Fresh bool
	// MaxResponse is the maximum size of the response in bytes; 0 = [DefaultMaxResponse].
	MaxResponse int64
	// Private are the texts and numbers that the request carries. They do not
	// appear in error messages, however the vendor writes them: see [redact.Echo].
	Private []string
	// Tokens, if set, provides the access token for the Authorization header.
	Tokens *TokenSource
	// Sign, if set, is called with the finished request and may add headers to
	// it, such as credentials. It must not touch the body.
	Sign func(*http.Request)

	token *accessToken // from Tokens
}

// JSON makes a request with a JSON body. Only the characters that JSON requires
// are escaped.
func JSON(method, path string, body any) (Request, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return Request{}, fmt.Errorf("encode request: %w", err)
	}
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	return Request{Method: method, Path: path, Header: header, Body: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}, nil
}

// Form makes a request with a form body.
func Form(method, path string, values url.Values) Request {
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	return Request{Method: method, Path: path, Header: header, Body: []byte(values.Encode())}
}

// Get makes a request without a body.
func Get(path string, query url.Values) Request {
	return Request{Method: http.MethodGet, Path: path, Query: query}
}

func (r *Request) limit() int64 {
	if r.MaxResponse == 0 {
		return DefaultMaxResponse
	}
	return r.MaxResponse
}

func (r *Request) build(ctx context.Context, base *url.URL) (*http.Request, error) {
	raw := r.Path
	if !strings.HasPrefix(raw, "https://") && !strings.HasPrefix(raw, "http://") {
		raw = base.String() + raw
	}
	if len(r.Query) > 0 {
		raw += "?" + r.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, raw, nil)
	if err != nil {
		return nil, fmt.Errorf("build request: %w", withoutURL(err))
	}
	if len(r.Body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(r.Body))
		req.ContentLength = int64(len(r.Body))
		// GetBody stays nil: with it net/http could send the body again.
	}
	if r.Header != nil {
		req.Header = r.Header.Clone()
	}
	setDefault(req.Header, "Accept", "application/json")
	setDefault(req.Header, "Accept-Encoding", "gzip")
	setDefault(req.Header, "User-Agent", "anysms")
	if r.token != nil {
		req.Header.Set("Authorization", "Bearer "+r.token.value.Reveal())
	}
	if r.Sign != nil {
		r.Sign(req)
	}
	return req, nil
}

// hasReplayKey reports whether a header makes net/http repeat a request without
// a body when a reused connection drops.
func hasReplayKey(req *http.Request) bool {
	_, key := req.Header["Idempotency-Key"]
	_, xKey := req.Header["X-Idempotency-Key"]
	return key || xKey
}

func setDefault(h http.Header, key, value string) {
	if h.Get(key) == "" {
		h.Set(key, value)
	}
}

// withoutURL drops the URL that package net/url puts into an error: it may
// contain a number or a key.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
