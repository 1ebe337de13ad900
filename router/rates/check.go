package rates

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Warning is a likely mistake in a card. The card can be used all the same.
type Warning struct {
	Line    int    `json:"line"` // of the row it is about; 0 = the whole card
	Rule    string `json:"rule"` // duplicate, shadowed, contradiction, gap, future
	Message string `json:"message"`
}

// CountryOf returns the countries that numbers with a prefix can belong to; nil =
// the prefix is too short to tell, or is not assigned.
type CountryOf func(prefix string) []string

// Check finds rows that cannot decide a price at the given time, and destinations
// without a price: two rows for the same destination and date
// ("duplicate"), a row that a newer one replaced ("shadowed"), a prefix outside
// the row's own country ("contradiction"), a row that is not yet in force
// ("future"), and a provider without a default or without a price for a country
// that another provider has ("gap").
func (c *Card) Check(at time.Time, countryOf CountryOf) []Warning {
	var warnings []Warning
	add := func(line int, rule, format string, args ...any) {
		warnings = append(warnings, Warning{line, rule, fmt.Sprintf(format, args...)})
	}
	type destination struct{ provider, country, prefix, mccmnc string }
	current := make(map[destination]Row)
	for _, row := range c.rows {
		if row.Prefix != "" && row.Country != "" && countryOf != nil {
			if countries := countryOf(row.Prefix); countries != nil && !slices.Contains(countries, row.Country) {
				add(row.Line, "contradiction", "prefix %s is not in %s but in %v: the row can never match", row.Prefix, row.Country, countries)
			}
		}
		if row.EffectiveFrom.After(at) {
			add(row.Line, "future", "%s of provider %s comes into force on %s", row.String(), row.Provider, row.EffectiveFrom.Format(time.DateOnly))
			continue
		}
		key := destination{row.Provider, row.Country, row.Prefix, row.MCCMNC}
		had, known := current[key]
		switch {
		case known && had.EffectiveFrom.Equal(row.EffectiveFrom):
			add(row.Line, "duplicate", "the same destination and date as line %d; line %d counts", had.Line, row.Line)
		case known && had.EffectiveFrom.After(row.EffectiveFrom):
			add(row.Line, "shadowed", "line %d is for the same destination and newer", had.Line)
			continue
		case known:
			add(had.Line, "shadowed", "line %d is for the same destination and newer", row.Line)
		}
		current[key] = row
	}
	warnings = append(warnings, c.gaps(at)...)
	slices.SortStableFunc(warnings, func(a, b Warning) int { return cmp.Compare(a.Line, b.Line) })
	return warnings
}

// gaps finds the countries that one provider has a row for and another, which
// has no default, does not.
func (c *Card) gaps(at time.Time) []Warning {
	countries := make(map[string]bool)
	for _, row := range c.rows {
		if row.Country != "" {
			countries[row.Country] = true
		}
	}
	var warnings []Warning
	for _, name := range c.Providers() {
		covered, hasDefault := make(map[string]bool), false
		for _, row := range c.rows {
			if row.Provider != name || row.EffectiveFrom.After(at) {
				continue
			}
			covered[row.Country] = true
			hasDefault = hasDefault || row.Country == "" && row.Prefix == "" && row.MCCMNC == ""
		}
		if hasDefault {
			continue
		}
		var missing []string
		for country := range countries {
			if !covered[country] {
				missing = append(missing, country)
			}
		}
		if slices.Sort(missing); len(missing) > 0 {
			warnings = append(warnings, Warning{0, "gap", fmt.Sprintf("provider %s has no default row and none for %v, which others have", name, missing)})
		}
	}
	return warnings
}

// Providers lists the providers in the order of their first row.
func (c *Card) Providers() []string {
	var names []string
	for _, row := range c.rows {
		if !slices.Contains(names, row.Provider) {
			names = append(names, row.Provider)
		}
	}
	return names
}
