package apifon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/drivers/internal/loosejson"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

// Recipient is a recipient of a gateway request: the reference's SUBSCRIBERS.
type Recipient struct {
	Number   string            // digits only, 7 to 15, the first not 0
	CustomID string            // comes back in the response and in callbacks
	Params   map[string]string // values for {KEY} in the texts
	Landings map[string]Landing
}

// Landing is a page whose shortened address replaces its key in the text. The
// key is apifon_lp, or apifon_lp_ and a word.
type Landing struct {
	URL              string            `json:"url"` // or the id of a template
	Data             map[string]string `json:"data,omitempty"`
	Redirect         *bool             `json:"redirect,omitempty"` // nil = true
	Method           string            `json:"method,omitempty"`   // GET or POST, only without redirect; "" = GET
	PreventSysParams bool              `json:"prevent_sys_params,omitempty"`
	Domain           string            `json:"landing_domain,omitempty"`  // http or https URL
	EnableTracking   *bool             `json:"enable_tracking,omitempty"` // nil = true
}

// landingKey begins the key of every [Landing].
const landingKey = "apifon_lp"

// MarshalJSON writes params and landing pages into the one map that the vendor
// has for both.
func (r Recipient) MarshalJSON() ([]byte, error) {
	params := make(map[string]any, len(r.Params)+len(r.Landings))
	for key, value := range r.Params {
		params[key] = value
	}
	for key, page := range r.Landings {
		params[key] = page
	}
	return encode(struct {
		Number   string         `json:"number"`
		CustomID string         `json:"custom_id,omitempty"`
		Params   map[string]any `json:"params,omitempty"`
	}{r.Number, r.CustomID, params})
}

// Text is an SMS, or the SMS that follows an instant message which did not
// arrive: the reference's MESSAGE.
type Text struct {
	Text       string     `json:"text"` // may hold {KEY}
	DataCoding DataCoding `json:"dc"`
	SenderID   string     `json:"sender_id"` // up to 16 digits, or up to 11 letters and digits
}

// DataCoding is how a text is encoded on the air. The vendor does not choose it.
type DataCoding int

// The data codings, with the characters of a single segment.
const (
	GSM7  DataCoding = 0 // 160
	Octet DataCoding = 1 // 140, raw data
	UCS2  DataCoding = 2 // 70
)

// Time is a time as the gateways write it: UTC, whole seconds, no zone.
type Time struct{ time.Time }

// timeLayout is the reference's yyyy-MM-dd'T'HH:mm:ss.
const timeLayout = "2006-01-02T15:04:05"

// MarshalJSON writes "2030-02-06T12:43:23".
func (t Time) MarshalJSON() ([]byte, error) {
	return json.Marshal(t.UTC().Format(timeLayout))
}

// SendResult is a gateway's response to a request that it accepted. Only
// callbacks tell whether a message was delivered.
type SendResult struct {
	RequestID  string                     `json:"request_id"`
	Reference  string                     `json:"reference"` // the request's ReferenceID
	Results    map[string][]MessageResult `json:"results"`   // by number
	ResultInfo ResultInfo                 `json:"result_info"`
	Raw        json.RawMessage            `json:"-"` // the response as it came
}

// UnmarshalJSON leaves out what is not of the documented type, and takes ids that
// are numbers: only a request id and a message id are needed.
func (r *SendResult) UnmarshalJSON(b []byte) error {
	var v struct {
		RequestID  loosejson.ID              `json:"request_id"`
		Reference  loosejson.Word            `json:"reference"`
		Results    map[string]messageResults `json:"results"`
		ResultInfo ResultInfo                `json:"result_info"`
	}
	if err := loosejson.Unmarshal(b, &v); err != nil {
		return err
	}
	r.RequestID, r.Reference, r.ResultInfo = string(v.RequestID), string(v.Reference), v.ResultInfo
	r.Results = make(map[string][]MessageResult, len(v.Results))
	for number, results := range v.Results {
		r.Results[number] = results
	}
	return nil
}

// MessageResult is one segment of a recipient's message, or one message if the
// request named a number several times.
type MessageResult struct {
	MessageID    string                  `json:"message_id"`
	CustomID     string                  `json:"custom_id"`
	Length       int                     `json:"length"`     // octets of an SMS, characters of an instant message; 0 = not given
	ShortCode    string                  `json:"short_code"` // deprecated by the vendor in favour of LandingPages
	ShortURL     string                  `json:"short_url"`
	LandingPages map[string]ShortenedURL `json:"landing_pages"`
}

