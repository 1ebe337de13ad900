package config

import (
	"fmt"
	"slices"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
)

// senderWarnings lists the senders of providers, routes and pools that a country does not
// take by the rules of the guards: a message with such a sender would not be sent there.
// Only countries that the configuration names are looked at.
func (c *Config) senderWarnings() []Warning {
	if c.Guards == nil {
		return nil
	}
	var list []Warning
	check := func(path string, senders, countries []string) {
		for _, from := range senders {
			for _, reason := range c.Guards.CheckSender(from, countries) {
				list = append(list, Warning{Line: c.lines.of(path), Path: path, Reason: reason})
			}
		}
	}
	for i := range c.Providers {
		u := &c.Providers[i].Upstream
		check("providers."+u.Name+".sender", ownSender(u.Sender), c.orAllowed(c.countriesOf(u.Name)))
	}
	for i := range c.Options.Routes {
		r := &c.Options.Routes[i]
		for j := range r.Targets {
			check(inFile(fmt.Sprintf("routes[%d].providers[%d].sender", i, j)), ownSender(r.Targets[j].Sender), c.orAllowed(r.Match.Countries))
		}
	}
	choices := c.Guards.Choices()
	for i := range choices {
		check(fmt.Sprintf("guards.senders.choose[%d].from", i), choices[i].From, c.leftFor(choices, i))
	}
	return list
}

// orAllowed returns the countries, or all that the guards allow if there are none.
func (c *Config) orAllowed(countries []string) []string {
	if len(countries) == 0 {
		return c.Guards.Allowed()
	}
	return countries
}

// leftFor returns the countries of a pool that no pool before it serves alone.
func (c *Config) leftFor(choices []guard.Choice, i int) []string {
	return slices.DeleteFunc(slices.Clone(c.orAllowed(choices[i].Countries)), func(country string) bool {
		return slices.ContainsFunc(choices[:i], func(earlier guard.Choice) bool {
			m := &earlier.Match
			return len(m.Classes)+len(m.Clients)+len(m.Tags) == 0 && (len(m.Countries) == 0 || slices.Contains(m.Countries, country))
		})
	})
}

// ownSender returns a setting's sender, unless it is the vendor's, of which nothing is
// known.
func ownSender(s string) []string {
	if s == "" || s == router.VendorSender {
		return nil
	}
	return []string{s}
}

// countriesOf returns the countries to which the routes give messages to a provider with
// its own sender; nil = any.
func (c *Config) countriesOf(name string) (countries []string) {
	for i := range c.Options.Routes {
		r := &c.Options.Routes[i]
		at := slices.IndexFunc(r.Targets, func(t router.Target) bool { return t.Name == name })
		if at < 0 || r.Targets[at].Sender != "" {
			continue
		}
		if len(r.Match.Countries) == 0 {
			return nil
		}
		for _, country := range r.Match.Countries {
			if !slices.Contains(countries, country) {
				countries = append(countries, country)
			}
		}
	}
	return countries
}
