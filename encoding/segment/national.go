package segment

import (
	"slices"

	"github.com/anysms/anysms/encoding/gsm7"
)

// cheapest returns the pair of allowed tables that holds the text in the fewest
// segments; of equal ones that with the shortest header, then the fewest units,
// then tables of one language, then the lowest identifiers. If no pair holds the text it returns the offset
// of the first character that none holds together with the text before it, and
// leaves the characters before it in c.chars; else -1.
//
// UCS-2 need not be compared: a character costs at most two septets, and half
// the septets of any segment are more than the units of a UCS-2 one.
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

// canImprove reports whether national tables could save a segment of a text
// that the default alphabet holds: at best they spare it every escape and cost
// it the header of one table.
func (c *cutter) canImprove() bool {
	alone, each := limits(GSM7, gsm7.Tables{Locking: gsm7.Turkish}, c.ref16)
	return c.count > 0 && (c.chars <= alone || (c.chars+each-1)/each <= c.count)
}

// tableFit knows which pairs of tables hold a text and what they cost.
type tableFit struct {
	locking gsm7.Languages     // locking tables of which a pair still holds the text
	single  [16]gsm7.Languages // for each of them, the single shift tables that complete it
	shifted [16]int            // for each of them, the characters that need the single shift table
}

// add takes one more character of the text into account.
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

// pick returns the cheapest pair of those that hold the whole text.
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

// countSegments returns the segments of the text, which has units septets when
// written with t.
func (c *cutter) countSegments(t gsm7.Tables, units int) int {
	n := cutter{text: c.text, ref16: c.ref16, keep: c.keep}
	n.begin(GSM7, t)
	if units <= n.alone {
		return 1
	}
	n.walk(0, len(n.text), 0, 0)
	return n.count + 1
}
