package zoomconnect

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/anysms/anysms/drivers/internal/loosejson"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// SMS is one message to one recipient. The vendor chooses the sender.
type SMS struct {
	RecipientNumber string // any form that the vendor accepts: +27820000001, 27820000001, 0820000001
	Message         string
	Campaign        string    // groups messages in statistics; comes back in callbacks
	DataField       string    // the caller's reference; comes back in callbacks and can be searched for
	DateToSend      time.Time // rounded up to the minute; zero = now
}

// Bulk is several messages in one request.
type Bulk struct {
	Messages          []SMS
	DefaultDateToSend time.Time // of messages without their own; zero = now
	MessagesPerMinute int       // 0 = no limit
}

// SendResult is the result for one message.
type SendResult struct {
	MessageID string // "" = it was not accepted, or unknown
	Err       error  // a *provider.Error; nil = it was accepted
	Raw       json.RawMessage
}

type smsRequest struct {
	Message         string `json:"message"`
	RecipientNumber string `json:"recipientNumber"`
	Campaign        string `json:"campaign,omitempty"`
	DateToSend      string `json:"dateToSend,omitempty"`
	DataField       string `json:"dataField,omitempty"`
}

// private lists the text and the number, which the vendor may repeat in its errors.
func (r smsRequest) private() []string { return []string{r.RecipientNumber, r.Message} }

type bulkRequest struct {
	Requests          []smsRequest `json:"sendSmsRequests"`
	DefaultDateToSend string       `json:"defaultDateToSend,omitempty"`
	MessagesPerMinute int          `json:"messagesPerMinute"`
}

func (r bulkRequest) private() []string {
	var all []string
	for _, one := range r.Requests {
		all = append(all, one.private()...)
	}
	return all
}

func (c *Client) smsRequest(m SMS) smsRequest {
	return smsRequest{
		Message: m.Message, RecipientNumber: m.RecipientNumber,
		Campaign: m.Campaign, DateToSend: c.config.minute(m.DateToSend), DataField: m.DataField,
	}
}

// Send sends one message and returns its id. (POST sms/send)
func (c *Client) Send(ctx context.Context, m SMS) (*SendResult, error) {
	resp, err := c.send(ctx, "/sms/send", c.smsRequest(m))
	if err != nil {
		return nil, err
	}
	result := c.result(resp, resp.Raw())
	if result.Err != nil {
		return nil, result.Err
	}
	return &result, nil
}

// SendBulk sends several messages in one request and returns a result for each,
// in the same order. The vendor's response does not contain the numbers: the
// order is the only link, and after a response of another length all of them
// are indeterminate. An error is about the request as a whole. (POST
// sms/send-bulk)
func (c *Client) SendBulk(ctx context.Context, b Bulk) ([]SendResult, error) {
	body := bulkRequest{make([]smsRequest, len(b.Messages)), c.config.minute(b.DefaultDateToSend), b.MessagesPerMinute}
	for i, m := range b.Messages {
		body.Requests[i] = c.smsRequest(m)
	}
	resp, err := c.send(ctx, "/sms/send-bulk", body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Responses []json.RawMessage `json:"sendSmsResponses"`
		Code      loosejson.Text    `json:"code"` // of an error body
	}
	if err := json.Unmarshal(resp.Raw(), &answer); err != nil || len(answer.Responses) != len(b.Messages) {
		return nil, resp.Indeterminate(errors.New("the response does not have one result per message"))
	}
	if says(answer.Code) {
		return nil, resp.Indeterminate(errors.New("the response has both results and an error"))
	}
	results := make([]SendResult, len(answer.Responses))
	for i, raw := range answer.Responses {
		results[i] = c.result(resp, raw)
	}
	return results, nil
}

// result reads what the vendor says about one message: an id, or an error in
// words.
func (c *Client) result(resp *httpcall.Response, raw json.RawMessage) SendResult {
	var answer struct {
		MessageID ID             `json:"messageId"`
		Error     loosejson.Text `json:"error"`
		Code      loosejson.Text `json:"code"` // of an error body
	}
	err := json.Unmarshal(raw, &answer)
	r := SendResult{MessageID: string(answer.MessageID), Raw: raw}
	switch {
	case err != nil || answer.MessageID == "" && !says(answer.Error):
		r.Err = resp.Indeterminate(errors.New("the response has no message id"))
	case answer.MessageID != "" && (says(answer.Error) || says(answer.Code)):
		r.Err = resp.Indeterminate(errors.New("the response has both a message id and an error"))
	case says(answer.Error):
		words := string(answer.Error)
		r.Err = resp.Failed(c.codeOf("", words, provider.Rejected), "", words)
	}
	return r
}

// says reports whether a field that is for errors has one.
func says(field loosejson.Text) bool {
	switch field {
	case "", "0", "false", "[]", "{}":
		return false
	}
	return true
}

// SendURLParameters sends one message by query parameters, with the account's
// credentials. Text and number then appear in logs on the way: prefer Send.
// (POST sms/send-url-parameters)
func (c *Client) SendURLParameters(ctx context.Context, m SMS) (id string, err error) {
	r := httpcall.Request{Method: http.MethodPost, Path: api + "/sms/send-url-parameters", Query: c.urlParameters(m)}
	resp, err := c.call(ctx, r, true)
	if err != nil {
		return "", err
	}
	return textID(resp)
}

// SendURL sends one message by query parameters. The URL itself is the
// credential: it contains the setting url_token, and no other credential is
// sent. (POST sms/send-url/{token})
func (c *Client) SendURL(ctx context.Context, m SMS) (id string, err error) {
	path, err := address("/sms/send-url/{}", c.config.URLToken.Reveal())
	if err != nil {
		return "", fieldError("url_token", "is not set; want the URL sending token from the Developer Settings page")
	}
	resp, err := c.do(ctx, httpcall.Request{Method: http.MethodPost, Path: api + path, Query: c.urlParameters(m)}, true)
	if err != nil {
		return "", err
	}
	return textID(resp)
}

func (c *Client) urlParameters(m SMS) url.Values {
	q := url.Values{"recipientNumber": {m.RecipientNumber}, "message": {m.Message}}
	for name, value := range map[string]string{"dateToSend": c.config.minute(m.DateToSend), "campaign": m.Campaign, "dataField": m.DataField} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// textID reads a response of plain text. The vendor does not say what the text
// is: what looks like a message id is taken for one, anything else is
// indeterminate.
func textID(resp *httpcall.Response) (string, error) {
	id := strings.Trim(strings.TrimSpace(string(resp.Body)), `"`)
	if !looksLikeID(id) {
		return "", resp.Indeterminate(errors.New("the response is not a message id"))
	}
	return id, nil
}

// looksLikeID reports whether s is 24 hexadecimal digits or a decimal number.
func looksLikeID(s string) bool {
	hex := strings.Trim(s, "0123456789abcdefABCDEF") == ""
	return hex && (len(s) == 24 || s != "" && strings.Trim(s, "0123456789") == "")
}
