package segment

import (
	"slices"

	"github.com/anysms/anysms/encoding/gsm7"
)

// cheapest returns the pair of allowed tables that encodes the text in the fewest
// segments, and -1. Of equal pairs it prefers the shortest header, then the fewest
// units, then tables of one language, then the lowest identifiers. If no pair can
// encode the text, it returns the offset of the first character that no pair can
// encode together with the text before it, and sets c.chars to the number of
// characters before it.
//
// UCS-2 is never better: a character takes at most two septets, and half the septets
// of a segment are more than the units of a UCS-2 segment.
func (c *cutter) cheapest(opts *Options) (gsm7.Tables, int) {
	const plain = 1 << gsm7.Default
	fit := tableFit{locking: opts.Locking&gsm7.LockingLanguages | plain}
	for l := range fit.single {
		fit.single[l] = opts.Single | plain
	}
	c.chars = 0
	for i, r := range c.text {
		if fit.add(r); fit.locking == 0 {
			return gsm7.Tables{}, i
		}
		c.chars++
	}
	return c.pick(&fit), -1
}

// canImprove reports whether national tables could save a segment of a text in the
// default alphabet: at best they save every escape and need a header for one table.
func (c *cutter) canImprove() bool {
	alone, each := limits(GSM7, gsm7.Tables{Locking: gsm7.Turkish}, c.ref16)
	return c.count > 0 && (c.chars <= alone || (c.chars+each-1)/each <= c.count)
}

// tableFit tracks which pairs of tables can encode a text, and at what cost.
type tableFit struct {
	locking gsm7.Languages     // locking tables that are in a pair that can encode the text
	single  [16]gsm7.Languages // for each, the single shift tables of those pairs
	shifted [16]int            // for each, the number of characters in the single shift table
}

// add adds a character of the text.
func (f *tableFit) add(r rune) {
	locking, single := gsm7.Holders(r)
	for lacking := f.locking &^ locking; lacking != 0; lacking &= lacking - 1 {
		l := lacking.First()
		f.shifted[l]++
		if f.single[l] &= single; f.single[l] == 0 {
			f.locking &^= 1 << l
		}
	}
}

// pick returns the cheapest pair of those that can encode the text.
func (c *cutter) pick(fit *tableFit) gsm7.Tables {
	var best gsm7.Tables
	var least [4]int
	for left := fit.locking; left != 0; left &= left - 1 {
		l := left.First()
		t := gsm7.Tables{Locking: l, Single: fit.single[l].First()}
		if t.Single != gsm7.Default && fit.single[l].Has(l) {
			t.Single = l
		}
		units := c.chars + fit.shifted[l]
		cost := [4]int{c.countSegments(t, units), header{tables: t}.length(), units, 1}
		if t.Locking == t.Single {
			cost[3] = 0
		}
		if least[0] == 0 || slices.Compare(cost[:], least[:]) < 0 {
			best, least = t, cost
		}
	}
	return best
}

// countSegments returns the segments of the text encoded with t, which takes units
// septets.
func (c *cutter) countSegments(t gsm7.Tables, units int) int {
	n := cutter{text: c.text, ref16: c.ref16, keep: c.keep}
	n.begin(GSM7, t)
	if units <= n.alone {
		return 1
	}
	n.walk(0, len(n.text), 0, 0)
	return n.count + 1
}
