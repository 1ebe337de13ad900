package zoomconnect

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/url"
	"strconv"
)

// link is an entry of the "links" beside a list.
type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// walk iterates over a list of contacts, groups or templates. The guide calls
// these lists paginated, and no document says how: the parameters of the list
// of messages are sent, and more pages are requested while a response links to
// a next one. Only the query of the link is used, so that it cannot lead
// elsewhere.
func walk[T any](ctx context.Context, c *Client, path, key string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		query := url.Values{"page": {"1"}, "pageSize": {strconv.Itoa(DefaultPageSize)}}
		asked := make(map[string]bool)
		for query != nil {
			if asked[query.Encode()] {
				return // the links form a circle
			}
			asked[query.Encode()] = true
			items, next, err := listPage[T](ctx, c, path, key, query)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			query = next
		}
	}
}

// listPage reads one page; next is nil after the last one.
func listPage[T any](ctx context.Context, c *Client, path, key string, query url.Values) (items []T, next url.Values, err error) {
	resp, err := c.get(ctx, path, query)
	if err != nil {
		return nil, nil, err
	}
	var answer map[string]json.RawMessage
	if err := resp.Decode(&answer); err != nil {
		return nil, nil, resp.Indeterminate(err)
	}
	if json.Unmarshal(answer[key], &items) != nil {
		return nil, nil, resp.Indeterminate(errors.New("the response has no list " + key))
	}
	var links []link
	_ = json.Unmarshal(answer["links"], &links) // without links there is no next page
	for _, l := range links {
		if u, err := url.Parse(l.Href); l.Rel == "next" && err == nil {
			next = u.Query()
		}
	}
	next.Del("email")
	next.Del("token")
	return items, next, nil
}
