package phonify

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"github.com/anysms/anysms/drivers/internal/loosejson"
)

// parseMessages reads the three formats in which the API is known to respond:
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
		Message  json.RawMessage `json:"message"`
		Messages json.RawMessage `json:"messages"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, errNoMessage
	}
	if len(answer.Message) > 0 {
		return parseList([]json.RawMessage{answer.Message})
	}
	if !bytes.HasPrefix(answer.Messages, []byte("[")) || json.Unmarshal(answer.Messages, &list) != nil {
		return nil, errNoMessage
	}
	return parseList(list)
}

// hasMessage reports whether body is an object with messages, readable or not.
func hasMessage(body []byte) bool {
	var answer struct {
		Message  json.RawMessage `json:"message"`
		Messages json.RawMessage `json:"messages"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return false
	}
	var list []json.RawMessage
	return bytes.HasPrefix(answer.Message, []byte("{")) || json.Unmarshal(answer.Messages, &list) == nil && len(list) > 0
}

var errNoMessage = errors.New("the response is neither a message nor a list of messages")

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

// message is the vendor's object. Samples of several years differ in the types
// of its fields, and only the id is needed: what cannot be read is left empty.
type message struct {
	ID        loosejson.ID   `json:"id"`
	Body      loosejson.Word `json:"body"`
	To        loosejson.Word `json:"to"`
	Origin    party          `json:"origin"`
	Phone     party          `json:"phone"`
	State     loosejson.Word `json:"state"`
	CreatedAt loosejson.Word `json:"created_at"`
}

func (m *message) public(raw json.RawMessage) Message {
	created, _ := time.Parse(time.RFC3339, string(m.CreatedAt)) // zero if it cannot be read
	return Message{
		ID: string(m.ID), Body: string(m.Body), To: string(m.To),
		Origin: Party(m.Origin), Phone: Party(m.Phone),
		State: string(m.State), CreatedAt: created, Raw: raw,
	}
}

type party Party

// UnmarshalJSON never fails. The vendor's page calls a party a list, the
// samples show an object.
func (p *party) UnmarshalJSON(b []byte) error {
	type fields struct {
		Number  loosejson.Word `json:"number"`
		MSISDN  loosejson.Word `json:"msisdn"`
		Country loosejson.Word `json:"country"`
		Carrier loosejson.Word `json:"carrier"`
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
