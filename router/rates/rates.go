// Package rates reads rate cards: what each provider charges for one segment to
// each destination.
//
// A card is a CSV file with the header
//
//	provider,country,prefix,mccmnc,currency,price,effective_from
//
// A row applies to a destination if each of country (ISO 3166-1 alpha-2),
// prefix (leading digits of the number, without plus) and mccmnc (network, five
// or six digits) that it names fits; a row that names none is the provider's
// default. Of the rows that apply, the most specific wins: one with mccmnc
// before one with a prefix, a longer prefix before a shorter one, then country,
// then the default. Of equally specific rows the one with the latest
// effective_from that is not in the future wins.
//
// A price is a decimal number in the currency's major unit with at most six
// decimals, per segment; arithmetic is exact. A provider has one currency. A
// destination without a row has no price, which is never the same as free.
package rates

import (
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// Row is one line of a rate card.
type Row struct {
	Line          int // physical line in the file, the header is line 1
	Provider      string
	Country       string         // upper case; "" = any
	Prefix        string         // digits; "" = any
	MCCMNC        string         // digits; "" = any
	Price         provider.Money // per segment
	EffectiveFrom time.Time      // zero = always
}

// Card is a rate card of any number of providers. It does not change after
// [Read] and is safe for concurrent use.
type Card struct {
	rows       []Row // in the order of the file
	currencies map[string]string
}

// Rows returns the card's rows in the order of the file.
func (c *Card) Rows() []Row { return c.rows }

// Currency returns the currency of a provider's prices; "" = the card does not
// have the provider.
func (c *Card) Currency(providerName string) string { return c.currencies[providerName] }

// Destination is what a price depends on.
type Destination struct {
	Number  e164.Number
	Country string // "" = not known: rows with a country do not apply
	MCCMNC  string // "" = not known: rows with a network do not apply
}

// specificity orders rows that apply to one destination.
func (r *Row) specificity() int {
	s := len(r.Prefix) * 2
	if r.MCCMNC != "" {
		s += 1000
	}
	if r.Country != "" {
		s++
	}
	return s
}
