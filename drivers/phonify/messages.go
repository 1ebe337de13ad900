package phonify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// MaxCharacters is the documented limit of a body. It is counted in code
// points, as the vendor says nothing of encodings.
const MaxCharacters = 160

// Message is one message, sent or received: the vendor has one object for both,
// and no field that tells them apart.
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
	if resp.Readable() != nil {
		return nil, resp.ByStatus()
	}
	messages, err := parseMessages(resp.Raw())
	faults := readFaults(resp.Body)
	switch {
	case len(faults) > 0 && len(messages) == 0:
		return nil, c.failure(resp, faults)
	case len(faults) > 0:
		return nil, resp.Doubt(errors.New("the answer holds both a message and errors"))
	case err != nil:
		return nil, resp.Doubt(err)
	}
	sent, err := pick(messages, to)
	if err != nil {
		return nil, resp.Doubt(err)
	}
	if sent.State == stateError {
		return nil, resp.Failed(provider.Rejected, stateError, "the message is in state error")
	}
	return sent, nil
}

func (c *Client) checkLength(body string) error {
	limit := MaxCharacters
	if c.config.MaxUCS2 > 0 {
		a, err := segment.Analyze(body, nil)
		if err != nil {
			return &provider.Error{Code: provider.InvalidMessage, Err: err}
		}
		if a.Encoding == segment.UCS2 {
			limit = c.config.MaxUCS2
		}
	}
	if n := utf8.RuneCountInString(body); n > limit {
		return provider.Errorf(provider.Unsupported, fmt.Sprintf("the text has %d characters; Phonify takes %d", n, limit))
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
		return nil, errors.New("none of the answer's messages is to the recipient")
	}
	if len(messages) == 0 || messages[0].ID == "" {
		return nil, errors.New("the answer has no message id")
	}
	return &messages[0], nil
}

// parseMessages reads the three shapes that the API is known to answer with:
// {"message":{…}}, {"messages":[…]} and […].
func parseMessages(body []byte) ([]Message, error) {
	body = bytes.TrimSpace(body)
	var list []json.RawMessage
	if bytes.HasPrefix(body, []byte("[")) {
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, errNoMessage
		}
		return parseList(list)
	}
	var answer struct {
		Message  json.RawMessage   `json:"message"`
		Messages []json.RawMessage `json:"messages"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, errNoMessage
	}
	if len(answer.Message) > 0 {
		return parseList([]json.RawMessage{answer.Message})
	}
	if answer.Messages == nil {
		return nil, errNoMessage
	}
	return parseList(answer.Messages)
}

var errNoMessage = errors.New("the answer is neither a message nor a list of messages")

func parseList(list []json.RawMessage) ([]Message, error) {
	messages := make([]Message, len(list))
	for i, raw := range list {
		var m message
		if !bytes.HasPrefix(raw, []byte("{")) || json.Unmarshal(raw, &m) != nil {
			return nil, errNoMessage
		}
		messages[i] = m.public(raw)
	}
	return messages, nil
}

// message is the object as it comes. Samples of several years differ in the
// types of its fields, and none of them but the id decides anything: what cannot
// be read is left empty.
type message struct {
	ID        text  `json:"id"`
	Body      text  `json:"body"`
	To        text  `json:"to"`
	Origin    party `json:"origin"`
	Phone     party `json:"phone"`
	State     text  `json:"state"`
	CreatedAt text  `json:"created_at"`
}

func (m *message) public(raw json.RawMessage) Message {
	created, _ := time.Parse(time.RFC3339, string(m.CreatedAt)) // zero if it cannot be read
	return Message{
		ID: string(m.ID), Body: string(m.Body), To: string(m.To),
		Origin: Party(m.Origin), Phone: Party(m.Phone),
		State: string(m.State), CreatedAt: created, Raw: raw,
	}
}

// text is a string that may come as a number.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	var n json.Number
	switch {
	case json.Unmarshal(b, &s) == nil:
		*t = text(s)
	case json.Unmarshal(b, &n) == nil:
		*t = text(n)
	}
	return nil
}

type party Party

// UnmarshalJSON never fails. The page calls a party a list, the samples show an
// object.
func (p *party) UnmarshalJSON(b []byte) error {
	type fields struct {
		Number  text `json:"number"`
		MSISDN  text `json:"msisdn"`
		Country text `json:"country"`
		Carrier text `json:"carrier"`
	}
	var one fields
	var list []fields
	if json.Unmarshal(b, &list) == nil && len(list) > 0 {
		one = list[0]
	} else if json.Unmarshal(b, &one) != nil {
		return nil
	}
	*p = party{Number: string(one.Number), MSISDN: string(one.MSISDN), Country: string(one.Country), Carrier: string(one.Carrier)}
	return nil
}
