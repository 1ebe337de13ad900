package apifon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/anysms/anysms/drivers/internal/loosejson"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/redact"
)

// FieldError is a value that the vendor's documents forbid. No request was
// made.
type FieldError struct {
	Field  string // as in the vendor's reference, "message.sender_id"
	Reason string // what is wrong and what would be right
}

// Error names the field.
func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

func fieldError(code provider.Code, field, format string, args ...any) *provider.Error {
	return &provider.Error{Code: code, Err: &FieldError{Field: field, Reason: fmt.Sprintf(format, args...)}}
}

// APIError is an error that the vendor reported. Its words do not show the number
// and text of the message; Error does not repeat them.
type APIError struct {
	HTTPStatus int
	Code       StatusCode        // "403"
	Title      string            // for a person
	Details    map[string]string // by field, "campaign_defaults.from"
	ReportCode string            // a reference for the vendor's support

	results bool // of messages, beside the error
}

// Error returns the HTTP status, and the report code if there is one.
func (e *APIError) Error() string {
	text := fmt.Sprintf("HTTP status %d", e.HTTPStatus)
	if e.ReportCode != "" {
		text += ", error report " + e.ReportCode
	}
	return text
}

// shown returns the error with words that may be shown.
func (e *APIError) shown(r *httpcall.Response) *APIError {
	clean := &APIError{HTTPStatus: e.HTTPStatus, Code: StatusCode(redact.Code(string(e.Code), r.Redact)), Title: r.Redact(e.Title), ReportCode: r.Redact(e.ReportCode)}
	if len(e.Details) > 0 {
		clean.Details = make(map[string]string, len(e.Details))
	}
	for field, reason := range e.Details {
		clean.Details[r.Redact(field)] = r.Redact(reason)
	}
	return clean
}

// message returns the vendor's words in one line.
func (e *APIError) message() string {
	words := []string{e.Title}
	for _, field := range slices.Sorted(maps.Keys(e.Details)) {
		words = append(words, field+": "+e.Details[field])
	}
	return strings.TrimPrefix(strings.Join(words, "; "), "; ")
}

// StatusCode is a status of the vendor in a response's body. The vendor writes
// it as a number or as a string; here it is always the digits.
type StatusCode string

// UnmarshalJSON reads a number or a string.
func (s *StatusCode) UnmarshalJSON(b []byte) error {
	*s = StatusCode(loosejson.TextOf(b))
	return nil
}

// ResultInfo is the gateways' summary of a request.
type ResultInfo struct {
	StatusCode  StatusCode `json:"status_code"`
	Description string     `json:"description"`
}

// UnmarshalJSON leaves out what is not of the documented type.
func (i *ResultInfo) UnmarshalJSON(b []byte) error {
	var v struct {
		StatusCode  StatusCode     `json:"status_code"`
		Description loosejson.Word `json:"description"`
	}
	err := loosejson.Unmarshal(b, &v)
	*i = ResultInfo{v.StatusCode, string(v.Description)}
	return err
}

// errorBody is one of the vendor's two formats: that of resources and
// authentication, or that of the gateways.
type errorBody struct {
	Status     StatusCode                 `json:"status"`
	Title      loosejson.Word             `json:"title"`
	Details    map[string]json.RawMessage `json:"error_details"`
	ReportCode loosejson.Word             `json:"error_report_code"`
	ResultInfo ResultInfo                 `json:"result_info"`
	Results    json.RawMessage            `json:"results"`
	Result     json.RawMessage            `json:"result"` // of one-time codes
}

// filled reports whether raw is a JSON list or object that is not empty.
func filled(raw json.RawMessage) bool {
	var list []json.RawMessage
	var object map[string]json.RawMessage
	_, _ = json.Unmarshal(raw, &list), json.Unmarshal(raw, &object) // it is one of them, or neither
	return len(list)+len(object) > 0
}

// parseError reads an error body of either format; nil = it is neither, or
// reports success. It reads the response without secrets.
func parseError(r *httpcall.Response) *APIError {
	var body errorBody
	if r.Readable() != nil || loosejson.Unmarshal(r.Raw(), &body) != nil {
		return nil
	}
	e := &APIError{HTTPStatus: r.Status, Code: body.Status, Title: string(body.Title), ReportCode: string(body.ReportCode)}
	e.results = filled(body.Results) || filled(body.Result)
	for field, reason := range body.Details {
		if e.Details == nil {
			e.Details = make(map[string]string, len(body.Details))
		}
		e.Details[field] = string(loosejson.TextOf(reason))
	}
	if e.Code == "" {
		e.Code, e.Title = body.ResultInfo.StatusCode, body.ResultInfo.Description
	}
	if e.Code == "" || e.Code == "200" {
		return nil
	}
	return e
}

// failure makes the error of a response that is not a success: what a
// documented body says, else what the status alone means. An error together
// with results of messages is indeterminate.
func (c *Client) failure(r *httpcall.Response, codes map[StatusCode]provider.Code) *provider.Error {
	said := parseError(r)
	if said == nil {
		return tokenRefused(r, r.ByStatus())
	}
	if said.results {
		return r.Indeterminate(fmt.Errorf("the response contains both results and the status %s", provider.Mask(string(said.Code))))
	}
	code, known := codes[said.Code]
	switch {
	case !known:
		code = r.ByStatus().Code
	case code == provider.InvalidMessage:
		code = blame(said)
	}
	err := r.Failed(code, string(said.Code), said.message())
	err.Err = said.shown(r)
	return tokenRefused(r, err)
}

// encode writes JSON without escaping HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
