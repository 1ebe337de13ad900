package remote

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/api"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/router/ledger"
)

// OptOut adds up to 1,000 opt-outs and returns how many are new. None is added if one is
// wrong. A zero At is now.
func (c *Client) OptOut(ctx context.Context, list ...ledger.OptOut) (added int, err error) {
	if len(list) == 0 {
		return 0, nil
	}
	entries := make([]api.OptOutEntry, 0, len(list))
	numbers := make([]string, 0, len(list))
	for i := range list {
		o := &list[i]
		e := api.OptOutEntry{Number: o.Number, Scope: string(o.Scope), Value: o.Value, Source: string(o.Source)}
		if !o.At.IsZero() {
			e.At = &o.At
		}
		entries, numbers = append(entries, e), append(numbers, o.Number)
	}
	r, err := asJSON(http.MethodPost, "/v1/optouts", entries)
	if err != nil {
		return 0, err
	}
	out, err := do[struct {
		Added *int `json:"added"`
	}](ctx, c, r, numbers...)
	if err != nil {
		return 0, err
	}
	if out.Added == nil {
		return 0, c.notGateway("it does not say what it added")
	}
	return *out.Added, nil
}

// OptIn removes the opt-outs of a number, whatever their scope, and returns how many
// there were.
func (c *Client) OptIn(ctx context.Context, number string) (removed int, err error) {
	r := httpcall.Request{Method: http.MethodDelete, Path: "/v1/optouts/" + url.PathEscape(number)}
	out, err := do[struct {
		Removed int `json:"removed"`
	}](ctx, c, r, number)
	if errors.Is(err, errNotFound) {
		return 0, nil
	}
	return out.Removed, err
}

// OptOuts lists the opt-outs by number, those of one number if it is not "".
func (c *Client) OptOuts(ctx context.Context, number string) iter.Seq2[ledger.OptOut, error] {
	return func(yield func(ledger.OptOut, error) bool) {
		q := url.Values{"limit": {strconv.Itoa(ledger.MaxLimit)}}
		if number != "" {
			q.Set("number", number)
		}
		for {
			p, err := do[page[api.OptOut]](ctx, c, httpcall.Get("/v1/optouts", q), number)
			if err == nil {
				err = check(c, &p, ledger.MaxLimit, q.Get("cursor"))
			}
			if err != nil {
				yield(ledger.OptOut{}, err)
				return
			}
			for _, o := range p.Items {
				if !yield(ledger.OptOut(o), nil) {
					return
				}
			}
			if p.Next == "" {
				return
			}
			q.Set("cursor", p.Next)
		}
	}
}
