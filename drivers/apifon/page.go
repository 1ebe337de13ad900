package apifon

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// Page is one page of results.
type Page[T any] struct {
	Meta    PageMeta `json:"meta"`
	Links   Links    `json:"links"` // empty in responses to queries
	Results []T      `json:"results"`
}

// PageMeta describes a page.
type PageMeta struct {
	Page  int `json:"page"`
	Size  int `json:"size"`
	Total int `json:"total"` // of results over all pages
}

// Links are the URLs of other pages; "" = there is none.
type Links struct {
	Prev  string `json:"prev"`
	Next  string `json:"next"`
	First string `json:"first"`
	Last  string `json:"last"`
}

// Paging says which results are read and in which order. The zero value is the
// vendor's default.
type Paging struct {
	Fields     []string // only these; the vendor refuses unknown names
	Page       int      // the first page to read, from 1; 0 = 1
	Size       int      // results in a page
	Sort       string   // a field's name
	Descending bool
}

// maxPageSize is the limit for pages of subscribers and of blocked
// destinations.
const maxPageSize = 200

func (p *Paging) check(limit int) error {
	if p.Page < 0 {
		return fieldError(provider.Unsupported, "page", "%d; pages are counted from 1", p.Page)
	}
	if p.Size < 0 || limit > 0 && p.Size > limit {
		return fieldError(provider.Unsupported, "size", "%d; the vendor accepts 1 to %d", p.Size, limit)
	}
	return nil
}

// values adds the paging to a query.
func (p *Paging) values(filter url.Values) url.Values {
	set := func(name, value string) {
		if value != "" {
			filter.Set(name, value)
		}
	}
	set("fields", strings.Join(p.Fields, ","))
	set("sort", p.Sort)
	if p.Page > 0 {
		set("page", strconv.Itoa(p.Page))
	}
	if p.Size > 0 {
		set("size", strconv.Itoa(p.Size))
	}
	if p.Descending {
		set("sort_dir", "DESC")
	}
	return filter
}

// Condition is one condition of a [Query].
type Condition struct {
	Field string   `json:"name"` // dots select inner fields: subscriber_fields.FIRST_NAME
	Op    Operator `json:"op"`
	Value any      `json:"vl,omitempty"`
}

// Operator compares a field and a value.
type Operator string

// The operators.
const (
	Equal          Operator = "eq"
	BeginsWith     Operator = "beginsWith"
	GreaterOrEqual Operator = "gte"
	Greater        Operator = "gt"
	LessOrEqual    Operator = "lte"
	Less           Operator = "lt"
	Exists         Operator = "exists"
	NotExists      Operator = "nexists"
)

// Query finds resources for which all conditions hold.
type Query struct {
	Conditions []Condition
	Paging
}

// queryBody is a [Query] in the vendor's format.
type queryBody struct {
	Conditions []Condition `json:"conditions,omitempty"`
	Fields     []string    `json:"fields,omitempty"`
	Sort       *querySort  `json:"sort,omitempty"`
	Page       int         `json:"page,omitempty"`
	Size       int         `json:"size,omitempty"`
}

type querySort struct {
	Field     string `json:"sort_field,omitempty"`
	Direction string `json:"sort_dir,omitempty"`
}

func (q *Query) body() queryBody {
	b := queryBody{Conditions: q.Conditions, Fields: q.Fields, Page: q.Page, Size: q.Size}
	if q.Sort != "" || q.Descending {
		b.Sort = &querySort{Field: q.Sort, Direction: "ASC"}
	}
	if q.Descending {
		b.Sort.Direction = "DESC"
	}
	return b
}

func (q *Query) check() error {
	for i, c := range q.Conditions {
		if err := need(at("conditions", i)+".name", c.Field, at("conditions", i)+".op", string(c.Op)); err != nil {
			return err
		}
		err := oneOf(at("conditions", i)+".op", c.Op, Equal, BeginsWith, GreaterOrEqual, Greater, LessOrEqual, Less, Exists, NotExists)
		if err != nil {
			return err
		}
	}
	return q.Paging.check(maxPageSize)
}

// getPage reads one page of a list of resources.
func getPage[T any](ctx context.Context, c *Client, path string, query url.Values) (*Page[T], error) {
	var page Page[T]
	r := httpcall.Get(path, query)
	r.Header = jsonHeader()
	if err := c.resource(ctx, r, &page); err != nil {
		return nil, err
	}
	return &page, nil
}

// queryPage reads one page of the results of a query.
func queryPage[T any](ctx context.Context, c *Client, path string, q Query) (*Page[T], error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	r, err := httpcall.JSON("POST", path, q.body())
	if err != nil {
		return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	var page Page[T]
	if err := c.resource(ctx, r, &page); err != nil {
		return nil, err
	}
	return &page, nil
}

// everyResult iterates over the pages from the one where paging begins. An
// error is yielded once and ends the iteration.
func everyResult[T any](paging Paging, read func(Paging) (*Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for paging.Page = max(paging.Page, 1); ; paging.Page++ {
			page, err := read(paging)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, result := range page.Results {
				if !yield(result, nil) {
					return
				}
			}
			if page.last(paging.Page) {
				return
			}
		}
	}
}

// last reports whether no page follows the requested one. Queries have no
// links: there the total decides, or without it a page that is not full.
func (p *Page[T]) last(asked int) bool {
	switch {
	case len(p.Results) == 0 || p.Meta.Page != 0 && p.Meta.Page != asked:
		return true
	case p.Links != Links{}:
		return p.Links.Next == ""
	case p.Meta.Size > 0 && p.Meta.Total > 0:
		return asked*p.Meta.Size >= p.Meta.Total
	}
	return len(p.Results) < p.Meta.Size
}
