package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// Fixture is an example: what is asked of the provider, the request that it
// makes, the answer that the vendor gives, and what comes of it. Package
// resttest replays fixtures.
type Fixture struct {
	Name string `yaml:"name"`
	Call string `yaml:"call"` // send, batch, status, …; "" = send, or callback if there is one

	Settings    map[string]string `yaml:"settings"` // beside or instead of the recipe's example
	Texts       []RegisteredText  `yaml:"texts"`
	CallbackURL string            `yaml:"callback_url"`

	Message  *FixtureMessage  `yaml:"message"`
	Messages []FixtureMessage `yaml:"messages"`
	ID       string           `yaml:"id"`
	Cursor   string           `yaml:"cursor"`
	Typed    string           `yaml:"typed"`
	Country  string           `yaml:"country"`
	Since    string           `yaml:"since"`

	Request  *FixtureRequest  `yaml:"request"`
	Reply    *FixtureReply    `yaml:"reply"`
	Callback *FixtureCallback `yaml:"callback"`

	Receipt       *FixtureReceipt  `yaml:"receipt"`
	Error         *FixtureError    `yaml:"error"`
	Verdicts      []FixtureVerdict `yaml:"verdicts"`
	Event         *FixtureEvent    `yaml:"event"`
	Events        []FixtureEvent   `yaml:"events"`
	Next          string           `yaml:"next"`
	Balance       string           `yaml:"balance"` // "73.954 AUD"
	Quote         *FixtureQuote    `yaml:"quote"`
	Number        *FixtureNumber   `yaml:"number"`
	Forged        bool             `yaml:"forged"`         // the callback is refused as forged
	NotUnderstood bool             `yaml:"not_understood"` // the callback is refused for its form
}

// RegisteredText is a text that the vendor knows in advance.
type RegisteredText struct {
	ID   string `yaml:"id" json:"id"`
	Text string `yaml:"text" json:"text"`
}

// FixtureMessage is a message as a recipe's author writes it.
type FixtureMessage struct {
	To       string            `yaml:"to"`
	From     string            `yaml:"from"`
	Text     string            `yaml:"text"`
	Ref      string            `yaml:"ref"`
	Tag      string            `yaml:"tag"`
	Class    string            `yaml:"class"`
	Validity string            `yaml:"validity"`
	SendAt   string            `yaml:"send_at"`
	Extra    map[string]string `yaml:"extra"`
}

// FixtureRequest is what the request must be; what it does not name is not
// looked at, but a form, query or JSON body that is named must be equal.
type FixtureRequest struct {
	Method  string    `yaml:"method"`
	Path    string    `yaml:"path"`
	Query   yaml.Node `yaml:"query"`
	Headers yaml.Node `yaml:"headers"`
	Form    yaml.Node `yaml:"form"`
	JSON    yaml.Node `yaml:"json"`
	Body    *string   `yaml:"body"`
}

// FixtureReply is the vendor's answer. A body that is a map or list is JSON.
type FixtureReply struct {
	Status  int               `yaml:"status"`
	Headers map[string]string `yaml:"headers"`
	Body    yaml.Node         `yaml:"body"`
}

// FixtureCallback is a vendor's request to us.
type FixtureCallback struct {
	Method     string            `yaml:"method"`
	URL        string            `yaml:"url"`
	Query      map[string]string `yaml:"query"`
	Headers    map[string]string `yaml:"headers"`
	Form       map[string]string `yaml:"form"`
	JSON       yaml.Node         `yaml:"json"`
	Body       string            `yaml:"body"`
	RemoteIP   string            `yaml:"remote_ip"`
	ReceivedAt string            `yaml:"received_at"`
}

// FixtureReceipt is what a receipt must be.
type FixtureReceipt struct {
	ID       string `yaml:"id"`
	Segments int    `yaml:"segments"`
	Cost     string `yaml:"cost"` // "0.087 AUD"
}

// FixtureError is what an error must be.
type FixtureError struct {
	Code       code   `yaml:"code"`
	VendorCode string `yaml:"vendor_code"`
	RetryAfter string `yaml:"retry_after"`
}

// FixtureVerdict is one message's verdict in a batch.
type FixtureVerdict struct {
	Receipt *FixtureReceipt `yaml:"receipt"`
	Error   *FixtureError   `yaml:"error"`
}

// FixtureNumber is what a formatted number must be.
type FixtureNumber struct {
	Number string `yaml:"number"`
	Valid  bool   `yaml:"valid"`
	Type   string `yaml:"type"`
}

// FixtureQuote is what a quote must be.
type FixtureQuote struct {
	Segments int    `yaml:"segments"`
	Encoding string `yaml:"encoding"`
	Cost     string `yaml:"cost"`
}

