package zoomconnect

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/drivers/internal/loosejson"
	"github.com/anysms/anysms/provider"
)

// secretParameter is the parameter that must equal the setting callback_secret.
const secretParameter = "secret"

// ParseCallback reads a delivery report or a reply. The vendor documents both
// as parameters of a URL and says that it posts them, so the query, a form and
// a JSON object are all read; if a parameter comes twice, the body's counts.
//
// The events have nonce, nonce_date and checksum in Extra, for a receiver that
// rejects replays: the parser has no memory and no clock.
func (p *Provider) ParseCallback(_ context.Context, c *provider.Callback) ([]provider.Event, error) {
	if err := p.authentic(c); err != nil {
		return nil, err
	}
	values, err := parameters(c)
	if err != nil {
		return nil, fmt.Errorf("zoomconnect: callback: %w", err)
	}
	e, err := p.callbackEvent(values)
	if err != nil {
		return nil, fmt.Errorf("zoomconnect: callback: %w", err)
	}
	return []provider.Event{e}, nil
}

func (p *Provider) authentic(c *provider.Callback) error {
	want := p.config.CallbackSecret.Reveal()
	if want != "" && subtle.ConstantTimeCompare([]byte(c.Query.Get(secretParameter)), []byte(want)) != 1 {
		return fmt.Errorf("zoomconnect: the parameter %s: %w", secretParameter, provider.ErrBadSignature)
	}
	if p.config.VerifyCallback == nil {
		return nil
	}
	if err := p.config.VerifyCallback(c); err != nil {
		return fmt.Errorf("zoomconnect: %w: %w", provider.ErrBadSignature, err)
	}
	return nil
}

// parameters gathers query and body.
func parameters(c *provider.Callback) (map[string]string, error) {
	values := make(map[string]string)
	add := func(from url.Values) {
		for name, value := range from {
			if len(value) > 0 {
				values[name] = value[0]
			}
		}
	}
	add(c.Query)
	body := strings.TrimSpace(strings.TrimPrefix(string(c.Body), "\ufeff"))
	if strings.HasPrefix(body, "{") {
		var object map[string]loosejson.Text
		if err := json.Unmarshal([]byte(body), &object); err != nil {
			return nil, errors.New("the body is not a JSON object")
		}
		for name, value := range object {
			values[name] = string(value)
		}
	} else {
		form, err := url.ParseQuery(body)
		if err != nil {
			return nil, errors.New("the body is neither a form nor a JSON object")
		}
		add(form)
	}
	delete(values, secretParameter)
	for name, value := range values {
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, errors.New("a parameter is not valid UTF-8")
		}
	}
	return values, nil
}

// callbackEvent distinguishes the two kinds: a report has a status, a reply a
// sender.
func (p *Provider) callbackEvent(values map[string]string) (provider.Event, error) {
	raw, err := json.Marshal(values)
	if err != nil {
		return provider.Event{}, err
	}
	e := provider.Event{ID: values["messageId"], Ref: values["dataField"], Extra: extras(values), Raw: raw}
	switch {
	case values["status"] != "":
		if e.ID == "" && e.Ref == "" {
			return provider.Event{}, errors.New("the report has neither messageId nor dataField")
		}
		p.report(&e, values)
	case values["from"] != "":
		p.reply(&e, values)
	default:
		return provider.Event{}, fmt.Errorf("its %d parameters include neither status (a report) nor from (a reply)", len(values))
	}
	return e, nil
}

func (p *Provider) report(e *provider.Event, values map[string]string) {
	fate := fateOf(values["status"])
	e.Kind, e.At = provider.Report, p.parse(secondForm, values["nonce-date"])
	e.Status, e.Final, e.Code, e.VendorStatus = fate.status, fate.final, fate.code, values["status"]
}

func (p *Provider) reply(e *provider.Event, values map[string]string) {
	e.Kind, e.At = provider.Inbound, p.parse(minuteForm, values["date"])
	e.From, e.To, e.Text = international(values["from"]), international(values["to"]), values["message"]
	e.InReplyTo = values["repliedToMessageId"]
}

// parse reads a date in one of the vendor's forms; anything else is the zero time.
func (p *Provider) parse(form, s string) time.Time {
	at, err := time.ParseInLocation(form, s, p.config.zone)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

func extras(values map[string]string) map[string]string {
	extra := make(map[string]string)
	for name, key := range map[string]string{"campaign": "campaign", "nonce": "nonce", "nonce-date": "nonce_date", "checksum": "checksum"} {
		if values[name] != "" {
			extra[key] = values[name]
		}
	}
	return extra
}
