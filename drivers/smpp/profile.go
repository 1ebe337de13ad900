package smpp

import (
	"maps"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

// profile has what a kind of SMSC wants other than the standard's defaults.
// Settings that are given come before it.
type profile struct {
	source          string // where it stands
	addresses       map[string]string
	schedule        bool
	ignoresValidity bool
}

var profiles = map[string]profile{
	"standard": {source: "SMPP Protocol Specification v3.4, Issue 1.2"},
	"kannel": {
		source:    "github.com/kneodev/ksmppd, SMPP server for Kannel: smpp/libsmpp/smpp_pdu_util.c (numbers without a plus are national, 2/1)",
		addresses: map[string]string{"short": "2/1"},
	},
	"textlocal": {
		source:   "textlocal.com, knowledge base, SMS SMPP server (relative and absolute schedule times are supported)",
		schedule: true,
	},
	"vibes": {
		source: "developer.vibes.com, Connect API, Message Settings, 2022-05-17 (short and long codes 0/0, recipients 0/0, validity period not used)",
		addresses: map[string]string{
			"short": "0/0", "international": "0/0", "recipient": "0/0",
		},
		ignoresValidity: true,
	},
}

// applyProfile fills in what the profile knows and the settings do not give.
func (c *Config) applyProfile() error {
	name := c.Profile
	if name == "" {
		name = "standard"
	}
	p, known := profiles[name]
	if !known {
		return provider.ConfigErrorf("profile", "%q; want one of %s", name, strings.Join(slices.Sorted(maps.Keys(profiles)), ", "))
	}
	addresses := maps.Clone(p.addresses)
	if addresses == nil {
		addresses = make(map[string]string)
	}
	maps.Copy(addresses, c.Addresses)
	c.Addresses = addresses
	c.Schedule = c.Schedule || p.schedule
	c.IgnoresValidity = c.IgnoresValidity || p.ignoresValidity
	return nil
}