// UnmarshalJSON leaves out what is not of the documented type.
func (r *MessageResult) UnmarshalJSON(b []byte) error {
	var v struct {
		MessageID    loosejson.ID            `json:"message_id"`
		CustomID     loosejson.Word          `json:"custom_id"`
		Length       loosejson.Word          `json:"length"`
		ShortCode    loosejson.Word          `json:"short_code"`
		ShortURL     loosejson.Word          `json:"short_url"`
		LandingPages map[string]ShortenedURL `json:"landing_pages"`
	}
	if err := loosejson.Unmarshal(b, &v); err != nil {
		return err
	}
	length, _ := strconv.Atoi(string(v.Length)) // 0 if it is not a number
	*r = MessageResult{string(v.MessageID), string(v.CustomID), length, string(v.ShortCode), string(v.ShortURL), v.LandingPages}
	return nil
}

// messageResults is a list of results, or a single one.
type messageResults []MessageResult

// UnmarshalJSON never fails.
func (r *messageResults) UnmarshalJSON(b []byte) error {
	var list []MessageResult
	var one MessageResult
	switch {
	case bytes.HasPrefix(b, []byte("[")) && loosejson.Unmarshal(b, &list) == nil:
		*r = list
	case bytes.HasPrefix(b, []byte("{")) && loosejson.Unmarshal(b, &one) == nil:
		*r = messageResults{one}
	}
	return nil
}

// ShortenedURL is the address that replaced a [Landing]'s key.
type ShortenedURL struct {
	ShortCode string `json:"short_code"`
	ShortURL  string `json:"short_url"`
}

// UnmarshalJSON leaves out what is not of the documented type.
func (u *ShortenedURL) UnmarshalJSON(b []byte) error {
	var v struct {
		ShortCode loosejson.Word `json:"short_code"`
		ShortURL  loosejson.Word `json:"short_url"`
	}
	err := loosejson.Unmarshal(b, &v)
	*u = ShortenedURL{string(v.ShortCode), string(v.ShortURL)}
	return err
}

// Of returns a recipient's results, however the vendor wrote the number.
func (r *SendResult) Of(number string) []MessageResult {
	if found, ok := r.Results[number]; ok {
		return found
	}
	for key, found := range r.Results {
		if digits(key) == digits(number) {
			return found
		}
	}
	return nil
}

// digits returns a number without plus sign, international prefix and
// punctuation.
func digits(number string) string {
	only := strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, number)
	return strings.TrimLeft(only, "0")
}

// What a 2xx must contain to be an acceptance.
var (
	errNoID      = errors.New("the response has no request id")
	errNoVerdict = errors.New("the response has no documented verdict")
	errNoBalance = errors.New("the response has no balance")
	errNoNumber  = errors.New("the response is not a number")
)

// submit sends a request to a gateway and reads the response.
func (c *Client) submit(ctx context.Context, path string, body any) (*SendResult, error) {
	r, err := c.call(ctx, "POST", path, body)
	if err != nil {
		return nil, err
	}
	if !r.OK() {
		return nil, c.failure(r, gatewayCodes)
	}
	var result SendResult
	if err := r.Decode(&result); err != nil {
		return nil, c.unread(r, gatewayCodes, err)
	}
	switch {
	case parseError(r) != nil: // also beside an acceptance
		return nil, c.failure(r, gatewayCodes)
	case result.RequestID == "":
		return nil, c.unread(r, gatewayCodes, errNoID)
	}
	result.Raw = r.Raw()
	return &result, nil
}

// unread is the error of a 2xx that is not an acceptance: its own error if it
// contains one, else indeterminate.
func (c *Client) unread(r *httpcall.Response, codes map[StatusCode]provider.Code, cause error) error {
	if said := parseError(r); said != nil {
		return c.failure(r, codes)
	}
	return r.Indeterminate(cause)
}

// removal is the request that cancels scheduled messages.
type removal struct {
	ID    string `json:"id"`
	Field string `json:"field"`
}

// remove asks a gateway to cancel scheduled messages and returns their number,
// which the gateway sends as a bare JSON integer.
func (c *Client) remove(ctx context.Context, path string, what removal) (int, error) {
	if what.ID == "" {
		return 0, fieldError(provider.InvalidMessage, "id", "must not be empty")
	}
	r, err := c.call(ctx, "POST", path, what)
	if err != nil {
		return 0, err
	}
	return c.removed(r)
}

