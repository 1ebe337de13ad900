package segment

import (
	"unicode/utf8"

	"github.com/anysms/anysms/encoding/gsm7"
)

// cutter scans a text once, counts its units and ends a segment where the next
// character does not fit. It counts as if the message had more than one segment;
// finish corrects the count for a single one.
type cutter struct {
	text     string
	encoding Encoding
	tables   gsm7.Tables
	alone    int // units in a single segment
	limit    int // units in each of several segments
	ref16    bool
	keep     bool // end segments between graphemes only
	record   bool // append the segments, do not only count them
	segments []Segment
	base     int // number of segments that the caller passed

	start int // offset of the open segment
	index int // code point index of the open segment
	used  int // units in the open segment
	chars int // code points so far
	units int // units in ended segments
	count int // ended segments
}

// run analyses the text; segments are appended if c.record is set.
func (c *cutter) run(text string, opts *Options) (Analysis, error) {
	if opts == nil {
		opts = &Options{}
	}
	c.text, c.ref16, c.keep = text, opts.Ref16, opts.KeepGraphemes
	c.begin(GSM7, gsm7.Tables{})
	forcing := c.gsm7()
	national := opts.Single|opts.Locking != 0
	if forcing < 0 && (!national || !c.canImprove()) {
		return c.finish(-1), nil
	}
	if national {
		var tables gsm7.Tables
		if tables, forcing = c.cheapest(opts); forcing < 0 {
			c.begin(GSM7, tables)
			c.chars, c.used = c.walk(0, len(text), 0, 0)
			return c.finish(-1), nil
		}
	}
	return c.runUCS2(forcing)
}

// runUCS2 counts the text as UCS-2. The characters before forcing are in the default
// alphabet.
func (c *cutter) runUCS2(forcing int) (Analysis, error) {
	prefix, chars := forcing, c.chars
	c.begin(UCS2, gsm7.Tables{})
	if c.record || c.keep {
		prefix, chars = 0, 0 // the ends of its segments matter
	}
	if err := c.ucs2(prefix, chars); err != nil {
		return Analysis{}, err
	}
	return c.finish(forcing), nil
}

// begin resets the count.
func (c *cutter) begin(e Encoding, t gsm7.Tables) {
	c.encoding, c.tables = e, t
	c.alone, c.limit = limits(e, t, c.ref16)
	c.segments = c.segments[:c.base]
	c.start, c.index, c.used, c.chars, c.units, c.count = 0, 0, 0, 0, 0, 0
}

// cut ends the open segment of used units before the character at offset at, which
// has code point index. It returns the units that move to the next segment with a
// grapheme that is kept whole.
func (c *cutter) cut(at, index, used int) (carried int) {
	end := Full
	if used < c.limit {
		end = Escape
		if c.encoding == UCS2 {
			end = Surrogate
		}
	}
	if c.keep {
		if p := c.graphemeStart(at); p < at {
			var chars int
			chars, carried = c.measure(c.text[p:at])
			at, index, end = p, index-chars, Cluster
		}
	}
	if c.record {
		c.add(at, index, used-carried, end)
	}
	c.units += used - carried
	c.count++
	c.start, c.index = at, index
	return carried
}

// finish ends the last segment and returns the analysis.
func (c *cutter) finish(forcing int) Analysis {
	a := Analysis{
		Encoding:        c.encoding,
		Tables:          c.tables,
		Units:           c.units + c.used,
		Characters:      c.chars,
		Segments:        c.count + 1,
		UnitsPerSegment: c.limit,
		Remaining:       c.limit - c.used,
		Forcing:         forcing,
	}
	if a.Units <= c.alone {
		a.Segments, a.UnitsPerSegment, a.Remaining = 1, c.alone, c.alone-a.Units
		c.segments, c.start, c.index = c.segments[:c.base], 0, 0
		c.used = a.Units
	}
	if c.record {
		c.add(len(c.text), c.chars, c.used, EndOfText)
		own := c.segments[c.base:]
		for i := range own {
			own[i].Total = a.Segments
		}
	}
	return a
}

// add records the segment from c.start to offset at.
func (c *cutter) add(at, index, units int, end End) {
	c.segments = append(c.segments, Segment{
		Text:       c.text[c.start:at],
		Offset:     c.start,
		Index:      c.index,
		Characters: index - c.index,
		Units:      units,
		End:        end,
		Encoding:   c.encoding,
		Tables:     c.tables,
		Ref16:      c.ref16,
		Number:     len(c.segments) - c.base + 1,
	})
}

// walk counts the characters that start in text[from:to], one by one. chars is the
// number of code points before from, used the units in the open segment; walk
// returns their new values.
func (c *cutter) walk(from, to, chars, used int) (int, int) {
	for i := from; i < to; {
		r, size := utf8.DecodeRuneInString(c.text[i:])
		w := c.width(r)
		if used+w > c.limit {
			used = c.cut(i, chars, used)
		}
		used += w
		chars++
		i += size
	}
	return chars, used
}

// measure returns the code points and units of a part of the text.
func (c *cutter) measure(piece string) (chars, units int) {
	for _, r := range piece {
		chars++
		units += c.width(r)
	}
	return chars, units
}

// width returns the units of a character.
func (c *cutter) width(r rune) int {
	if c.encoding == GSM7 {
		return c.tables.Septets(r)
	}
	if r >= 0x10000 {
		return 2
	}
	return 1
}
