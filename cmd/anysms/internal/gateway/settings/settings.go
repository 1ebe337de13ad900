// Package settings is the section "serve" of the configuration: what the gateway
// listens on, who may use it, and whom it tells.
package settings

import (
	"cmp"
	"net"
	"net/netip"
	"strconv"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook"
	"github.com/anysms/anysms/provider"
)

// DefaultListen is where the gateway listens unless serve.listen says otherwise.
const DefaultListen = "127.0.0.1:8025"

// DefaultConnections is how many connections may be open unless serve.max_connections
// says otherwise.
const DefaultConnections = 10_000

// Serve is the section. Its zero value serves loopback without keys.
type Serve struct {
	Listen         string               `json:"listen"`
	PublicURL      string               `json:"public_url"` // how vendors reach the gateway
	TLS            *TLS                 `json:"tls"`
	TrustedProxies []Network            `json:"trusted_proxies"`
	MaxConnections int                  `json:"max_connections"` // 0 = DefaultConnections
	Keys           []Key                `json:"keys"`
	Callbacks      map[string]Callbacks `json:"callbacks"` // by provider
	Webhooks       []Webhook            `json:"webhooks"`
	Hooks          []hook.Config        `json:"hooks"` // URLs that other software calls in its own form

	// Placeholder is what takes the place of secrets that are not there, for commands that
	// serve nothing: [Serve.Check] takes a secret that contains it as valid. "" = none.
	Placeholder string `json:"-"`
}

// TLS names the files of a certificate and its key.
type TLS struct {
	CertFile string `json:"cert_file"`
	KeyFile  string `json:"key_file"`
}

// Key is a client's key.
type Key struct {
	Name      string           `json:"name"` // also the namespace of its refs
	Key       provider.Secret  `json:"key"`
	KeySHA256 string           `json:"key_sha256"` // hex; instead of Key
	Scopes    []string         `json:"scopes"`
	Classes   []provider.Class `json:"classes"`    // nil = all
	RateLimit float64          `json:"rate_limit"` // messages per second; 0 = no limit
}

// Webhook is where the gateway reports events to.
type Webhook struct {
	URL          string          `json:"url"`
	Secret       provider.Secret `json:"secret"`
	Events       []string        `json:"events"` // short names, such as delivered; nil = all
	Key          string          `json:"key"`    // only events about this key's messages; "" = all
	AllowPrivate bool            `json:"allow_private"`
}

// Address is Listen, or its default.
func (s *Serve) Address() string {
	if s.Listen == "" {
		return DefaultListen
	}
	return s.Listen
}

// Connections is MaxConnections, or its default.
func (s *Serve) Connections() int { return cmp.Or(s.MaxConnections, DefaultConnections) }

// Loopback reports whether the gateway can be reached from this machine alone.
func (s *Serve) Loopback() bool {
	host, _, err := net.SplitHostPort(s.Address())
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return provider.ConfigErrorf("listen", "%q; want host:port, such as %s", address, DefaultListen)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil { // 0 = any that is free
		return provider.ConfigErrorf("listen", "port %q; want 0 to 65535", port)
	}
	return nil
}
