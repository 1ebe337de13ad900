package phonify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// MaxCharacters is the documented limit of a body. It is counted in code
// points, because the vendor does not mention encodings.
const MaxCharacters = 160

// Message is one message, sent or received: the vendor has one object for both,
// and no field that distinguishes them.
type Message struct {
	ID        string
	Body      string
	To        string // E.164 with plus
	Origin    Party  // where the message comes from, such as a short code
	Phone     Party  // the handset
	State     string // unconfirmed, sent or error
	CreatedAt time.Time
	Raw       json.RawMessage // the vendor's object; it may hold numbers and text, never the key
}

// Party is one end of a message.
type Party struct {
	Number  string // national, as far as samples show
	MSISDN  string // international; rarely there
	Country string // ISO 3166, "US"
	Carrier string
}

// Send sends a text. The vendor chooses the sender. A body of more than
// [MaxCharacters] is provider.Unsupported without a request.
func (c *Client) Send(ctx context.Context, to e164.Number, body string) (*Message, error) {
	if err := (&provider.Message{To: to, Text: body}).Validate(); err != nil {
		return nil, err
	}
	if err := c.checkLength(body); err != nil {
		return nil, err
	}
	resp, err := c.post(ctx, "/messages", url.Values{"to": {to.String()}, "body": {body}})
	if err != nil {
		return nil, err
	}
	messages, err := parseMessages(resp.Raw())
	if err != nil {
		return nil, resp.Indeterminate(err)
	}
	sent, err := pick(messages, to)
	if err != nil {
		return nil, resp.Indeterminate(err)
	}
	if sent.State == StateError {
		return nil, resp.Failed(provider.Rejected, StateError, "the message is in state error")
	}
	return sent, nil
}

func (c *Client) checkLength(body string) error {
	a, err := segment.Analyze(body, nil)
	if err != nil {
		return &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	limit := MaxCharacters
	if a.Encoding == segment.UCS2 {
		limit = c.config.MaxUCS2
	}
	if n := utf8.RuneCountInString(body); n > limit {
		return provider.NewError(provider.Unsupported, fmt.Sprintf("the text has %d characters; Phonify accepts at most %d", n, limit))
	}
	return nil
}

// pick finds the message that was just sent. The documents promise a
// collection; for one recipient it has one message.
func pick(messages []Message, to e164.Number) (*Message, error) {
	if len(messages) > 1 {
		for i := range messages {
			if messages[i].To == to.String() && messages[i].ID != "" {
				return &messages[i], nil
			}
		}
		return nil, errors.New("the response has no message to the recipient")
	}
	if len(messages) == 0 || messages[0].ID == "" {
		return nil, errors.New("the response has no message id")
	}
	return &messages[0], nil
}

// Message returns one message, sent or received. An id that the vendor does not
// know is provider.Rejected.
func (c *Client) Message(ctx context.Context, id string) (*Message, error) {
	if id == "" || id == "." || id == ".." { // these are other paths
		return nil, provider.NewError(provider.Rejected, fmt.Sprintf("%q is not a message id", id))
	}
	resp, err := c.get(ctx, "/messages/"+url.PathEscape(id), url.Values{})
	if err != nil {
		return nil, err
	}
	messages, err := parseMessages(resp.Raw())
	if err != nil {
		return nil, resp.Indeterminate(err)
	}
	for i := range messages {
		if messages[i].ID == id {
			return &messages[i], nil
		}
	}
	return nil, resp.Indeterminate(errors.New("the response is not the requested message"))
}

// The documented bounds of a page.
const (
	DefaultPage = 50
	MaxPage     = 1000
)

// List returns one page of all messages, the newest first. Limit is 1 to
// [MaxPage], 0 is [DefaultPage].
func (c *Client) List(ctx context.Context, offset, limit int) ([]Message, error) {
	if limit == 0 {
		limit = DefaultPage
	}
	if offset < 0 || limit < 0 || limit > MaxPage {
		return nil, provider.NewError(provider.Unsupported, fmt.Sprintf("offset %d and limit %d; want an offset from 0 and a limit of 1 to %d", offset, limit, MaxPage))
	}
	query := url.Values{"offset": {strconv.Itoa(offset)}, "limit": {strconv.Itoa(limit)}}
	resp, err := c.get(ctx, "/messages", query)
	if err != nil {
		return nil, err
	}
	messages, err := parseMessages(resp.Raw())
	if err != nil {
		return nil, resp.Indeterminate(err)
	}
	return messages, nil
}

// Messages iterates over all messages, the newest first, page by page. It ends
// at the first error; a page that comes twice is one. A message that arrives
// meanwhile shifts the pages, so that one may appear twice; none is left out.
func (c *Client) Messages(ctx context.Context, pageSize int) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		if pageSize == 0 {
			pageSize = DefaultPage
		}
		var last []Message
		for offset := 0; ; offset += pageSize {
			page, err := c.List(ctx, offset, pageSize)
			if err == nil && samePage(last, page) {
				err = provider.NewError(provider.Indeterminate, "the vendor sent the same page again")
			}
			if err != nil {
				yield(Message{}, err)
				return
			}
			for _, m := range page {
				if !yield(m, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
			last = page
		}
	}
}

func samePage(a, b []Message) bool {
	return len(b) > 0 && slices.EqualFunc(a, b, func(m, n Message) bool { return bytes.Equal(m.Raw, n.Raw) })
}