// FixtureEvent is what an event must be; it names everything but the raw data.
type FixtureEvent struct {
	Kind         string            `yaml:"kind"` // default report
	ID           string            `yaml:"id"`
	Ref          string            `yaml:"ref"`
	At           string            `yaml:"at"`
	Status       string            `yaml:"status"`
	Final        bool              `yaml:"final"`
	Code         string            `yaml:"code"`
	VendorStatus string            `yaml:"vendor_status"`
	VendorCode   string            `yaml:"vendor_code"`
	Segments     int               `yaml:"segments"`
	Cost         string            `yaml:"cost"`
	MCCMNC       string            `yaml:"mccmnc"`
	From         string            `yaml:"from"`
	To           string            `yaml:"to"`
	Text         string            `yaml:"text"`
	InReplyTo    string            `yaml:"in_reply_to"`
	Extra        map[string]string `yaml:"extra"`
}

// Kind is the call that the fixture is about.
func (f *Fixture) Kind() string {
	switch {
	case f.Call != "":
		return f.Call
	case f.Callback != nil:
		return "callback"
	case f.Messages != nil:
		return "batch"
	}
	return "send"
}

// compile checks what the schema cannot.
func (f *Fixture) compile() error {
	messages := f.Messages
	if f.Message != nil {
		messages = append(slices.Clip(messages), *f.Message)
	}
	for i := range messages {
		if _, err := messages[i].Message(); err != nil {
			return err
		}
	}
	if f.Reply != nil {
		if _, err := f.Reply.Bytes(); err != nil {
			return err
		}
	}
	return nil
}

// Message is the message for the provider.
func (f *FixtureMessage) Message() (*provider.Message, error) {
	to, err := e164.Parse(f.To)
	if err != nil {
		return nil, err
	}
	m := &provider.Message{
		To: to, From: f.From, Text: f.Text, Ref: f.Ref, Tag: f.Tag, Class: provider.Class(f.Class), Extra: f.Extra,
	}
	if f.Validity != "" {
		if m.Validity, err = time.ParseDuration(f.Validity); err != nil {
			return nil, err
		}
	}
	if f.SendAt != "" {
		if m.SendAt, err = time.Parse(time.RFC3339, f.SendAt); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Bytes is the body as it travels.
func (f *FixtureReply) Bytes() ([]byte, error) { return nodeBytes(&f.Body) }

// nodeBytes is a string as it stands, and anything else as JSON in the order of
// the file.
func nodeBytes(n *yaml.Node) ([]byte, error) {
	if n.IsZero() || n.Tag == "!!null" {
		return nil, nil
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		return []byte(n.Value), nil
	}
	v, err := nodeValue(n)
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// nodeValue is a node as JSON would have it, maps in the order of the file.
func nodeValue(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.AliasNode:
		return nodeValue(n.Alias)
	case yaml.MappingNode:
		members := make(object, 0, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := nodeValue(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			members = append(members, member{n.Content[i].Value, v})
		}
		return members, nil
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := nodeValue(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	v, problem := plainScalar(n)
	if problem != nil {
		return nil, problem
	}
	return v, nil
}

// Form is a node of the request as form or query values, and whether it was
// named.
func Form(n yaml.Node) (values url.Values, named bool, err error) {
	if n.IsZero() {
		return nil, false, nil
	}
	v, err := nodeValue(&n)
	if err != nil {
		return nil, false, err
	}
	return formValues(v), true, nil
}

// JSONBody is the body that is wanted, and whether it was named.
func (f *FixtureRequest) JSONBody() (body []byte, named bool, err error) {
	if f.JSON.IsZero() {
		return nil, false, nil
	}
	body, err = nodeBytes(&f.JSON)
	return body, true, err
}

// Callback is the callback for the provider.
func (f *FixtureCallback) Callback() (*provider.Callback, error) {
	c := &provider.Callback{Method: f.Method, URL: f.URL, Query: make(url.Values), Header: make(http.Header), Body: []byte(f.Body), RemoteIP: f.RemoteIP}
	if c.Method == "" {
		c.Method = http.MethodPost
	}
	if u, err := url.Parse(f.URL); err == nil {
		c.Query = u.Query()
	}
	for key, v := range f.Query {
		c.Query.Set(key, v)
	}
	if f.Form != nil {
		form := make(url.Values, len(f.Form))
		for key, v := range f.Form {
			form.Set(key, v)
		}
		c.Body = []byte(form.Encode())
		c.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if !f.JSON.IsZero() {
		body, err := nodeBytes(&f.JSON)
		if err != nil {
			return nil, err
		}
		c.Body = body
		c.Header.Set("Content-Type", "application/json")
	}
	for key, v := range f.Headers {
		c.Header.Set(key, v)
	}
	if f.ReceivedAt == "" {
		return c, nil
	}
	at, err := time.Parse(time.RFC3339, f.ReceivedAt)
	if err != nil {
		return nil, err
	}
	c.ReceivedAt = at
	return c, nil
}

// Money reads "0.087 AUD".
func Money(s string) (*provider.Money, error) {
	if s == "" {
		return nil, nil
	}
	amount, currency, ok := strings.Cut(s, " ")
	if !ok {
		return nil, fmt.Errorf("%q is no amount such as \"0.087 AUD\"", s)
	}
	m, err := provider.ParseMoney(amount, currency)
	if err != nil {
		return nil, err
	}
	return &m, nil
}
