package zoomconnect

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/anysms/anysms/drivers/internal/loosejson"
)

// Message is one message of the account, sent or received.
type Message struct {
	MessageID         ID      `json:"messageId"`
	MessageType       string  `json:"messageType"` // OUTBOUND or INBOUND
	MessageStatus     string  `json:"messageStatus"`
	Message           string  `json:"message"`
	FromNumber        string  `json:"fromNumber"`
	ToNumber          string  `json:"toNumber"`
	Campaign          string  `json:"campaign"`
	UserDataField     string  `json:"userDataField"` // the dataField of the send
	CreditCost        Credits `json:"creditCost"`
	NumberOfMessages  int     `json:"numberOfMessages"` // segments
	DateTimeScheduled Time    `json:"dateTimeScheduled"`
	DateTimeSent      Time    `json:"dateTimeSent"`
	DateTimeReceived  Time    `json:"dateTimeReceived"`
	Deleted           bool    `json:"deleted"`
	Read              bool    `json:"read"`
	Contact           *struct {
		ContactID ID `json:"contactId"`
	} `json:"contact"`
	RepliedToMessage *struct {
		MessageID ID `json:"messageId"`
	} `json:"repliedToMessage"`

	Raw json.RawMessage `json:"-"` // the vendor's object; it may hold numbers and text, never a secret
}

// UnmarshalJSON leaves out what is not of the documented type, and takes texts
// that are numbers: only the id is needed to recognise a message.
func (m *Message) UnmarshalJSON(b []byte) error {
	type plain Message
	var v struct {
		*plain
		MessageType      loosejson.Word `json:"messageType"`
		MessageStatus    loosejson.Word `json:"messageStatus"`
		Message          loosejson.Word `json:"message"`
		FromNumber       loosejson.Word `json:"fromNumber"`
		ToNumber         loosejson.Word `json:"toNumber"`
		Campaign         loosejson.Word `json:"campaign"`
		UserDataField    loosejson.Word `json:"userDataField"`
		CreditCost       loosejson.Word `json:"creditCost"`
		NumberOfMessages loosejson.Word `json:"numberOfMessages"`
	}
	v.plain = (*plain)(m)
	if err := loosejson.Unmarshal(b, &v); err != nil {
		return err
	}
	m.MessageType, m.MessageStatus, m.Message = string(v.MessageType), string(v.MessageStatus), string(v.Message)
	m.FromNumber, m.ToNumber = string(v.FromNumber), string(v.ToNumber)
	m.Campaign, m.UserDataField = string(v.Campaign), string(v.UserDataField)
	m.NumberOfMessages, _ = strconv.Atoi(string(v.NumberOfMessages)) // 0 if it is not a number
	m.CreditCost, _ = parseCredits(string(v.CreditCost))             // none if it is not an amount
	return nil
}

// The directions of a message.
const (
	Outbound = "OUTBOUND"
	Inbound  = "INBOUND"
)

// Filter selects messages; the zero value of a field selects all.
type Filter struct {
	Type   string // [Outbound] or [Inbound]
	Status string // such as [StatusDelivered]

	// The vendor compares days in its own time zone, both included.
	SentFrom, SentTo, ReceivedFrom, ReceivedTo time.Time

	FromNumber, ToNumber         string
	Message, Campaign, DataField string
	Deleted                      *bool
	Read                         *bool  // of received messages
	RepliesTo                    string // id of the message that the received ones reply to
	PageSize                     int    // 0 = [DefaultPageSize]
}

// DefaultPageSize is how many entries are requested at a time; the vendor does
// not publish its own default.
const DefaultPageSize = 100

