package apifon

import (
	"net/url"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// The vendor's production URLs, the defaults of [Config].
const (
	DefaultBaseURL   = "https://ars.apifon.com"
	DefaultTokenURL  = "https://ids.apifon.com/oauth2/token"
	DefaultRevokeURL = "https://ids.apifon.com/oauth2/revoke"
)

// Config holds the settings of one account. Either Token and Secret or ClientID
// and ClientSecret must be given.
type Config struct {
	Token          provider.Secret `json:"token" doc:"API token, used with secret to sign requests (HMAC)"`
	Secret         provider.Secret `json:"secret" doc:"the API token's secret key"`
	ClientID       provider.Secret `json:"client_id" doc:"OAuth2 client id, with client_secret instead of token and secret"`
	ClientSecret   provider.Secret `json:"client_secret" doc:"OAuth2 client secret"`
	TokenURL       string          `json:"token_url" doc:"OAuth2 token endpoint; default https://ids.apifon.com/oauth2/token"`
	RevokeURL      string          `json:"revoke_url" doc:"OAuth2 revocation endpoint; default https://ids.apifon.com/oauth2/revoke"`
	Scopes         []string        `json:"scopes" doc:"OAuth2 scopes to request, such as smsGateway; default none, which gives all scopes of the client"`
	Sender         string          `json:"sender" doc:"default sender: up to 16 digits, or up to 11 letters and digits"`
	Currency       string          `json:"currency" doc:"ISO 4217 code of the account's currency, which the vendor does not report; default credits"`
	ReplyURL       string          `json:"reply_url" doc:"https URL for replies to Viber messages; replies to SMS are set in the vendor's panel"`
	CallbackSecret provider.Secret `json:"callback_secret" doc:"added to callback_url and reply_url as the query parameter key, and required in callbacks, which the vendor does not sign"`

	// Now is the clock for signatures and access tokens; nil = time.Now.
	Now func() time.Time `json:"-"`

	httpcall.Config
}

const driverName = "apifon"

// Driver opens Apifon accounts from settings.
var Driver = provider.NewDriver(driverName, "Apifon: SMS, Viber with SMS failover, and one-time codes", New)

// defaults fills in what was left out.
func (c *Config) defaults() {
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	if c.TokenURL == "" {
		c.TokenURL = DefaultTokenURL
	}
	if c.RevokeURL == "" {
		c.RevokeURL = DefaultRevokeURL
	}
	if c.Currency == "" {
		c.Currency = provider.Credits
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// validate checks the driver's own settings; package httpcall checks the rest.
func (c *Config) validate() error {
	signed := c.Token != "" || c.Secret != ""
	oauth := c.ClientID != "" || c.ClientSecret != ""
	switch {
	case signed && oauth:
		return provider.ConfigErrorf("token", "give token and secret, or client_id and client_secret, not both")
	case !signed && !oauth:
		return provider.ConfigErrorf("token", "is missing; give token and secret, or client_id and client_secret")
	case signed && c.Token == "":
		return provider.ConfigErrorf("token", "is missing; secret is set")
	case signed && c.Secret == "":
		return provider.ConfigErrorf("secret", "is missing; token is set")
	case oauth && c.ClientID == "":
		return provider.ConfigErrorf("client_id", "is missing; client_secret is set")
	case oauth && c.ClientSecret == "":
		return provider.ConfigErrorf("client_secret", "is missing; client_id is set")
	}
	if c.Sender != "" {
		if reason := badSender(senderID(c.Sender)); reason != "" {
			return provider.ConfigErrorf("sender", "%q %s", c.Sender, reason)
		}
	}
	if c.ReplyURL != "" && !hasScheme(c.ReplyURL, "https") {
		return provider.ConfigErrorf("reply_url", "must be an https URL, such as https://hooks.example/sms")
	}
	if err := c.CheckURL("revoke_url", c.RevokeURL); err != nil {
		return err
	}
	return c.CheckURL("token_url", c.TokenURL)
}

// secrets never appear in errors or raw responses.
func (c *Config) secrets() []provider.Secret {
	return []provider.Secret{c.Token, c.Secret, c.ClientID, c.ClientSecret, c.CallbackSecret}
}

// callbackKey is the query parameter that carries the callback secret.
const callbackKey = "key"

// attemptKey is the query parameter that holds Message.Attempt.
const attemptKey = "anysms_attempt"

// hook returns a URL for the vendor to call, with the callback secret and the
// attempt's id; "" = none.
func (c *Config) hook(address, attempt string) string {
	if address == "" || c.CallbackSecret == "" && attempt == "" {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	query := u.Query()
	if c.CallbackSecret != "" {
		query.Set(callbackKey, c.CallbackSecret.Reveal())
	}
	if attempt != "" {
		query.Set(attemptKey, attempt)
	}
	u.RawQuery = query.Encode()
	return u.String()
}
