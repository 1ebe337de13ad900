package segment

import (
	"unicode/utf8"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/transliterate"
)

// Char is a character that forces UCS-2 or takes two units.
type Char struct {
	Rune    rune
	Offset  int                 // of its first occurrence, in bytes
	Index   int                 // the same in code points
	Count   int                 // occurrences
	Suggest string              // replacement for a forcing character, if Level is not Off
	Level   transliterate.Level // the mildest level that has a replacement
}

// Explanation is an Analysis with its reasons. A value can be reused: Explain keeps
// the memory of its slices.
type Explanation struct {
	Analysis
	Forcing   []Char    // the characters that force UCS-2, in order of appearance
	Extension []Char    // the characters that take two septets each in GSM-7, in order of appearance
	Segments  []Segment // where and why each segment ends, also above MaxSegments

	seen map[rune]int // index of a character in its list
}

// Explain sets e to the Analysis of text, as Analyze returns it, with its reasons.
// For a UCS-2 text, Extension has the characters that would take two septets without
// the forcing ones. The error is an *InvalidUTF8Error; e is then undefined.
func Explain(text string, opts *Options, e *Explanation) error {
	c := cutter{record: true, segments: e.Segments[:0]}
	a, err := c.run(text, opts)
	if err != nil {
		return err
	}
	e.Analysis, e.Segments = a, c.segments
	e.listChars(text, opts)
	return nil
}

// listChars fills the lists of characters.
func (e *Explanation) listChars(text string, opts *Options) {
	if opts == nil {
		opts = &Options{}
	}
	e.Forcing, e.Extension = e.Forcing[:0], e.Extension[:0]
	if e.seen == nil {
		e.seen = make(map[rune]int)
	}
	clear(e.seen)
	const plain = 1 << gsm7.Default
	locking, single := opts.Locking|plain, opts.Single|plain
	if e.Analysis.Forcing >= 0 {
		r, _ := utf8.DecodeRuneInString(text[e.Analysis.Forcing:])
		if l, s := gsm7.Holders(r); l&locking|s&single != 0 {
			// It is in some table, but none that has the text before it too. Compare
			// with the default alphabet, to suggest what to change.
			locking, single = plain, plain
		}
	}
	if e.Encoding == GSM7 {
		locking, single = 1<<e.Tables.Locking, 1<<e.Tables.Single
	}
	index := 0
	for i, r := range text {
		l, s := gsm7.Holders(r)
		switch {
		case l&locking != 0:
		case s&single != 0:
			e.Extension = e.note(e.Extension, r, i, index)
		default:
			e.Forcing = e.note(e.Forcing, r, i, index)
		}
		index++
	}
}

// note counts r in list. A character is in one list only, so that one map serves
// both.
func (e *Explanation) note(list []Char, r rune, offset, index int) []Char {
	if at, ok := e.seen[r]; ok {
		list[at].Count++
		return list
	}
	e.seen[r] = len(list)
	c := Char{Rune: r, Offset: offset, Index: index, Count: 1}
	c.Suggest, c.Level = transliterate.Suggest(r)
	return append(list, c)
}
