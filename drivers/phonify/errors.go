package phonify

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/anysms/anysms/drivers/internal/loosejson"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// APIError is an error that the vendor reported. Its words do not show the number
// and text of the message; Error does not repeat them.
type APIError struct {
	HTTPStatus int
	Faults     []Fault // at least one
}

// Fault is one entry of the vendor's error collection.
type Fault struct {
	Type  string // identifies the error
	Title string // in English
}

// Error returns the HTTP status.
func (e *APIError) Error() string { return fmt.Sprintf("HTTP status %d", e.HTTPStatus) }

// shown returns the error with words that may be shown.
func (e *APIError) shown(r *httpcall.Response) *APIError {
	clean := &APIError{HTTPStatus: e.HTTPStatus, Faults: make([]Fault, len(e.Faults))}
	for i, f := range e.Faults {
		clean.Faults[i] = Fault{Type: r.Redact(f.Type), Title: r.Redact(f.Title)}
	}
	return clean
}

// message returns the vendor's words in one line.
func (e *APIError) message() string {
	titles := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		titles[i] = f.Title
	}
	return strings.Join(titles, "; ")
}

// errorBody is the vendor's error format. An empty list is not an error.
type errorBody struct {
	Errors []struct {
		Type  loosejson.Word `json:"type"`
		Title loosejson.Word `json:"title"`
	} `json:"errors"`
}

// parseError reads an error body; nil = it is none. It reads the response
// without secrets.
func parseError(resp *httpcall.Response) *APIError {
	var body errorBody
	if resp.Readable() != nil || loosejson.Unmarshal(resp.Raw(), &body) != nil || len(body.Errors) == 0 {
		return nil
	}
	e := &APIError{HTTPStatus: resp.Status}
	for _, fault := range body.Errors {
		e.Faults = append(e.Faults, Fault{Type: string(fault.Type), Title: string(fault.Title)})
	}
	return e
}

// failure makes the error of a response that is not a success: what a
// documented body says, else what the status alone means.
func (c *Client) failure(resp *httpcall.Response, said *APIError) *provider.Error {
	bare := resp.ByStatus()
	if resp.Status == http.StatusPaymentRequired && bare.Code == provider.InsufficientFunds {
		bare.Code = provider.Rejected // 402 is this vendor's status for every refusal
	}
	if said == nil {
		return bare
	}
	if resp.OK() && !hasMessage(resp.Raw()) {
		bare.Code = provider.Rejected // a success with errors instead of a message
	}
	err := resp.Failed(c.codeOf(said, bare.Code), said.Faults[0].Type, said.message())
	err.Err = said.shown(resp)
	return err
}

// codeOf looks for the first fault that says what happened to the message. The
// words of a type are only a guess: they do not count if the status leaves the
// outcome unknown, nor if it says why, such as 429.
func (c *Client) codeOf(said *APIError, byStatus provider.Code) provider.Code {
	for _, f := range said.Faults {
		if code, ok := c.config.ErrorTypes[f.Type]; ok {
			return code
		}
	}
	if byStatus == provider.Indeterminate {
		return provider.Indeterminate
	}
	for _, f := range said.Faults {
		if code, ok := typeCodes[strings.ToLower(f.Type)]; ok {
			return code
		}
		if code, ok := wordCode(f.Type); ok && byStatus == provider.Rejected {
			return code
		}
	}
	return byStatus
}
