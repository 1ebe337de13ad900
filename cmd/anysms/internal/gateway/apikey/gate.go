package apikey

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/router/webhook"
)

// Gate lets requests in. It is safe for concurrent use.
type Gate struct {
	rules    atomic.Pointer[rules]
	failures Failures
}

type rules struct {
	keys    *Set
	proxies []netip.Prefix
}

// NewGate returns the gate of a configuration that was checked.
func NewGate(s *settings.Serve) *Gate {
	g := new(Gate)
	g.Reload(s)
	return g
}

// Reload replaces the keys.
func (g *Gate) Reload(s *settings.Serve) {
	var old *Set
	if r := g.rules.Load(); r != nil {
		old = r.keys
	}
	g.rules.Store(&rules{NewSet(s, old), settings.Prefixes(s.TrustedProxies)})
}

// Open reports whether there are no keys.
func (g *Gate) Open() bool { return g.rules.Load().keys.Empty() }

// Client returns who makes a request.
func (g *Gate) Client(r *http.Request) (*Client, *problem.Problem) {
	if g.Open() {
		if p := checkLocal(r); p != nil {
			return nil, p
		}
		return Local(), nil
	}
	return g.Find(r, Bearer(r))
}

// Find returns who has a key, which may have come in a form. Wrong keys of one address
// are limited; a right one never is.
func (g *Gate) Find(r *http.Request, key string) (*Client, *problem.Problem) {
	rules := g.rules.Load()
	if c := rules.keys.Find(key); c != nil {
		return c, nil
	}
	if key == "" {
		return nil, Missing()
	}
	if wait, ok := g.failures.Allow(rules.address(r)); !ok {
		p := problem.New(http.StatusTooManyRequests, problem.RateLimited, "too many wrong keys from this address")
		p.RetryAfter = wait
		return nil, p
	}
	return nil, Missing()
}

// Address returns where a request comes from. Trusted proxies are believed about it.
func (g *Gate) Address(r *http.Request) netip.Addr { return g.rules.Load().address(r) }

func (u *rules) address(r *http.Request) netip.Addr { return webhook.ClientAddr(r, u.proxies) }

// FromHere reports whether a request comes from this machine, and was not forwarded by
// a proxy on it.
func (g *Gate) FromHere(r *http.Request) bool {
	if r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
		return false
	}
	return g.Address(r).IsLoopback()
}

// checkLocal refuses what a web page could make the user's browser send to a gateway
// without keys: a request to a name that merely resolves to loopback, or from a page of
// another origin.
func checkLocal(r *http.Request) *problem.Problem {
	if !isLocalHost(r.Host) {
		return problem.New(http.StatusForbidden, problem.Forbidden, "the gateway has no keys, and so is served as localhost, 127.0.0.1 or [::1] only")
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
			return crossOrigin()
		}
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || !strings.EqualFold(u.Host, r.Host) {
		return crossOrigin()
	}
	return nil
}

func crossOrigin() *problem.Problem {
	return problem.New(http.StatusForbidden, problem.Forbidden, "the gateway has no keys, and so takes no requests from pages of other origins")
}

func isLocalHost(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = strings.Trim(hostPort, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
