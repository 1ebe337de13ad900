package rest

import (
	"fmt"
	"net/netip"
	"net/url"
	"syscall"

	"github.com/anysms/anysms/provider/httpcall"
)

// special are the blocks of IANA's special-purpose registries that the
// predicates of net/netip do not cover and in which no vendor's API is.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // shared by carriers
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), // holds an IPv4 address
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // holds an IPv4 address
	netip.MustParsePrefix("fec0::/10"),
}

// guarded is the configuration for one URL, with the guard unless private
// addresses are allowed, the URL is a loopback address or plain http (package
// httpcall then allows no other), or there is a proxy, which then decides.
func (c Config) guarded(address string) httpcall.Config {
	own := c.Config
	own.BaseURL = address
	u, err := url.Parse(address)
	if err == nil && u.Scheme != "http" && !c.AllowPrivate && c.Proxy == "" && !httpcall.IsLoopback(u.Hostname()) {
		own.DialControl = refusePrivate
	}
	return own
}

// refusePrivate is called after a name was resolved, so that no name can lead a
// request, and the credentials in it, into the private network.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("cannot parse the address: %w", err)
	}
	if isPublic(at.Addr()) {
		return nil
	}
	return fmt.Errorf("the vendor's name resolves to %s, which is not a public address; allow_private: true allows it", at.Addr())
}

func isPublic(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, block := range special {
		if block.Contains(a) {
			return false
		}
	}
	return true
}
