package apifon

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/anysms/anysms/drivers/internal/loosejson"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// callbackBody is any of the vendor's three callbacks: delivery reports have
// data, replies to instant messages have reply, and replies to SMS have
// neither.
type callbackBody struct {
	RequestID   loosejson.ID      `json:"request_id"`
	ReferenceID loosejson.Word    `json:"reference_id"`
	Data        []json.RawMessage `json:"data"`
	Type        loosejson.Word    `json:"type"` // SMS, VIBER or MAIL

	Reply      *imReply       `json:"reply"`
	OriginalIM originalIM     `json:"original_im"`
	Channel    loosejson.Word `json:"channel"`

	smsReply
}

// delivery is one item of a delivery report.
type delivery struct {
	From      loosejson.Word `json:"from"`
	To        loosejson.Word `json:"to"`
	MessageID loosejson.ID   `json:"message_id"`
	CustomID  loosejson.Word `json:"custom_id"`
	Status    struct {
		Code loosejson.Text `json:"code"`
		Text loosejson.Word `json:"text"`
	} `json:"status"`
	ErrorCode loosejson.Text            `json:"error_code"` // the network operator's
	Timestamp loosejson.Text            `json:"timestamp"`  // seconds
	Price     loosejson.Text            `json:"price"`
	VAT       loosejson.Text            `json:"vat"`
	MCCMNC    loosejson.Text            `json:"mccmnc"`
	Metadata  map[string]loosejson.Text `json:"metadata"`
}

// smsReply is a person's reply to an SMS.
type smsReply struct {
	MessageID loosejson.ID   `json:"message_id"`
	From      loosejson.Word `json:"from"`
	To        loosejson.Word `json:"to"`
	Text      *string        `json:"text"`
	Timestamp loosejson.Text `json:"timestamp"` // seconds
}

// imReply is a person's reply to an instant message: a text, or a media file
// that the vendor keeps for seven days.
type imReply struct {
	MessageID loosejson.ID   `json:"reply_message_id"`
	From      loosejson.Word `json:"from"`
	To        loosejson.Word `json:"to"`
	Timestamp loosejson.Text `json:"timestamp"` // seconds
	Price     loosejson.Text `json:"price"`
	Message   struct {
		Text          loosejson.Word `json:"text"`
		MediaURL      loosejson.Word `json:"mediaUrl"`  // in the reference's example
		MediaURL2     loosejson.Word `json:"media_url"` // in its table
		MediaFile     loosejson.Word `json:"mediaFileName"`
		MediaFilename loosejson.Word `json:"media_filename"`
	} `json:"message"`
}

type originalIM struct {
	MessageID   loosejson.ID   `json:"message_id"`
	RequestID   loosejson.ID   `json:"request_id"`
	ReferenceID loosejson.Word `json:"reference_id"`
	CustomID    loosejson.Word `json:"custom_id"`
}

