package zoomconnect

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/anysms/anysms/drivers/internal/loosejson"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// FieldError is a value that the vendor's documents forbid. No request was
// made.
type FieldError struct {
	Field  string // as in the vendor's guide, "emailAddress"
	Reason string // what is wrong and what would be right
}

// Error names the field.
func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

func fieldError(field, reason string) *provider.Error {
	return &provider.Error{Code: provider.Rejected, Err: &FieldError{field, reason}}
}

// APIError is an error that the vendor reported. Its words do not show the number
// and text of the message; Error does not repeat them.
type APIError struct {
	HTTPStatus       int
	Status           string // the HTTP reason in capitals, "BAD_REQUEST"
	Code             int    // 0 = none
	Message          string
	DeveloperMessage string
	MoreInfoURL      string
}

// Error returns the HTTP status.
func (e *APIError) Error() string { return fmt.Sprintf("HTTP status %d", e.HTTPStatus) }

// shown returns the error with words that may be shown.
func (e *APIError) shown(r *httpcall.Response) *APIError {
	return &APIError{
		HTTPStatus: e.HTTPStatus, Status: r.Redact(e.Status), Code: e.Code, Message: r.Redact(e.Message),
		DeveloperMessage: r.Redact(e.DeveloperMessage), MoreInfoURL: r.Redact(e.MoreInfoURL),
	}
}

// parseError reads an error body; nil = it is none. It reads the response
// without secrets. A message has a text in "message" too, but never a code; and
// an object with message ids is not an error, whatever else it contains.
func parseError(resp *httpcall.Response) *APIError {
	var body struct {
		MessageID ID                `json:"messageId"`
		Results   []json.RawMessage `json:"sendSmsResponses"`

		Status           loosejson.Text `json:"status"`
		Code             loosejson.Text `json:"code"`
		Message          loosejson.Text `json:"message"`
		DeveloperMessage loosejson.Text `json:"developerMessage"`
		MoreInfoURL      loosejson.Text `json:"moreInfoUrl"`
	}
	if resp.Readable() != nil || loosejson.Unmarshal(resp.Raw(), &body) != nil {
		return nil
	}
	if body.MessageID != "" || len(body.Results) > 0 {
		return nil
	}
	if resp.OK() && (body.Code == "" || body.Code == "0") || body.Code == "" && body.Message == "" {
		return nil
	}
	code, _ := strconv.Atoi(string(body.Code)) // 0 if it is not a number
	return &APIError{
		HTTPStatus: resp.Status, Status: string(body.Status), Code: code, Message: string(body.Message),
		DeveloperMessage: string(body.DeveloperMessage), MoreInfoURL: string(body.MoreInfoURL),
	}
}

// failure makes the error of a response that is not a success: what a
// documented body says, else what the status alone means.
func (c *Client) failure(resp *httpcall.Response, said *APIError, sends bool) *provider.Error {
	bare := resp.ByStatus()
	switch {
	case resp.Status == 404 && !sends:
		bare.Code = provider.Rejected // the requested object does not exist
	case resp.OK() && said != nil:
		bare.Code = provider.Rejected // a success whose body is an error
	}
	if said == nil {
		return bare
	}
	number := ""
	if said.Code != 0 {
		number = strconv.Itoa(said.Code)
	}
	err := resp.Failed(c.codeOf(number, said.Message, bare.Code), number, said.Message)
	err.Err = said.shown(resp)
	return err
}

// codeOf derives what happened to the message from the vendor's number and
// words, else returns byStatus. Words alone do not count if the status leaves
// the outcome unknown.
func (c *Client) codeOf(number, words string, byStatus provider.Code) provider.Code {
	if code, ok := c.config.Errors[number]; ok {
		return code
	}
	words = strings.ToLower(words)
	for _, key := range slices.Sorted(maps.Keys(c.config.Errors)) {
		if !isNumber(key) && strings.Contains(words, strings.ToLower(key)) {
			return c.config.Errors[key]
		}
	}
	if code, ok := errorCodes[number]; ok {
		return code
	}
	if byStatus == provider.Indeterminate {
		return byStatus
	}
	for _, w := range errorWords {
		if strings.Contains(words, w.words) {
			return w.code
		}
	}
	return byStatus
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}
