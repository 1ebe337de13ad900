package phonify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// DefaultBaseURL is the vendor's URL, unless [Config] overrides it.
const DefaultBaseURL = "https://www.phonify.io/v1"

// The ways to send the API key; see [Config].Auth.
const (
	AuthBasic     = "basic"     // HTTP Basic: the key is the user, the password is empty
	AuthParameter = "parameter" // api_key among the parameters, where it may end up in logs
)

// The values of [Config].InboundFrom.
const (
	InboundFromPhone  = "phone"
	InboundFromOrigin = "origin"
)

// Config holds the settings of one account. APIKey must be set.
type Config struct {
	APIKey   provider.Secret `json:"api_key" doc:"the account's API key, from its settings page"`
	Auth     string          `json:"auth" doc:"how the key is sent: basic or parameter; default basic"`
	Business string          `json:"business" doc:"business token, sent with every call if set"`

	ErrorTypes  map[string]provider.Code `json:"error_types" doc:"meaning of the vendor's error types, such as {no_credit: insufficient_funds}; the vendor publishes no list"`
	MaxUCS2     int                      `json:"max_ucs2_characters" doc:"character limit for texts that need UCS-2, such as 70; default 160, as for other texts"`
	OwnNumbers  []string                 `json:"own_numbers" doc:"the account's numbers: messages to them are inbound; default none, which disables the inbox"`
	InboundFrom string                   `json:"inbound_from" doc:"party that is the sender of a received message: phone or origin; default phone"`

	httpcall.Config
}

// Driver opens Phonify accounts from settings.
var Driver = provider.NewDriver("phonify", "Phonify: SMS of at most 160 characters, worldwide", New)

// defaults fills in what was left out.
func (c *Config) defaults() {
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	if c.Auth == "" {
		c.Auth = AuthBasic
	}
	if c.MaxUCS2 == 0 {
		c.MaxUCS2 = MaxCharacters
	}
	if c.InboundFrom == "" {
		c.InboundFrom = InboundFromPhone
	}
}

// validate checks the driver's own settings; package httpcall checks the rest.
func (c *Config) validate() error {
	key := c.APIKey.Reveal()
	switch {
	case key == "":
		return provider.ConfigErrorf("api_key", "is missing; want the key from the account's settings page")
	case strings.TrimSpace(key) != key:
		return provider.ConfigErrorf("api_key", "has a space or line end at its start or end")
	case c.Auth != AuthBasic && c.Auth != AuthParameter:
		return provider.ConfigErrorf("auth", "%q; want %s or %s", c.Auth, AuthBasic, AuthParameter)
	case c.Auth == AuthBasic && strings.Contains(key, ":"):
		return provider.ConfigErrorf("api_key", "contains a colon, which HTTP Basic does not allow in a user; want auth: %s", AuthParameter)
	case c.MaxUCS2 < 0 || c.MaxUCS2 > MaxCharacters:
		return provider.ConfigErrorf("max_ucs2_characters", "%d; want 1 to %d", c.MaxUCS2, MaxCharacters)
	case slices.Contains(c.OwnNumbers, ""):
		return provider.ConfigErrorf("own_numbers", "contains an empty number; want numbers such as +14560000000")
	case c.InboundFrom != InboundFromPhone && c.InboundFrom != InboundFromOrigin:
		return provider.ConfigErrorf("inbound_from", "%q; want %s or %s", c.InboundFrom, InboundFromPhone, InboundFromOrigin)
	}
	for name, code := range c.ErrorTypes {
		if !slices.Contains(provider.Codes(), code) {
			return provider.ConfigErrorf("error_types", "%q for %s is not a code; want one of %s", code, name, strings.Trim(fmt.Sprint(provider.Codes()), "[]"))
		}
	}
	return nil
}
