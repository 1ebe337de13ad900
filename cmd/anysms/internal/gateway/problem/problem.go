// Package problem has the errors of the gateway's API: RFC 9457 problem details with a
// code, and with a JSON pointer for each field that is wrong.
package problem

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/anysms/anysms/provider"
)

// The codes that are not codes of providers.
const (
	BadRequest      = "bad_request"
	Unauthenticated = "unauthenticated"
	Forbidden       = "forbidden"
	NotFound        = "not_found"
	Conflict        = "conflict"
	TooLarge        = "too_large"
	RateLimited     = "rate_limited"
	Unavailable     = "unavailable"
)

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

// Problem is an error as the API returns it.
type Problem struct {
	Type   string  `json:"type" doc:"always about:blank: code says what happened"`
	Title  string  `json:"title" doc:"of the HTTP status"`
	Status int     `json:"status" doc:"the HTTP status"`
	Code   string  `json:"code" doc:"what happened, such as bad_request, conflict or invalid_recipient" example:"invalid_recipient"`
	Detail string  `json:"detail,omitempty" doc:"for people"`
	Errors []Field `json:"errors,omitempty" doc:"the fields that are wrong"`
	// Message is the status of the message that a conflict is about.
	Message string `json:"message_status,omitempty" doc:"for a conflict over a message: its status"`

	RetryAfter time.Duration `json:"-"`
	Allow      string        `json:"-"` // the methods that a path takes
}

// Field is a field that is wrong.
type Field struct {
	Pointer string `json:"pointer" doc:"JSON pointer into the body, or the name of a parameter" example:"/to"`
	Detail  string `json:"detail" doc:"what is wrong, and what would be right"`
}

// New returns a problem.
func New(status int, code, format string, args ...any) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Bad returns a 400 about fields.
func Bad(fields ...Field) *Problem {
	p := New(http.StatusBadRequest, BadRequest, "the request cannot be read")
	if len(fields) == 1 {
		p.Detail = fields[0].Pointer + ": " + fields[0].Detail
	}
	p.Errors = fields
	return p
}

// OfMessage returns the 422 for a message that is refused with a provider's code.
func OfMessage(code provider.Code, reason string) *Problem {
	p := New(http.StatusUnprocessableEntity, string(code), "%s", reason)
	if pointer := pointerOf(code); pointer != "" {
		p.Errors = []Field{{Pointer: pointer, Detail: reason}}
	}
	return p
}

// Reason is why a message is refused, for people: without the code, which stands beside it,
// and without numbers.
func Reason(e *provider.Error) string {
	if e.Err != nil {
		return provider.Mask(e.Err.Error())
	}
	return string(e.Code)
}

// pointerOf is the field of a message that a code is about.
func pointerOf(code provider.Code) string {
	switch code {
	case provider.InvalidRecipient, provider.OptedOut, provider.NoRoute:
		return "/to"
	case provider.InvalidMessage:
		return "/text"
	case provider.SenderRejected:
		return "/from"
	}
	return ""
}

// Error is the problem in words.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// headers has Retry-After, where it is known, and how to authenticate.
func (p *Problem) headers() http.Header {
	h := make(http.Header)
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.RetryAfter+time.Second-1)/time.Second)))
	}
	if p.Allow != "" {
		h.Set("Allow", p.Allow)
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="anysms"`)
	}
	return h
}

// Write writes the problem as a response.
func (p *Problem) Write(w http.ResponseWriter) {
	maps.Copy(w.Header(), p.headers())
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	body, _ := json.Marshal(p) // plain fields cannot fail
	_, _ = w.Write(append(body, '\n'))
}
