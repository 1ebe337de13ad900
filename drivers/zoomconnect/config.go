package zoomconnect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// Defaults of [Config].
const (
	DefaultBaseURL      = "https://www.zoomconnect.com/app"
	DefaultMaxBatch     = 100
	DefaultInboxOverlap = 15 * time.Minute
)

// The ways to give the credentials; see [Config].Auth.
const (
	AuthHeaders = "headers" // the headers email and token
	AuthBasic   = "basic"   // HTTP Basic
	AuthQuery   = "query"   // in the address, where they end in logs: for tests alone, says the vendor
)

// The forms of a recipient's number; see [Config].NumberFormat.
const (
	NumberE164   = "e164"   // +27820000001
	NumberDigits = "digits" // 27820000001
)

// Config holds the settings of one account. Email and Token must be given.
type Config struct {
	Email    string          `json:"email" doc:"the account's e-mail address"`
	Token    provider.Secret `json:"token" doc:"REST API token, from the vendor's Developer Settings page"`
	URLToken provider.Secret `json:"url_token" doc:"URL sending token of the same page, for Client.SendURL alone"`
	Auth     string          `json:"auth" doc:"how the credentials are given: headers, basic or query (tests only); default headers"`

	Campaign          string `json:"campaign" doc:"campaign of messages that have neither a tag nor zoomconnect.campaign"`
	NumberFormat      string `json:"number_format" doc:"how recipients are written: e164 (with plus) or digits; default e164"`
	TimeZone          string `json:"time_zone" doc:"zone of the vendor's dates: an offset such as +02:00, or a name; default +02:00, South Africa's"`
	MaxBatch          int    `json:"max_batch" doc:"messages in one send-bulk at most; default 100, as the vendor names no limit"`
	MessagesPerMinute int    `json:"messages_per_minute" doc:"pace at which the vendor sends a batch; default 0, no pace"`

	InboxOverlap provider.Duration `json:"inbox_overlap" doc:"how late the vendor may list a reply after its receipt; default 15m"`

	Errors         map[string]provider.Code `json:"errors" doc:"what the vendor's error numbers, or words anywhere in its errors, mean, such as {4: no_route, 'out of credit': insufficient_funds}"`
	CallbackSecret provider.Secret          `json:"callback_secret" doc:"callbacks must have it as the query parameter secret; put it into the addresses that you enter at the vendor"`

	// VerifyCallback judges a callback, such as by its checksum, whose recipe
	// the vendor does not publish; nil = nothing is judged. It must be pure.
	VerifyCallback func(*provider.Callback) error `json:"-"`

	httpcall.Config

	zone *time.Location
}

// Driver opens ZoomConnect accounts from settings.
var Driver = provider.NewDriver("zoomconnect", "ZoomConnect (also SMS Messenger): SMS with batches, scheduling, replies and delivery reports", New)

// defaults fills in what was left out.
func (c *Config) defaults() {
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	if c.Auth == "" {
		c.Auth = AuthHeaders
	}
	if c.NumberFormat == "" {
		c.NumberFormat = NumberE164
	}
	if c.TimeZone == "" {
		c.TimeZone = "+02:00" // no daylight saving time: no table of zones is needed
	}
	if c.MaxBatch == 0 {
		c.MaxBatch = DefaultMaxBatch
	}
}

// validate checks what is this driver's own; package httpcall checks the rest.
func (c *Config) validate() error {
	token := c.Token.Reveal()
	switch {
	case !strings.Contains(c.Email, "@") || strings.ContainsAny(c.Email, " \t\r\n:"):
		return provider.ConfigErrorf("email", "%q; want the account's e-mail address", c.Email)
	case token == "":
		return provider.ConfigErrorf("token", "is missing; want the REST API token of the Developer Settings page")
	case strings.ContainsAny(token, " \t\r\n"):
		return provider.ConfigErrorf("token", "has a space or line end")
	case !slices.Contains([]string{AuthHeaders, AuthBasic, AuthQuery}, c.Auth):
		return provider.ConfigErrorf("auth", "%q; want %s, %s or %s", c.Auth, AuthHeaders, AuthBasic, AuthQuery)
	case c.NumberFormat != NumberE164 && c.NumberFormat != NumberDigits:
		return provider.ConfigErrorf("number_format", "%q; want %s or %s", c.NumberFormat, NumberE164, NumberDigits)
	case c.MaxBatch < 1:
		return provider.ConfigErrorf("max_batch", "%d; want a number of messages such as 100", c.MaxBatch)
	case c.InboxOverlap < 0:
		return provider.ConfigErrorf("inbox_overlap", "%s is negative; want a duration such as 15m", c.InboxOverlap)
	case c.MessagesPerMinute < 0:
		return provider.ConfigErrorf("messages_per_minute", "%d is negative; want a number of messages, 0 for no pace", c.MessagesPerMinute)
	}
	for name, code := range c.Errors {
		if name == "" || !slices.Contains(provider.Codes(), code) {
			return provider.ConfigErrorf("errors", "%q for %q; want one of %s", code, name, strings.Trim(fmt.Sprint(provider.Codes()), "[]"))
		}
	}
	return c.loadZone()
}

func (c *Config) loadZone() error {
	if at, err := time.Parse("-07:00", c.TimeZone); err == nil {
		_, offset := at.Zone()
		c.zone = time.FixedZone(c.TimeZone, offset)
		return nil
	}
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return provider.ConfigErrorf("time_zone", "%q; want an offset such as +02:00, or a zone that this machine knows, such as Africa/Johannesburg", c.TimeZone)
	}
	c.zone = zone
	return nil
}
