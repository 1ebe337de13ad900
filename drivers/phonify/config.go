package phonify

import (
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/wire"
)

// DefaultBaseURL is where the API is, unless [Config] says otherwise.
const DefaultBaseURL = "https://www.phonify.io/v1"

// The ways to give the API key; see [Config].Auth.
const (
	AuthBasic     = "basic"     // HTTP Basic: the key is the user, the password is empty
	AuthParameter = "parameter" // api_key among the parameters, where it may end in logs
)

// The values of [Config].InboundFrom.
const (
	InboundFromPhone  = "phone"
	InboundFromOrigin = "origin"
)

// Driver opens a [Provider] from configuration.
var Driver = provider.NewDriver("phonify", "Phonify: worldwide texts of at most 160 characters.", New)

// Config is one account. APIKey must be set; all else has a default.
type Config struct {
	wire.Config

	APIKey   provider.Secret `json:"api_key" doc:"the account's API key, from its settings page"`
	Auth     string          `json:"auth" doc:"how the key is given: basic (default) or parameter"`
	Business string          `json:"business" doc:"business token, sent with every call if set"`

	ErrorTypes  map[string]provider.Code `json:"error_types" doc:"what the types of the vendor's errors mean, such as {no_credit: insufficient_funds}; it publishes no list"`
	MaxUCS2     int                      `json:"max_ucs2_characters" doc:"limit for texts that GSM-7 cannot write, such as 70; default: the same 160 as for all"`
	OwnNumbers  []string                 `json:"own_numbers" doc:"numbers of the account: what was sent to one of them is inbound; without any, the inbox is off"`
	InboundFrom string                   `json:"inbound_from" doc:"which part of a received message is its sender: phone (default) or origin"`
}

// complete fills in the defaults and names the first bad setting.
func (c *Config) complete() error {
	c.BaseURL = or(c.BaseURL, DefaultBaseURL)
	c.Auth = or(c.Auth, AuthBasic)
	c.InboundFrom = or(c.InboundFrom, InboundFromPhone)
	key := c.APIKey.Reveal()
	switch {
	case key == "":
		return provider.BadConfig("api_key", "must not be empty; want the key of the account's settings page")
	case strings.TrimSpace(key) != key:
		return provider.BadConfig("api_key", "has a space or line end around it")
	case c.Auth != AuthBasic && c.Auth != AuthParameter:
		return provider.BadConfig("auth", "%q; want %s or %s", c.Auth, AuthBasic, AuthParameter)
	case c.Auth == AuthBasic && strings.Contains(key, ":"):
		return provider.BadConfig("api_key", "has a colon, which HTTP Basic cannot carry in a user name; want auth: %s", AuthParameter)
	case c.MaxUCS2 < 0 || c.MaxUCS2 > MaxCharacters:
		return provider.BadConfig("max_ucs2_characters", "%d; want 1 to %d", c.MaxUCS2, MaxCharacters)
	case slices.Contains(c.OwnNumbers, ""):
		return provider.BadConfig("own_numbers", "has an empty number; want numbers as the vendor writes them in \"to\", such as +14560000000")
	case c.InboundFrom != InboundFromPhone && c.InboundFrom != InboundFromOrigin:
		return provider.BadConfig("inbound_from", "%q; want %s or %s", c.InboundFrom, InboundFromPhone, InboundFromOrigin)
	}
	return c.checkErrorTypes()
}

func (c *Config) checkErrorTypes() error {
	for name, code := range c.ErrorTypes {
		if !slices.Contains(provider.Codes(), code) {
			return provider.BadConfig("error_types", "%q for %s is no code; want one of %s", code, name, codeNames())
		}
	}
	return nil
}

func codeNames() string {
	var names []string
	for _, code := range provider.Codes() {
		names = append(names, string(code))
	}
	return strings.Join(names, ", ")
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
