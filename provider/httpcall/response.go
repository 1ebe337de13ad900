package httpcall

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/redact"
)

// Response is a vendor's response. A driver asks, in this order: does the body
// say what happened to the message ([Response.Failed])? If not, is the status a
// failure ([Response.ByStatus])? If not, can the acceptance be read
// ([Response.Indeterminate] if it cannot)?
type Response struct {
	Status int
	Header http.Header
	Body   []byte // nil if it could not be read; see [Response.Readable]

	bodyErr   error
	received  time.Time
	client    *Client
	echo      func() *redact.Echo // of Request.Private
	signature *signature          // nil = the request was not signed

	tokens      *TokenSource // nil = the request carried no access token
	token       *accessToken
	tokenCached bool
}

// OK reports whether the status is 2xx.
func (r *Response) OK() bool { return r.Status >= 200 && r.Status <= 299 }

// Readable returns nil if the whole body was read, else the reason why not.
func (r *Response) Readable() error { return r.bodyErr }

// Decode reads the body as JSON into v. Its error does not reveal the body's
// content.
func (r *Response) Decode(v any) error {
	if r.bodyErr != nil {
		return r.bodyErr
	}
	err := json.Unmarshal(r.Body, v)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		kind, _, _ := strings.Cut(wrong.Value, " ") // "number 12.5" repeats the value
		return fmt.Errorf("the response's %q is a %s", wrong.Field, kind)
	}
	if err != nil {
		return errors.New("the response is not the expected JSON")
	}
	return nil
}

// DropToken is for a response whose body says that the access token of its
// request is no longer valid; [Client.Do] itself drops one that is refused by
// status 401. The next request gets a fresh token. DropToken reports whether
// the refused token was cached; then the credentials need not be wrong, and the
// error is provider.Unavailable.
func (r *Response) DropToken() bool {
	if r.tokens == nil {
		return false
	}
	r.tokens.drop(r.token)
	return r.tokenCached
}

// scrub removes secrets from what the vendor said.
func (r *Response) scrub(s string) string {
	if r.token != nil {
		s = r.token.secrets.Hide(s)
	}
	return r.client.secrets.Hide(s)
}

// Raw returns the body as JSON for [provider.Receipt].Raw, without secrets:
// unchanged if it is JSON, else as a JSON string.
func (r *Response) Raw() json.RawMessage {
	body := r.discreet(string(r.Body))
	if json.Valid([]byte(body)) {
		return json.RawMessage(body)
	}
	quoted, err := json.Marshal(body)
	if err != nil {
		return nil
	}
	return quoted
}

// RawOf is Raw for a part of the body, as it was parsed: one message of many.
func (r *Response) RawOf(part any) json.RawMessage {
	b, err := json.Marshal(part)
	if err != nil {
		return nil
	}
	return json.RawMessage(r.discreet(string(b)))
}

// discreet removes secrets and the request's signature from a body.
func (r *Response) discreet(body string) string {
	body = r.scrub(body)
	if r.signature.isIn(body) {
		body = r.signature.hide(body)
	}
	return body
}

// Redact returns the vendor's words as they may be shown and logged: secrets and what
// they repeat of [Request].Private are hidden, and what is beyond 1000 bytes is cut
// off. A driver uses it for each text of an error type of its own.
func (r *Response) Redact(s string) string {
	return shorten(r.echo().Hide(r.signature.hide(r.scrub(s))))
}

// Failed makes the error for a response whose documented body says what
// happened to the message. Vendor code and message are shown as [Response.Redact]
// has them, except that a code of up to six digits stays as it is.
func (r *Response) Failed(code provider.Code, vendorCode, vendorMessage string) *provider.Error {
	return &provider.Error{
		Code:          code,
		VendorCode:    redact.Code(r.scrub(vendorCode), r.Redact),
		VendorMessage: r.Redact(vendorMessage),
		RetryAfter:    r.RetryAfter(),
		Err:           fmt.Errorf("HTTP status %d", r.Status),
	}
}

// Indeterminate makes the error for a response that should be an acceptance but
// cannot be read as one; cause says why, nil = no more than that.
func (r *Response) Indeterminate(cause error) *provider.Error {
	if cause == nil {
		cause = errUnread
	}
	return &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("HTTP status %d: %w", r.Status, hidden(cause, r.Redact))}
}

var errUnread = errors.New("the response cannot be read as an acceptance")

// ByStatus makes the error for a response without a documented body, whose
// status alone decides. [Config].StatusOutcomes takes precedence over the
// built-in table. A 2xx is provider.Indeterminate: it signals an acceptance,
// but there is none to read.
func (r *Response) ByStatus() *provider.Error {
	wait, asked := r.retryAfter()
	err := &provider.Error{
		Code:       statusCode(r.Status, asked),
		RetryAfter: wait,
		Err:        fmt.Errorf("HTTP status %d without a documented body", r.Status),
	}
	if r.bodyErr != nil {
		err.Err = fmt.Errorf("%w: %w", err.Err, hidden(r.bodyErr, r.Redact))
	}
	switch r.client.config.StatusOutcomes[r.Status] {
	case provider.OutcomeRefused:
		err.Code = provider.Rejected
	case provider.OutcomeNotSent:
		err.Code = provider.Unavailable
	case provider.OutcomeUnknown:
		err.Code = provider.Indeterminate
	}
	return err
}

// RetryAfter reads the Retry-After header, seconds or a date (RFC 9110
// §10.2.3); 0 if it is missing or invalid. A date is taken relative to the
// response's own Date, so that the clocks need not agree.
func (r *Response) RetryAfter() time.Duration {
	wait, _ := r.retryAfter()
	return wait
}

// retryAfter distinguishes a valid header from none.
func (r *Response) retryAfter() (wait time.Duration, ok bool) {
	value := strings.TrimSpace(r.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	now := r.received
	if sent, err := http.ParseTime(r.Header.Get("Date")); err == nil {
		now = sent
	}
	return max(0, at.Sub(now)), true
}
