package settings

import (
	"fmt"
	"net/netip"
	"strings"
)

// Network is the addresses of one machine or of a network: "203.0.113.7",
// "203.0.113.0/24" or "2001:db8::/32".
type Network struct{ netip.Prefix }

// UnmarshalText reads an address or a prefix.
func (n *Network) UnmarshalText(text []byte) error {
	s := string(text)
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return fmt.Errorf("%q; want an address such as 203.0.113.7, or a network such as 203.0.113.0/24 or 2001:db8::/32", s)
		}
		a = a.Unmap()
		n.Prefix = netip.PrefixFrom(a, a.BitLen())
		return nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil || p.Addr().Is4In6():
		return fmt.Errorf("%q; want a network such as 203.0.113.0/24 or 2001:db8::/32", s)
	case p.Bits() == 0:
		return fmt.Errorf("%q is every address; want a network such as 203.0.113.0/24 or 2001:db8::/32", s)
	case p != p.Masked():
		return fmt.Errorf("%q is not the first address of a network; want %s, or %s alone", s, p.Masked(), p.Addr())
	}
	n.Prefix = p
	return nil
}

// Prefixes returns networks as [netip.Prefix]; nil for nil.
func Prefixes(list []Network) (prefixes []netip.Prefix) {
	for _, n := range list {
		prefixes = append(prefixes, n.Prefix)
	}
	return prefixes
}
