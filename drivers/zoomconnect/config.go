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

// The ways to send the credentials; see [Config].Auth.
const (
	AuthHeaders = "headers" // the headers email and token
	AuthBasic   = "basic"   // HTTP Basic
	AuthQuery   = "query"   // in the URL, where they end up in logs: for tests only, according to the vendor
)

// The forms of a recipient's number; see [Config].NumberFormat.
const (
	NumberE164   = "e164"   // +27820000001
	NumberDigits = "digits" // 27820000001
)

// Config holds the settings of one account. Email and Token must be set.
type Config struct {
	Email    string          `json:"email" doc:"the account's e-mail address"`
	Token    provider.Secret `json:"token" doc:"REST API token, from the vendor's Developer Settings page"`
	URLToken provider.Secret `json:"url_token" doc:"URL sending token from the same page, only for Client.SendURL"`
	Auth     string          `json:"auth" doc:"how the credentials are sent: headers, basic or query (tests only); default headers"`

	Campaign          string `json:"campaign" doc:"default campaign of messages without a tag and without zoomconnect.campaign"`
	NumberFormat      string `json:"number_format" doc:"how recipients are written: e164 (with plus) or digits; default e164"`
	TimeZone          string `json:"time_zone" doc:"zone of the vendor's dates: an offset such as +02:00, or a name; default +02:00, South Africa's"`
	MaxBatch          int    `json:"max_batch" doc:"maximum number of messages in one send-bulk; default 100, because the vendor documents no limit"`
	MessagesPerMinute int    `json:"messages_per_minute" doc:"rate at which the vendor sends a batch; default 0 = unlimited"`

	InboxOverlap provider.Duration `json:"inbox_overlap" doc:"maximum delay between receiving a reply and its appearance in the list; default 15m"`

	Errors         map[string]provider.Code `json:"errors" doc:"meaning of the vendor's error numbers, or of words anywhere in its errors, such as {4: no_route, 'out of credit': insufficient_funds}"`
	CallbackSecret provider.Secret          `json:"callback_secret" doc:"required in callbacks as the query parameter secret; add it to the URLs that you enter at the vendor"`

	// VerifyCallback verifies a callback, for example by its checksum, whose
	// algorithm the vendor does not publish; nil = callbacks are not verified.
	// It must be pure.
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
		c.TimeZone = "+02:00" // no daylight saving time, so no time zone database is needed
	}
	if c.MaxBatch == 0 {
		c.MaxBatch = DefaultMaxBatch
	}
}

// validate checks the driver's own settings; package httpcall checks the rest.
func (c *Config) validate() error {
	token := c.Token.Reveal()
	switch {
	case !strings.Contains(c.Email, "@") || strings.ContainsAny(c.Email, " \t\r\n:"):
		return provider.ConfigErrorf("email", "%q; want the account's e-mail address", c.Email)
	case token == "":
		return provider.ConfigErrorf("token", "is missing; want the REST API token from the Developer Settings page")
	case strings.ContainsAny(token, " \t\r\n"):
		return provider.ConfigErrorf("token", "contains a space or line end")
	case !slices.Contains([]string{AuthHeaders, AuthBasic, AuthQuery}, c.Auth):
		return provider.ConfigErrorf("auth", "%q; want %s, %s or %s", c.Auth, AuthHeaders, AuthBasic, AuthQuery)
	case c.NumberFormat != NumberE164 && c.NumberFormat != NumberDigits:
		return provider.ConfigErrorf("number_format", "%q; want %s or %s", c.NumberFormat, NumberE164, NumberDigits)
	case c.MaxBatch < 1:
		return provider.ConfigErrorf("max_batch", "%d; want a number of messages such as 100", c.MaxBatch)
	case c.InboxOverlap < 0:
		return provider.ConfigErrorf("inbox_overlap", "%s is negative; want a duration such as 15m", c.InboxOverlap)
	case c.MessagesPerMinute < 0:
		return provider.ConfigErrorf("messages_per_minute", "%d is negative; want a number of messages, or 0 for no limit", c.MessagesPerMinute)
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
		return provider.ConfigErrorf("time_zone", "%q; want an offset such as +02:00, or a zone in this machine's database, such as Africa/Johannesburg", c.TimeZone)
	}
	c.zone = zone
	return nil
}
