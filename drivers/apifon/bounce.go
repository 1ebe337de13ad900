package apifon

import (
	"context"
	"iter"
	"net/url"
)

const bouncePath = api + "/bounce/subscriber"

// Block is a destination to be put on the bounce list: nothing is sent to it
// any more, and it is removed from every list.
type Block struct {
	Destination string      `json:"destination"` // mobile number or e-mail address
	Reason      BlockReason `json:"reason"`
	Description string      `json:"description,omitempty"`
}

// BlockReason is why a destination is blocked.
type BlockReason string

// The reasons.
const (
	BlockedOther         BlockReason = "other"
	BlockedNotDelivering BlockReason = "not_delivering"
	BlockedDeleted       BlockReason = "sub_deleted"
	BlockedRequested     BlockReason = "sub_requested"
	BlockedInvalid       BlockReason = "sub_invalid"
)

// DestinationType is the type of a blocked destination.
type DestinationType string

// The types.
const (
	Mobile DestinationType = "MOBILE"
	Email  DestinationType = "EMAIL"
)

// Blocked is a destination on the bounce list.
type Blocked struct {
	Meta        Meta            `json:"meta"`
	Destination string          `json:"destination"`
	Type        DestinationType `json:"type"`
	Reason      BlockReason     `json:"reason"`
	User        string          `json:"user"` // who blocked it
	Description string          `json:"description"`
	DateCreated Millis          `json:"date_created"`
}

// BlockedFilter selects blocked destinations; the zero value selects all.
type BlockedFilter struct {
	Type   DestinationType
	Reason BlockReason
	Paging
}

// Block puts a destination on the bounce list (POST /bounce/subscriber/block,
// scope writeSubscriber).
func (c *Client) Block(ctx context.Context, b Block) error {
	if err := need("destination", b.Destination, "reason", string(b.Reason)); err != nil {
		return err
	}
	if err := checkReason(b.Reason); err != nil {
		return err
	}
	_, err := c.change(ctx, "POST", bouncePath+"/block", b)
	return err
}

func checkReason(reason BlockReason) error {
	return oneOf("reason", reason, BlockedOther, BlockedNotDelivering, BlockedDeleted, BlockedRequested, BlockedInvalid)
}

// Unblock takes a destination off the bounce list (DELETE
// /bounce/subscriber/unblock/{destination}, scope writeSubscriber).
func (c *Client) Unblock(ctx context.Context, destination string) error {
	if err := need("destination", destination); err != nil {
		return err
	}
	_, err := c.change(ctx, "DELETE", segments(bouncePath+"/unblock", destination), nil)
	return err
}

// GetBlocked reads one entry of the bounce list (GET
// /bounce/subscriber/{destination}, scope readSubscriber).
func (c *Client) GetBlocked(ctx context.Context, destination string, how Read) (*Blocked, error) {
	if err := need("destination", destination); err != nil {
		return nil, err
	}
	var b Blocked
	if err := c.read(ctx, segments(bouncePath, destination), how, &b); err != nil {
		return nil, err
	}
	return &b, nil
}

// BlockedPage reads one page of the bounce list (GET /bounce/subscriber, scope
// readSubscriber): at most 200 entries, by default 200, the oldest first.
func (c *Client) BlockedPage(ctx context.Context, f BlockedFilter) (*Page[Blocked], error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	query := url.Values{}
	if f.Type != "" {
		query.Set("type", string(f.Type))
	}
	if f.Reason != "" {
		query.Set("reason", string(f.Reason))
	}
	return getPage[Blocked](ctx, c, bouncePath, f.values(query))
}

func (f *BlockedFilter) check() error {
	if err := oneOf("type", f.Type, Mobile, Email); err != nil {
		return err
	}
	if err := checkReason(f.Reason); err != nil {
		return err
	}
	return f.Paging.check(maxPageSize)
}

// AllBlocked iterates over the bounce list, page by page.
func (c *Client) AllBlocked(ctx context.Context, f BlockedFilter) iter.Seq2[Blocked, error] {
	return everyResult(f.Paging, func(p Paging) (*Page[Blocked], error) {
		f.Paging = p
		return c.BlockedPage(ctx, f)
	})
}

// QueryBlockedPage reads one page of the entries for which conditions hold (POST
// /bounce/subscriber/query, scope readSubscriber).
func (c *Client) QueryBlockedPage(ctx context.Context, q Query) (*Page[Blocked], error) {
	return queryPage[Blocked](ctx, c, bouncePath+"/query", q)
}

// QueryBlocked iterates over the entries for which conditions hold.
func (c *Client) QueryBlocked(ctx context.Context, q Query) iter.Seq2[Blocked, error] {
	return everyResult(q.Paging, func(p Paging) (*Page[Blocked], error) {
		q.Paging = p
		return c.QueryBlockedPage(ctx, q)
	})
}
