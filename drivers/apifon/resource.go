package apifon

import (
	"bytes"
	"context"

	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/drivers/internal/loosejson"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// ErrNotModified is returned by a read with [Read].IfNoneMatch if the resource
// has not changed.
var ErrNotModified = errors.New("apifon: the resource was not modified")

// Read says which parts of a resource are read. The zero value reads all of it.
type Read struct {
	Fields      []string // only these; the vendor refuses unknown names
	IfNoneMatch string   // an ETag: return ErrNotModified if the resource still has it
}

// Meta is part of every resource.
type Meta struct {
	ETag string `json:"Etag"`
}

// Millis is a time that the vendor writes as milliseconds since 1970.
type Millis struct{ time.Time }

// UnmarshalJSON reads a number, also as a string; null is the zero time.
func (m *Millis) UnmarshalJSON(b []byte) error {
	text := loosejson.TextOf(b)
	if text == "" {
		return nil
	}
	millis, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.Abs(millis) > 1<<53 {
		return fmt.Errorf("%q is not a time in milliseconds", text)
	}
	m.Time = time.UnixMilli(int64(millis)).UTC()
	return nil
}

// MarshalJSON writes the milliseconds; the zero time is null.
func (m Millis) MarshalJSON() ([]byte, error) {
	if m.IsZero() {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, m.UnixMilli(), 10), nil
}

// maxPageBytes is the maximum size of a page's response.
const maxPageBytes = 16 << 20

// read gets a resource.
func (c *Client) read(ctx context.Context, path string, how Read, into any) error {
	query := url.Values{}
	if len(how.Fields) > 0 {
		query.Set("fields", strings.Join(how.Fields, ","))
	}
	r := httpcall.Get(path, query)
	r.Header = jsonHeader()
	if how.IfNoneMatch != "" {
		r.Header.Set("If-None-Match", `"`+strings.Trim(how.IfNoneMatch, `"`)+`"`)
	}
	return c.resource(ctx, r, into)
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=utf-8"}}
}

// resource makes a request and decodes the response.
func (c *Client) resource(ctx context.Context, r httpcall.Request, into any) error {
	r.MaxResponse = maxPageBytes
	answer, err := c.do(ctx, r)
	switch {
	case err != nil:
		return err
	case answer.Status == http.StatusNotModified:
		return &provider.Error{Code: provider.Rejected, VendorCode: "304", Err: ErrNotModified}
	case !answer.OK():
		return c.failure(answer, resourceCodes)
	}
	if err := answer.Decode(into); err != nil {
		return c.unread(answer, resourceCodes, err)
	}
	return nil
}

// change makes a request that changes a resource. The response is empty; if a
// resource was created, name is taken from its Location, else it is "".
func (c *Client) change(ctx context.Context, method, path string, body any) (name string, err error) {
	r, err := c.call(ctx, method, path, body)
	if err != nil {
		return "", err
	}
	if !r.OK() {
		return "", c.failure(r, resourceCodes)
	}
	if said := parseError(r); said != nil && len(bytes.TrimSpace(r.Body)) > 0 {
		return "", c.failure(r, resourceCodes)
	}
	return lastSegment(r.Header.Get("Location")), nil
}

// lastSegment returns the name at the end of a resource's URL.
func lastSegment(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return ""
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	name, err := url.PathUnescape(path[strings.LastIndex(path, "/")+1:])
	if err != nil {
		return ""
	}
	return name
}

// segments joins a path and the escaped names below it.
func segments(path string, names ...string) string {
	for _, name := range names {
		escaped := url.PathEscape(name)
		if name == "." || name == ".." { // a server would treat them as directories
			escaped = strings.ReplaceAll(name, ".", "%2E")
		}
		path += "/" + escaped
	}
	return path
}

// need checks the names in a path, given as field, value, field, value.
func need(pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return fieldError(provider.InvalidMessage, pairs[i], "must not be empty")
		}
	}
	return nil
}

// oneOf checks a value of a closed set; "" is allowed.
func oneOf[S ~string](field string, value S, allowed ...S) error {
	words := make([]string, len(allowed))
	for i, a := range allowed {
		if value == a {
			return nil
		}
		words[i] = string(a)
	}
	if value == "" {
		return nil
	}
	return fieldError(provider.Unsupported, field, "%q; want one of %s", value, strings.Join(words, ", "))
}
