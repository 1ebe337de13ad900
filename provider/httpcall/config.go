package httpcall

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/anysms/anysms/provider"
)

// Defaults of [Config].
const (
	DefaultTimeout        = 30 * time.Second
	DefaultConnectTimeout = 3 * time.Second
	DefaultIdleTimeout    = 2 * time.Second
	DefaultMaxInFlight    = 64
)

// Config holds the settings that all drivers over HTTP share. A driver embeds
// it in its own configuration. The zero value of every field is its default,
// except BaseURL, which the driver or its user must set.
type Config struct {
	BaseURL        string                   `json:"base_url" doc:"address that precedes the paths in the vendor's documents"`
	Timeout        provider.Duration        `json:"timeout" doc:"for one request, response included; default 30s"`
	ConnectTimeout provider.Duration        `json:"connect_timeout" doc:"to establish a connection; default 3s"`
	IdleTimeout    provider.Duration        `json:"idle_timeout" doc:"how long an idle connection is kept; default 2s, because a request on a stale one may end as indeterminate"`
	MaxInFlight    int                      `json:"max_in_flight" doc:"idle connections to keep, and the router's limit of concurrent requests; default 64"`
	StatusOutcomes map[int]provider.Outcome `json:"status_outcomes" doc:"outcome for an HTTP status without a documented body, such as {502: not_sent}"`
	CallbackURL    string                   `json:"callback_url" doc:"https URL for delivery reports, if the vendor accepts one"`
	Proxy          provider.Secret          `json:"proxy" doc:"URL of a proxy (http, https or socks5), with user and password if it needs them; the environment is ignored"`
	CAFile         string                   `json:"ca_file" doc:"PEM file with the certificate authorities to trust instead of the system's"`

	// AllowPrivateHTTP allows http URLs whose host is in a private network. Every
	// address is checked when it is connected to, after names are resolved. It
	// excludes Proxy for such URLs.
	AllowPrivateHTTP bool `json:"allow_private_http" doc:"allow an http URL to a private or link-local address, such as an SMS modem in the local network; credentials and texts travel unencrypted; default false"`

	// DialControl, if set, is called with each address before it is connected
	// to, after names are resolved, and may refuse it, as in net.Dialer. With a
	// Proxy the address is the proxy's.
	DialControl func(network, address string, c syscall.RawConn) error `json:"-"`
}

// validate checks the settings and names the first bad one.
func (c *Config) validate() error {
	if err := c.CheckURL("base_url", c.BaseURL); err != nil {
		return err
	}
	for name, d := range map[string]provider.Duration{"timeout": c.Timeout, "connect_timeout": c.ConnectTimeout, "idle_timeout": c.IdleTimeout} {
		if d < 0 {
			return provider.ConfigErrorf(name, "%s is negative; want a duration such as 30s", d)
		}
	}
	if c.MaxInFlight < 0 {
		return provider.ConfigErrorf("max_in_flight", "%d is negative; want a number of requests such as 64", c.MaxInFlight)
	}
	for status, outcome := range c.StatusOutcomes {
		if err := checkStatusOutcome(status, outcome); err != nil {
			return err
		}
	}
	if c.CallbackURL == "" {
		return nil
	}
	return CheckCallbackURL(c.CallbackURL)
}

// CheckCallbackURL returns a [*provider.ConfigError] unless a URL is one that vendors may
// report to.
func CheckCallbackURL(address string) error {
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Host == "" {
		return provider.ConfigErrorf("callback_url", "must be an https address, such as https://hooks.example/sms")
	}
	return nil
}

func checkStatusOutcome(status int, outcome provider.Outcome) error {
	if status < 300 || status > 599 {
		return provider.ConfigErrorf("status_outcomes", "%d is not an HTTP status from 300 to 599", status)
	}
	switch outcome {
	case provider.OutcomeRefused, provider.OutcomeNotSent, provider.OutcomeUnknown:
		return nil
	}
	return provider.ConfigErrorf("status_outcomes", "%q for %d; want refused, not_sent or unknown", outcome, status)
}

// transports makes the two transports: one that keeps connections, and one that
// opens a connection for each request.
func (c *Config) transports() (kept, fresh *http.Transport, err error) {
	// The client ends a request whose connection takes too long; net/http goes
	// on dialling for the next one and needs a limit of its own.
	backstop := 2 * c.ConnectTimeout.Or(DefaultConnectTimeout)
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	kept = &http.Transport{
		TLSClientConfig:     secure,
		TLSHandshakeTimeout: backstop,
		TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1 only: see the package comment
		IdleConnTimeout:     c.IdleTimeout.Or(DefaultIdleTimeout),
		MaxIdleConnsPerHost: c.MaxInFlight,
		DisableCompression:  true, // the client itself requests gzip, and bounds the expanded size

		MaxResponseHeaderBytes: DefaultMaxResponse,
	}
	if c.MaxInFlight == 0 {
		kept.MaxIdleConnsPerHost = DefaultMaxInFlight
	}
	if c.Proxy != "" {
		proxy, err := url.Parse(c.Proxy.Reveal())
		if err != nil || proxy.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5"}, proxy.Scheme) {
			return nil, nil, provider.ConfigErrorf("proxy", "is not a URL such as http://proxy.example:3128; the scheme must be http, https or socks5")
		}
		kept.Proxy = http.ProxyURL(proxy)
	}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, nil, provider.ConfigErrorf("ca_file", "%v", err)
		}
		kept.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !kept.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, nil, provider.ConfigErrorf("ca_file", "%s contains no PEM certificate", c.CAFile)
		}
	}
	kept.DialContext, kept.DialTLSContext = c.dialers(backstop, secure)
	fresh = kept.Clone()
	fresh.DisableKeepAlives = true
	return kept, fresh, nil
}
