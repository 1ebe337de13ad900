package guard

import (
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

// Countries says which countries messages may go to. With Allow nothing else is
// allowed, not even a number whose country is not known. Deny comes first.
type Countries struct {
	Allow []string // ISO 3166 alpha-2: GR
	Deny  []string
}

func (c *Countries) active() bool { return len(c.Allow)+len(c.Deny) > 0 }

func (c *Countries) name() string { return "countries" }

func (c *Countries) judge(p *passage) error {
	name := p.Country
	if name == "" {
		name = "no country"
	}
	switch {
	case slices.Contains(c.Deny, p.Country):
		return provider.NewError(provider.Rejected, "countries: "+name+" is denied")
	case len(c.Allow) > 0 && !slices.Contains(c.Allow, p.Country):
		return provider.NewError(provider.Rejected, "countries: "+name+" is not allowed")
	}
	return nil
}

// String describes the rule.
func (c *Countries) String() string {
	var parts []string
	if len(c.Allow) > 0 {
		parts = append(parts, "only "+strings.Join(c.Allow, ", "))
	}
	if len(c.Deny) > 0 {
		parts = append(parts, "not "+strings.Join(c.Deny, ", "))
	}
	return strings.Join(parts, "; ")
}
