package apifon

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"iter"
	"net/url"
	"strings"

	"github.com/anysms/anysms/provider"
)

// SubscriberStatus is the status of a person's subscription to a list, by
// number or by e-mail.
type SubscriberStatus string

// The states.
const (
	Subscribed   SubscriberStatus = "SUBSCRIBED"
	Unsubscribed SubscriberStatus = "UNSUBSCRIBED"
	Unconfirmed  SubscriberStatus = "UNCONFIRMED" // on lists with double opt-in; asks for confirmation
)

// Contact is a person to be added to a list, or changes to their data.
type Contact struct {
	Destination      string             `json:"destination,omitempty"` // mobile number; this or Email
	Email            string             `json:"email,omitempty"`
	Status           SubscriberStatus   `json:"status"`       // for the number
	EmailStatus      SubscriberStatus   `json:"email_status"` // for the e-mail address
	SubscriberFields map[string]any     `json:"subscriber_fields,omitempty"`
	GDPRFields       map[string]Consent `json:"gdpr_fields,omitempty"`
	Subgroups        []string           `json:"groupOptions,omitempty"`
}

// Consent is what a person consented to for a purpose.
type Consent struct {
	Mobile bool `json:"mobile"`
	Email  bool `json:"email"`
}

// Subscriber is a person on a list.
type Subscriber struct {
	Meta             Meta               `json:"meta"`
	ID               string             `json:"id"`
	Destination      string             `json:"destination"` // digits, without a plus sign
	Email            string             `json:"email"`
	Status           SubscriberStatus   `json:"status"`
	EmailStatus      SubscriberStatus   `json:"email_status"`
	AccountID        int64              `json:"account_id"`
	DestinationID    string             `json:"destination_id"`
	EmailID          string             `json:"email_id"`
	Archived         bool               `json:"archived"`
	DateCreated      Millis             `json:"date_created"`
	DateUpdated      Millis             `json:"date_updated"`
	ListID           string             `json:"list_id"`
	GDPRFields       map[string]Consent `json:"gdpr_fields"`
	SubscriberFields map[string]any     `json:"subscriber_fields"` // strings and float64
	FormURLs         map[string]string  `json:"form_urls"`         // UNSUBSCRIBE, PROFILE, and deprecated ones
	Subgroups        []string           `json:"groupOptions"`
}

// SubscriberKey is the key of a person in a list: the MD5 of the number without
// its plus sign, or of the e-mail address.
func SubscriberKey(destination string) string {
	sum := md5.Sum([]byte(strings.TrimPrefix(destination, "+"))) // the vendor's identifier, not a security measure
	return hex.EncodeToString(sum[:])
}

func (s *Contact) check(field string) error {
	if s.Destination == "" && s.Email == "" {
		return fieldError(provider.InvalidRecipient, field+"destination", "must not be empty unless email is set")
	}
	if err := need(field+"status", string(s.Status), field+"email_status", string(s.EmailStatus)); err != nil {
		return err
	}
	if err := oneOf(field+"status", s.Status, Subscribed, Unsubscribed, Unconfirmed); err != nil {
		return err
	}
	return oneOf(field+"email_status", s.EmailStatus, Subscribed, Unsubscribed, Unconfirmed)
}

func subscribersPath(listID string) string { return segments(listPath, listID, "subscriber") }

// AddSubscriber adds a person to a list (POST /list/{list_id}/subscriber, scope
// writeSubscriber).
func (c *Client) AddSubscriber(ctx context.Context, listID string, s Contact) error {
	if err := need("list_id", listID); err != nil {
		return err
	}
	if err := s.check(""); err != nil {
		return err
	}
	_, err := c.change(ctx, "POST", subscribersPath(listID), s)
	return err
}

// AddSubscribers adds several people to a list (POST
// /list/{list_id}/subscriber/bulk, scope writeSubscriber). Those who are on it
// already are skipped unless update is set; those on the bounce list are
// skipped silently. The vendor continues the work after it has responded.
func (c *Client) AddSubscribers(ctx context.Context, listID string, people []Contact, update bool) error {
	if err := need("list_id", listID); err != nil {
		return err
	}
	if len(people) == 0 {
		return fieldError(provider.InvalidRecipient, "subscribers", "must not be empty; want at least one")
	}
	for i := range people {
		if err := people[i].check(at("subscribers", i) + "."); err != nil {
			return err
		}
	}
	_, err := c.change(ctx, "POST", subscribersPath(listID)+"/bulk", struct {
		Update bool      `json:"update_on_duplicate"`
		People []Contact `json:"subscribers"`
	}{update, people})
	return err
}

