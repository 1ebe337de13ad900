// Package remote reads and changes the ledger of a running gateway, over its API. Its
// methods are those of the ledger itself, so that a command works on both alike.
package remote

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// maxResponse bounds a response in bytes: a page of messages, or one message with all of
// its events.
const maxResponse = 32 << 20

// Client asks one gateway. It is safe for concurrent use. Its errors show neither key
// nor number.
type Client struct {
	url  string
	key  provider.Secret // "" = none
	http *httpcall.Client
}

// Close drops the idle connections.
func (c *Client) Close() error { return c.http.Close() }

// do makes a request and reads the response into a T. private is what the request has
// that no error may show.
func do[T any](ctx context.Context, c *Client, r httpcall.Request, private ...string) (out T, err error) {
	r.Private, r.MaxResponse = private, maxResponse
	if c.key != "" {
		r.Sign = func(req *http.Request) { req.Header.Set("Authorization", "Bearer "+c.key.Reveal()) }
	}
	resp, err := c.http.Do(ctx, r)
	if err != nil {
		return out, c.unreachable(ctx, err)
	}
	if err := resp.Readable(); err != nil {
		return out, c.unreachable(ctx, err)
	}
	if resp.Status != http.StatusOK {
		return out, c.refused(resp)
	}
	if err := resp.Decode(&out); err != nil {
		return out, c.notGateway(err.Error())
	}
	return out, nil
}

// page is one page of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
	// SearchedTo is set if there may be fewer items than were asked for, or none, although
	// there are more.
	SearchedTo *time.Time `json:"searched_to"`
}

// check returns an error for what no gateway responds with, and what would make a
// listing go on for ever.
func check[T any](c *Client, p *page[T], limit int, cursor string) error {
	switch {
	case p.Items == nil:
		return c.notGateway("its list has no items")
	case len(p.Items) > limit:
		return c.notGateway("its page has more items than were asked for")
	case p.Next != "" && (p.Next == cursor || len(p.Items) == 0 && p.SearchedTo == nil):
		return c.notGateway("its pages do not go on")
	}
	return nil
}

// asJSON makes a request with a JSON body.
func asJSON(method, path string, body any) (httpcall.Request, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return httpcall.Request{}, errors.New("the request cannot be written as JSON")
	}
	return httpcall.Request{Method: method, Path: path, Body: b, Header: http.Header{"Content-Type": {"application/json"}}}, nil
}
