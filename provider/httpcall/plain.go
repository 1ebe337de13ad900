package httpcall

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"syscall"

	"github.com/anysms/anysms/provider"
)

// CheckURL checks a URL from a setting: https, or http to loopback, with a host
// and without user, query or fragment. The error is a *provider.ConfigError for
// that setting.
func CheckURL(setting, raw string) error { return (&Config{}).CheckURL(setting, raw) }

// CheckURL is like the function [CheckURL], and also allows what AllowPrivateHTTP
// allows. A host name is not resolved here, but when it is connected to.
func (c *Config) CheckURL(setting, raw string) error {
	if raw == "" {
		return provider.ConfigErrorf(setting, "must not be empty; want a URL such as https://api.example.com")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "":
		return provider.ConfigErrorf(setting, "is not a URL such as https://api.example.com")
	case u.User != nil:
		return provider.ConfigErrorf(setting, "must not contain a user or password; set them as settings of their own")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return provider.ConfigErrorf(setting, "must not have a query or fragment")
	case u.Scheme == "https", u.Scheme == "http" && IsLoopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return c.checkPlain(setting, u.Hostname())
	}
	return provider.ConfigErrorf(setting, "scheme %q; want https", u.Scheme)
}

// checkPlain checks the host of an http URL that is not a loopback address.
func (c *Config) checkPlain(setting, host string) error {
	if !c.AllowPrivateHTTP {
		return provider.ConfigErrorf(setting, "plain http to %s would expose credentials and texts; want https (http is allowed only to loopback, and with allow_private_http: true to private addresses)", host)
	}
	if c.Proxy != "" {
		return provider.ConfigErrorf("proxy", "cannot be used with plain http to %s: allow_private_http checks the address that is connected to, and the proxy hides it", host)
	}
	if addr, err := netip.ParseAddr(host); err == nil && !isPrivate(addr) {
		return provider.ConfigErrorf(setting, "plain http to %s would expose credentials and texts; allow_private_http allows it only to private and link-local addresses, such as 192.168.1.10", host)
	}
	return nil
}

// IsLoopback reports whether a host name or address refers to this machine.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// isPrivate reports whether an address cannot be reached from other networks (RFC
// 1918, 3927, 4193, 4291).
func isPrivate(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback()
}

// plainKey marks the context of a request whose URL is http.
type plainKey struct{}

// control is called with each address before it is connected to, after names are
// resolved, so that no name can lead a plain request out of the private network.
func (c *Config) control(ctx context.Context, network, address string, conn syscall.RawConn) error {
	if plain, _ := ctx.Value(plainKey{}).(bool); plain && c.Proxy == "" {
		if err := c.checkPlainAddress(address); err != nil {
			return err
		}
	}
	if c.DialControl == nil {
		return nil
	}
	return c.DialControl(network, address, conn)
}

func (c *Config) checkPlainAddress(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("cannot parse the address: %w", err)
	}
	switch addr := at.Addr(); {
	case addr.Unmap().IsLoopback(), c.AllowPrivateHTTP && isPrivate(addr):
		return nil
	case c.AllowPrivateHTTP:
		return fmt.Errorf("the name resolves to %s, which is not a private address: plain http would expose credentials and texts", addr)
	default:
		return fmt.Errorf("the name resolves to %s, which is not a loopback address: plain http would expose credentials and texts", addr)
	}
}
