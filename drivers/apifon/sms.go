package apifon

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/anysms/anysms/provider"
)

// SMS is a request of the SMS gateway: one text to one or several recipients.
type SMS struct {
	Recipients  []Recipient `json:"subscribers"`
	ReferenceID string      `json:"reference_id,omitempty"` // up to 255 characters; the vendor does not require it to be unique
	Message     Text        `json:"message"`
	CallbackURL string      `json:"callback_url,omitempty"` // https; "" = no delivery reports
	TTE         TTE         `json:"tte,omitzero"`
	Date        Time        `json:"date,omitzero"` // zero = now
}

// TTE is how long the vendor tries to deliver: for a time, 60 s to 48 h, or
// until a time. Zero is the vendor's default, 8 hours. The vendor would replace
// other values by the nearest limit; they are refused here.
type TTE struct {
	For   time.Duration // whole seconds, rounded down
	Until time.Time
}

// The limits of [TTE].
const (
	minTTE = time.Minute
	maxTTE = 48 * time.Hour
)

// MarshalJSON writes the seconds, or the time, as a string.
func (t TTE) MarshalJSON() ([]byte, error) {
	if !t.Until.IsZero() {
		return Time{t.Until}.MarshalJSON()
	}
	return json.Marshal(strconv.FormatInt(int64(t.For/time.Second), 10))
}

// check checks the time between sending and expiry.
func (t TTE) check(sent time.Time) error {
	span := t.For
	switch {
	case t.For == 0 && t.Until.IsZero():
		return nil
	case t.For != 0 && !t.Until.IsZero():
		return fieldError(provider.Unsupported, "tte", "set a duration or an end, not both")
	case !t.Until.IsZero():
		span = t.Until.Sub(sent)
	}
	if span < minTTE || span > maxTTE {
		return fieldError(provider.Unsupported, "tte", "%s; the vendor accepts 60 s to 48 h", span)
	}
	return nil
}

// SendSMS sends a text (POST /sms/send, scope smsGateway). The response has one
// entry per recipient and segment.
func (c *Client) SendSMS(ctx context.Context, sms SMS) (*SendResult, error) {
	if err := c.checkSMS(sms); err != nil {
		return nil, err
	}
	return c.submit(ctx, api+"/sms/send", sms)
}

func (c *Client) checkSMS(sms SMS) error {
	if err := checkRecipients(sms.Recipients); err != nil {
		return err
	}
	if err := checkReference(sms.ReferenceID); err != nil {
		return err
	}
	if err := checkText("message", sms.Message); err != nil {
		return err
	}
	if err := checkCallback("callback_url", sms.CallbackURL); err != nil {
		return err
	}
	sent := sms.Date.Time
	if sent.IsZero() {
		sent = c.config.Now()
	}
	return sms.TTE.check(sent)
}

// RemoveSMS cancels scheduled texts by their request id (POST /sms/remove,
// scope smsGateway) and returns how many.
func (c *Client) RemoveSMS(ctx context.Context, requestID string) (int, error) {
	return c.remove(ctx, api+"/sms/remove", removal{requestID, "REQUEST_ID"})
}

// RemoveSMSByReference cancels scheduled texts by the reference id of their
// request.
func (c *Client) RemoveSMSByReference(ctx context.Context, referenceID string) (int, error) {
	return c.remove(ctx, api+"/sms/remove", removal{referenceID, "REFERENCE_ID"})
}
