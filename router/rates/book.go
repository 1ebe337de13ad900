package rates

import (
	"math/bits"
	"slices"
	"strconv"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// Book is one provider's part of a [Card] at one moment, made for fast
// look-ups: Price walks the number's digits once and allocates nothing. It is
// safe for concurrent use.
type Book struct {
	currency string
	rows     []Row   // the most specific first
	networks []int32 // rows with mccmnc, which are few and come first
	nodes    []node  // a trie over prefixes; node 0 is the empty prefix
}

// node is what is known after some digits of a number.
type node struct {
	next [10]int32 // 0 = no longer prefix
	rows []int32   // rows with exactly this prefix, the most specific first
}

// Book prepares a provider's rows that are in force at a time.
func (c *Card) Book(providerName string, at time.Time) *Book {
	b := &Book{currency: c.currencies[providerName], nodes: make([]node, 1)}
	for _, row := range c.rows {
		if row.Provider == providerName && !row.EffectiveFrom.After(at) {
			b.rows = append(b.rows, row)
		}
	}
	slices.SortStableFunc(b.rows, func(x, y Row) int {
		if d := y.specificity() - x.specificity(); d != 0 {
			return d
		}
		if d := y.EffectiveFrom.Compare(x.EffectiveFrom); d != 0 {
			return d
		}
		return y.Line - x.Line // of rows that differ in nothing, the last one
	})
	for i := range b.rows {
		b.place(int32(i))
	}
	return b
}

func (b *Book) place(i int32) {
	if b.rows[i].MCCMNC != "" {
		b.networks = append(b.networks, i)
		return
	}
	at := int32(0)
	for _, digit := range []byte(b.rows[i].Prefix) {
		next := b.nodes[at].next[digit-'0']
		if next == 0 {
			next = int32(len(b.nodes))
			b.nodes[at].next[digit-'0'] = next
			b.nodes = append(b.nodes, node{})
		}
		at = next
	}
	b.nodes[at].rows = append(b.nodes[at].rows, i)
}

// Price returns the price of one segment, and the row that it comes from. ok is
// false if no row applies: the price is not known.
func (b *Book) Price(d Destination) (price provider.Money, row *Row, ok bool) {
	if d.MCCMNC != "" {
		for _, i := range b.networks {
			if b.rows[i].applies(d) {
				return b.rows[i].Price, &b.rows[i], true
			}
		}
	}
	best := int32(-1)
	at, rest, unit := int32(0), d.Number.Uint64(), leadingUnit(d.Number.Uint64())
	for {
		for _, i := range b.nodes[at].rows {
			if r := &b.rows[i]; r.Country == "" || r.Country == d.Country {
				best = i // a longer prefix comes later and wins
				break
			}
		}
		if unit == 0 {
			break
		}
		at = b.nodes[at].next[rest/unit]
		if at == 0 {
			break
		}
		rest, unit = rest%unit, unit/10
	}
	if best < 0 {
		return provider.Money{}, nil, false
	}
	return b.rows[best].Price, &b.rows[best], true
}

// Currency returns the currency of the book's prices; "" = the card does not have
// the provider.
func (b *Book) Currency() string { return b.currency }

// applies reports whether the row fits the destination.
func (r *Row) applies(d Destination) bool {
	return (r.MCCMNC == "" || r.MCCMNC == d.MCCMNC) &&
		(r.Country == "" || r.Country == d.Country) &&
		(r.Prefix == "" || d.Number.HasPrefix(r.Prefix))
}

// leadingUnit is the power of ten of the first digit of v; 0 for 0.
func leadingUnit(v uint64) uint64 {
	if v == 0 {
		return 0
	}
	digits := (bits.Len64(v)*1233)>>12 + 1 // at least the count of digits, at most one more
	unit := powers[min(digits, len(powers)-1)]
	for unit > v {
		unit /= 10
	}
	return unit
}

var powers = func() (p [e164.MaxDigits + 1]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// String describes what the row is for: "GR", "prefix 3069", "network 20210",
// "default".
func (r *Row) String() string {
	s := ""
	if r.MCCMNC != "" {
		s += "network " + r.MCCMNC + " "
	}
	if r.Prefix != "" {
		s += "prefix " + r.Prefix + " "
	}
	if r.Country != "" {
		s += r.Country + " "
	}
	if s == "" {
		s = "default "
	}
	return s + "(line " + strconv.Itoa(r.Line) + ")"
}