// UpdateSubscriber changes a person's data (PUT
// /list/{list_id}/subscriber/{lookup_md5}, scope writeSubscriber). The key is a
// [SubscriberKey]. An archived person is active again afterwards.
func (c *Client) UpdateSubscriber(ctx context.Context, listID, key string, s Contact) error {
	if err := need("list_id", listID, "lookup_md5", key); err != nil {
		return err
	}
	if err := s.check(""); err != nil {
		return err
	}
	_, err := c.change(ctx, "PUT", segments(subscribersPath(listID), key), s)
	return err
}

// Subscribe subscribes a person again (POST
// /list/{list_id}/subscriber/{lookup_md5}/subscribe, scope writeSubscriber). It
// fails for those on the bounce list.
func (c *Client) Subscribe(ctx context.Context, listID, key string) error {
	return c.turn(ctx, listID, key, "subscribe")
}

// Unsubscribe ends a person's subscription (POST
// /list/{list_id}/subscriber/{lookup_md5}/unsubscribe, scope writeSubscriber).
func (c *Client) Unsubscribe(ctx context.Context, listID, key string) error {
	return c.turn(ctx, listID, key, "unsubscribe")
}

func (c *Client) turn(ctx context.Context, listID, key, verb string) error {
	if err := need("list_id", listID, "lookup_md5", key); err != nil {
		return err
	}
	_, err := c.change(ctx, "POST", segments(subscribersPath(listID), key, verb), nil)
	return err
}

// RemoveSubscriber archives a person, or with permanent deletes them (DELETE
// /list/{list_id}/subscriber/{lookup_md5}, scope writeSubscriber).
func (c *Client) RemoveSubscriber(ctx context.Context, listID, key string, permanent bool) error {
	if err := need("list_id", listID, "lookup_md5", key); err != nil {
		return err
	}
	path := segments(subscribersPath(listID), key)
	if permanent {
		path += "?permanent=true"
	}
	_, err := c.change(ctx, "DELETE", path, nil)
	return err
}

// GetSubscriber reads a person's data (GET
// /list/{list_id}/subscriber/{lookup_md5}, scope readSubscriber).
func (c *Client) GetSubscriber(ctx context.Context, listID, key string, how Read) (*Subscriber, error) {
	if err := need("list_id", listID, "lookup_md5", key); err != nil {
		return nil, err
	}
	var s Subscriber
	if err := c.read(ctx, segments(subscribersPath(listID), key), how, &s); err != nil {
		return nil, err
	}
	return &s, nil
}

// SubscriberFilter chooses subscribers; the zero value is all of them.
type SubscriberFilter struct {
	Status      SubscriberStatus
	EmailStatus SubscriberStatus
	Paging
}

// SubscribersPage reads one page of a list's people (GET
// /list/{list_id}/subscriber, scope readSubscriber): at most 200, by default
// 200.
func (c *Client) SubscribersPage(ctx context.Context, listID string, f SubscriberFilter) (*Page[Subscriber], error) {
	if err := need("list_id", listID); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	query := url.Values{}
	if f.Status != "" {
		query.Set("status", string(f.Status))
	}
	if f.EmailStatus != "" {
		query.Set("email", string(f.EmailStatus))
	}
	return getPage[Subscriber](ctx, c, subscribersPath(listID), f.values(query))
}

func (f *SubscriberFilter) check() error {
	if err := oneOf("status", f.Status, Subscribed, Unsubscribed, Unconfirmed); err != nil {
		return err
	}
	if err := oneOf("email", f.EmailStatus, Subscribed, Unsubscribed, Unconfirmed); err != nil {
		return err
	}
	return f.Paging.check(maxPageSize)
}

// Subscribers iterates over a list's people, page by page.
func (c *Client) Subscribers(ctx context.Context, listID string, f SubscriberFilter) iter.Seq2[Subscriber, error] {
	return everyResult(f.Paging, func(p Paging) (*Page[Subscriber], error) {
		f.Paging = p
		return c.SubscribersPage(ctx, listID, f)
	})
}

// QuerySubscribersPage reads one page of the people for whom conditions hold
// (POST /list/{list_id}/subscriber/query, scope readSubscriber).
func (c *Client) QuerySubscribersPage(ctx context.Context, listID string, q Query) (*Page[Subscriber], error) {
	if err := need("list_id", listID); err != nil {
		return nil, err
	}
	return queryPage[Subscriber](ctx, c, subscribersPath(listID)+"/query", q)
}

// QuerySubscribers iterates over the people for whom conditions hold.
func (c *Client) QuerySubscribers(ctx context.Context, listID string, q Query) iter.Seq2[Subscriber, error] {
	return everyResult(q.Paging, func(p Paging) (*Page[Subscriber], error) {
		q.Paging = p
		return c.QuerySubscribersPage(ctx, listID, q)
	})
}