func (c *Client) query(f Filter) url.Values {
	q := make(url.Values)
	for name, value := range map[string]string{
		"type": f.Type, "status": f.Status,
		"fromDateTimeSent":     c.config.date(f.SentFrom, dayForm),
		"toDateTimeSent":       c.config.date(f.SentTo, dayForm),
		"fromDateTimeReceived": c.config.date(f.ReceivedFrom, dayForm),
		"toDateTimeReceived":   c.config.date(f.ReceivedTo, dayForm),
		"fromNumber":           f.FromNumber, "toNumber": f.ToNumber,
		"message": f.Message, "campaign": f.Campaign, "dataField": f.DataField,
		"repliesToMessageId": f.RepliesTo,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, value := range map[string]*bool{"deleted": f.Deleted, "read": f.Read} {
		if value != nil {
			q.Set(name, strconv.FormatBool(*value))
		}
	}
	if f.PageSize == 0 {
		f.PageSize = DefaultPageSize
	}
	q.Set("pageSize", strconv.Itoa(f.PageSize))
	return q
}

// Page is one page of messages.
type Page struct {
	Number     int // from 1
	TotalPages int
	Messages   []Message
}

// ListMessages returns one page; the first is 1. (GET messages/all)
func (c *Client) ListMessages(ctx context.Context, f Filter, page int) (*Page, error) {
	if page < 1 {
		return nil, fieldError("page", "the first is 1")
	}
	q := c.query(f)
	q.Set("page", strconv.Itoa(page))
	resp, err := c.get(ctx, "/messages/all", q)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Page       loosejson.Word    `json:"page"`
		TotalPages json.RawMessage   `json:"totalPages"`
		Messages   []json.RawMessage `json:"webServiceMessages"`
	}
	if json.Unmarshal(resp.Raw(), &answer) != nil || answer.Messages == nil && answer.Page == "" {
		return nil, resp.Indeterminate(errNotDocumented)
	}
	total, err := pages(answer.TotalPages)
	if err != nil {
		return nil, resp.Indeterminate(errNotDocumented)
	}
	list := &Page{Number: page, TotalPages: total, Messages: make([]Message, len(answer.Messages))}
	for i, raw := range answer.Messages {
		m, err := parseMessage(raw)
		if err != nil {
			return nil, resp.Indeterminate(err)
		}
		list.Messages[i] = *m
	}
	return list, nil
}

// pages reads the number of pages, which may be absent. One that cannot be read
// would hide messages.
func pages(raw json.RawMessage) (int, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return 0, nil
	}
	return strconv.Atoi(string(loosejson.WordOf(raw)))
}

var errNotDocumented = errors.New("the response does not have the documented form")

func parseMessage(raw json.RawMessage) (*Message, error) {
	var m Message
	if json.Unmarshal(raw, &m) != nil || m.MessageID == "" {
		return nil, errNotDocumented
	}
	m.Raw = raw
	return &m, nil
}

// Messages iterates over the messages that the filter selects, page by page, in
// the vendor's order. It ends at the first error. A message that arrives
// meanwhile shifts the pages, so that one may appear twice.
func (c *Client) Messages(ctx context.Context, f Filter) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		for number := 1; ; number++ {
			page, err := c.ListMessages(ctx, f, number)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Messages {
				if !yield(&page.Messages[i], nil) {
					return
				}
			}
			if number >= page.TotalPages || len(page.Messages) == 0 {
				return
			}
		}
	}
}

// Message returns one message. An id that the vendor does not know is
// provider.Rejected. (GET messages/{messageId})
func (c *Client) Message(ctx context.Context, id string) (*Message, error) {
	path, err := address("/messages/{}", id)
	if err != nil {
		return nil, err
	}
	resp, err := c.get(ctx, path, nil)
	if err != nil {
		return nil, err
	}
	m, err := parseMessage(resp.Raw())
	if err == nil && string(m.MessageID) != id {
		err = errNotDocumented
	}
	if err != nil {
		return nil, resp.Indeterminate(err)
	}
	return m, nil
}

// DeleteMessage deletes a message. The vendor does not say whether a scheduled
// message is then not sent. (DELETE messages/{messageId})
func (c *Client) DeleteMessage(ctx context.Context, id string) error {
	return c.act(ctx, http.MethodDelete, "/messages/{}", id)
}

// MarkRead marks a received message as read. (POST
// messages/{messageId}/markRead)
func (c *Client) MarkRead(ctx context.Context, id string) error {
	return c.act(ctx, http.MethodPost, "/messages/{}/markRead", id)
}

// MarkUnread marks a received message as unread. (POST
// messages/{messageId}/markUnread)
func (c *Client) MarkUnread(ctx context.Context, id string) error {
	return c.act(ctx, http.MethodPost, "/messages/{}/markUnread", id)
}

// act makes a call whose response only says that it succeeded.
func (c *Client) act(ctx context.Context, method, pattern string, ids ...string) error {
	path, err := address(pattern, ids...)
	if err != nil {
		return err
	}
	_, err = c.request(ctx, method, path, nil)
	return err
}
