package memory

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/provider"
)

// SignatureHeader is the header with the hexadecimal HMAC-SHA256 of a
// callback's body under Config.CallbackSecret.
const SignatureHeader = "X-Memory-Signature"

// wireEvent is an event in the JSON of a callback, which is a list of them.
type wireEvent struct {
	Kind      provider.EventKind `json:"kind"`
	ID        string             `json:"id"`
	Ref       string             `json:"ref,omitempty"`
	At        time.Time          `json:"at,omitzero"`
	Status    provider.Status    `json:"status,omitempty"`
	Code      provider.Code      `json:"code,omitempty"`
	From      string             `json:"from,omitempty"`
	To        string             `json:"to,omitempty"`
	Text      string             `json:"text,omitempty"`
	InReplyTo string             `json:"in_reply_to,omitempty"`
}

// Callback makes the request that a vendor would make to report events, signed
// if there is a secret.
func (p *Provider) Callback(events ...provider.Event) (*provider.Callback, error) {
	list := make([]wireEvent, 0, len(events))
	for _, e := range events {
		list = append(list, wireEvent{
			Kind: e.Kind, ID: e.ID, Ref: e.Ref, At: e.At, Status: e.Status, Code: e.Code,
			From: e.From, To: e.To, Text: e.Text, InReplyTo: e.InReplyTo,
		})
	}
	body, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("encode callback: %w", err)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if p.config.CallbackSecret != "" {
		header.Set(SignatureHeader, p.sign(body))
	}
	return &provider.Callback{Method: http.MethodPost, Header: header, Body: body}, nil
}

func (p *Provider) sign(body []byte) string {
	mac := hmac.New(sha256.New, []byte(p.config.CallbackSecret.Reveal()))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// ParseCallback reads what [Provider.Callback] makes.
func (p *Provider) ParseCallback(_ context.Context, c *provider.Callback) ([]provider.Event, error) {
	if p.config.CallbackSecret != "" && !hmac.Equal([]byte(p.sign(c.Body)), []byte(c.Header.Get(SignatureHeader))) {
		return nil, fmt.Errorf("memory: %w", provider.ErrBadSignature)
	}
	if !utf8.Valid(c.Body) {
		return nil, fmt.Errorf("memory: the callback is not valid UTF-8")
	}
	var list []json.RawMessage
	if err := json.Unmarshal(bytes.TrimSpace(c.Body), &list); err != nil {
		return nil, fmt.Errorf("memory: the callback is not a JSON list of events")
	}
	events := make([]provider.Event, 0, len(list))
	for i, raw := range list {
		e, err := readEvent(raw)
		if err != nil {
			e = provider.UnreadableItem(raw, fmt.Errorf("memory: event %d of the callback: %w", i+1, err))
		}
		events = append(events, e)
	}
	return provider.CheckReadable(events)
}

func readEvent(raw json.RawMessage) (provider.Event, error) {
	var w wireEvent
	if err := json.Unmarshal(raw, &w); err != nil {
		return provider.Event{}, fmt.Errorf("is not an object with the documented fields")
	}
	e := provider.Event{
		Kind: w.Kind, ID: w.ID, Ref: w.Ref, At: w.At, Code: w.Code,
		From: w.From, To: w.To, Text: w.Text, InReplyTo: w.InReplyTo, Raw: raw,
	}
	switch w.Kind {
	case provider.Inbound, provider.Engagement:
		return e, nil
	case provider.Report:
		e.Status, e.VendorStatus = provider.StatusUnknown, string(w.Status)
		if slices.Contains(provider.Statuses(), w.Status) {
			e.Status = w.Status
		}
		e.Final = final(e.Status)
		return e, nil
	}
	return provider.Event{}, fmt.Errorf("has no kind; want report, inbound or engagement")
}