// secondsTime reads seconds since 1970 and drops fractions; zero = there are
// none.
func secondsTime(text loosejson.Text) time.Time {
	seconds, err := strconv.ParseFloat(string(text), 64)
	if err != nil || seconds <= 0 || seconds > math.MaxInt32*16 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// ParseCallback reads delivery reports of SMS, instant messages and one-time
// codes, and replies to SMS and instant messages. With the setting
// callback_secret, a callback without it is provider.ErrBadSignature.
//
// Reports on one-time codes have the code's ref as Ref; their ID is the
// vendor's request id. Extra holds message_id and, if the vendor sends them,
// channel, error_code, price, vat, media_url, media_filename and "metadata."
// with the name of each entry.
func (p *Provider) ParseCallback(_ context.Context, c *provider.Callback) ([]provider.Event, error) {
	secret := p.config.CallbackSecret.Reveal()
	if secret != "" && subtle.ConstantTimeCompare([]byte(c.Query.Get(callbackKey)), []byte(secret)) != 1 {
		return nil, fmt.Errorf("apifon: %w", provider.ErrBadSignature)
	}
	var body callbackBody
	if err := loosejson.Unmarshal(c.Body, &body); err != nil {
		return nil, errors.New("apifon: the callback is not the documented JSON")
	}
	switch {
	case body.Reply != nil:
		return []provider.Event{p.imReply(&body, bytes.Clone(c.Body))}, nil
	case body.Data != nil:
		return provider.CheckReadable(p.deliveries(&body, c.Query.Get(attemptKey)))
	case body.smsReply.Text != nil && body.smsReply.From != "":
		return []provider.Event{smsReplied(&body, bytes.Clone(c.Body))}, nil
	}
	return nil, errors.New("apifon: the callback is neither a delivery report nor a reply")
}

// deliveries reads the items; one that cannot be read does not hold back the others.
func (p *Provider) deliveries(body *callbackBody, attempt string) []provider.Event {
	events := make([]provider.Event, 0, len(body.Data))
	for i, raw := range body.Data {
		var d delivery
		if err := loosejson.Unmarshal(raw, &d); err != nil || !bytes.HasPrefix(raw, []byte("{")) {
			events = append(events, provider.UnreadableItem(raw, fmt.Errorf("apifon: item %d of the callback's data does not have the documented form", i)))
			continue
		}
		if body.RequestID == "" && d.MessageID == "" {
			events = append(events, provider.UnreadableItem(raw, fmt.Errorf("apifon: item %d of the callback has no message id", i)))
			continue
		}
		e := p.delivered(body, &d, raw)
		e.Attempt = attempt
		events = append(events, e)
	}
	return events
}

func (p *Provider) delivered(body *callbackBody, d *delivery, raw json.RawMessage) provider.Event {
	fates := smsFates
	if body.Type != "SMS" {
		fates = imFates
	}
	code, err := strconv.Atoi(string(d.Status.Code))
	f, known := fates[code]
	if !known || err != nil || body.Type != "SMS" && body.Type != "VIBER" {
		f = fate{status: provider.StatusUnknown}
	}
	id, ref := sentAs(body.RequestID, body.ReferenceID, d.CustomID)
	e := provider.Event{
		Kind: provider.Report, ID: id, Ref: ref, At: secondsTime(d.Timestamp),
		Status: f.status, Final: f.final, Code: f.code,
		VendorStatus: string(d.Status.Text), VendorCode: string(d.Status.Code), MCCMNC: string(d.MCCMNC),
		From: party(d.From), To: party(d.To), Raw: raw,
		Extra: map[string]string{},
	}
	if f.kind != "" {
		e.Kind = f.kind
	}
	e.Cost = p.cost(d.Price)
	note(e.Extra, "message_id", d.MessageID)
	note(e.Extra, "channel", body.Type)
	note(e.Extra, "error_code", d.ErrorCode)
	note(e.Extra, "price", d.Price)
	note(e.Extra, "vat", d.VAT)
	for key, value := range d.Metadata {
		note(e.Extra, "metadata."+key, value)
	}
	return e
}

// sentAs derives the receipt's id and the Ref of a message from what the vendor
// echoes of its request.
func sentAs(requestID loosejson.ID, referenceID, custom loosejson.Word) (id, ref string) {
	place, ref, batch := splitCustomID(string(custom))
	switch {
	case batch && referenceID == "":
		return batchID(string(requestID), place), ref
	case referenceID != "":
		return string(requestID), string(referenceID)
	}
	return string(requestID), string(custom)
}

func (p *Provider) imReply(body *callbackBody, raw json.RawMessage) provider.Event {
	r := body.Reply
	e := provider.Event{
		Kind: provider.Inbound, ID: string(r.MessageID), At: secondsTime(r.Timestamp), From: party(r.From), To: party(r.To),
		Text: string(r.Message.Text), Cost: p.cost(r.Price), Raw: raw, Extra: map[string]string{},
	}
	original := body.OriginalIM
	if original.RequestID != "" {
		e.InReplyTo, e.Ref = sentAs(original.RequestID, original.ReferenceID, original.CustomID)
	}
	note(e.Extra, "channel", body.Channel)
	note(e.Extra, "price", r.Price)
	for _, address := range []loosejson.Word{r.Message.MediaURL, r.Message.MediaURL2} {
		note(e.Extra, "media_url", address)
	}
	for _, name := range []loosejson.Word{r.Message.MediaFile, r.Message.MediaFilename} {
		note(e.Extra, "media_filename", name)
	}
	return e
}

func smsReplied(body *callbackBody, raw json.RawMessage) provider.Event {
	r := body.smsReply
	e := provider.Event{
		Kind: provider.Inbound, ID: string(r.MessageID), At: secondsTime(r.Timestamp),
		From: party(r.From), To: party(r.To), Text: *r.Text, Raw: raw, Extra: map[string]string{},
	}
	note(e.Extra, "channel", body.Type)
	return e
}

// cost reads a price; nil = there is none, or none that can be represented
// exactly.
func (p *Provider) cost(price loosejson.Text) *provider.Money {
	if price == "" {
		return nil
	}
	money, err := Decimal(price).Money(p.config.Currency)
	if err != nil {
		return nil
	}
	return &money
}

// party returns a number with its plus sign, or the vendor's own text if it is
// not a number.
func party(s loosejson.Word) string {
	if number, err := e164.ParseDigits(string(s)); err == nil {
		return number.String()
	}
	return string(s)
}

func note[T ~string](extra map[string]string, key string, value T) {
	if value != "" {
		extra[key] = string(value)
	}
}