// removed reads the response to a removal.
func (c *Client) removed(r *httpcall.Response) (int, error) {
	if !r.OK() {
		return 0, c.failure(r, gatewayCodes)
	}
	var count *int
	if err := r.Decode(&count); err != nil {
		return 0, c.unread(r, gatewayCodes, err)
	}
	if count == nil {
		return 0, c.unread(r, gatewayCodes, errNoNumber)
	}
	return *count, nil
}

// maxReference is the limit of a reference id, in characters.
const maxReference = 255

func checkReference(ref string) error {
	if n := utf8.RuneCountInString(ref); n > maxReference {
		return fieldError(provider.Unsupported, "reference_id", "%d characters; the vendor accepts at most %d", n, maxReference)
	}
	return nil
}

func checkRecipients(recipients []Recipient) error {
	if len(recipients) == 0 {
		return fieldError(provider.InvalidRecipient, "subscribers", "must not be empty; want at least one")
	}
	for i, r := range recipients {
		if err := checkNumber(at("subscribers", i)+".number", r.Number); err != nil {
			return err
		}
		if err := checkLandings(at("subscribers", i)+".params", r); err != nil {
			return err
		}
	}
	return nil
}

// at returns the name of a list's element.
func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

func checkNumber(field, number string) error {
	if _, err := e164.ParseDigits(number); err != nil {
		return fieldError(provider.InvalidRecipient, field, "want 7 to 15 digits without a plus sign, the first not 0")
	}
	return nil
}

func checkLandings(field string, r Recipient) error {
	for key := range maps.Keys(r.Landings) {
		page := r.Landings[key]
		_, twice := r.Params[key]
		switch {
		case !strings.HasPrefix(key, landingKey):
			return fieldError(provider.Unsupported, field, "the key %q of a landing page must begin with %s", key, landingKey)
		case twice:
			return fieldError(provider.Unsupported, field, "%q is both a value and a landing page", key)
		case page.URL == "":
			return fieldError(provider.InvalidMessage, field+"."+key+".url", "must not be empty; want a URL or the id of a template")
		case page.Method != "" && page.Method != "GET" && page.Method != "POST":
			return fieldError(provider.Unsupported, field+"."+key+".method", "%q; want GET or POST", page.Method)
		case page.Method == "POST" && (page.Redirect == nil || *page.Redirect):
			return fieldError(provider.Unsupported, field+"."+key+".method", "POST needs redirect to be false")
		case page.Domain != "" && !hasScheme(page.Domain, "http", "https"):
			return fieldError(provider.Unsupported, field+"."+key+".landing_domain", "want a URL that begins with http:// or https://")
		}
	}
	return nil
}

func checkText(field string, t Text) error {
	switch {
	case t.Text == "":
		return fieldError(provider.InvalidMessage, field+".text", "must not be empty")
	case t.DataCoding < GSM7 || t.DataCoding > UCS2:
		return fieldError(provider.Unsupported, field+".dc", "%d; want 0 (GSM-7), 1 (octets) or 2 (UCS-2)", t.DataCoding)
	case t.SenderID == "":
		return fieldError(provider.SenderRejected, field+".sender_id", "must not be empty; want up to 16 digits, or up to 11 letters and digits")
	}
	if reason := badSender(t.SenderID); reason != "" {
		return fieldError(provider.SenderRejected, field+".sender_id", "%s", reason)
	}
	return nil
}

// The limits of a sender id.
const (
	maxNumericSender = 16
	maxAlphaSender   = 11
)

// badSender says what is wrong with a sender id, "" = nothing. The reference
// says "numbers or/and Latin characters"; whether ASCII spaces and punctuation
// are allowed is left to the vendor: its customers report both.
func badSender(sender string) string {
	if strings.Trim(sender, "0123456789") == "" {
		if len(sender) > maxNumericSender {
			return fmt.Sprintf("has %d digits; the vendor accepts at most %d", len(sender), maxNumericSender)
		}
		return ""
	}
	for _, c := range sender {
		if c < ' ' || c > '~' {
			return "contains a character that is neither a digit nor a Latin letter"
		}
	}
	if len(sender) > maxAlphaSender {
		return fmt.Sprintf("has %d characters; the vendor accepts at most %d, or %d digits", len(sender), maxAlphaSender, maxNumericSender)
	}
	return ""
}

func checkCallback(field, address string) error {
	if address != "" && !hasScheme(address, "https") {
		return fieldError(provider.Unsupported, field, "want a URL that begins with https://")
	}
	return nil
}

func hasScheme(address string, schemes ...string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	return slices.Contains(schemes, u.Scheme)
}
