package transliterate

import (
	"unicode"
	"unicode/utf8"

	"github.com/anysms/anysms/encoding/gsm7"
)

// Change is one replacement in a text.
type Change struct {
	From, To string // To is "" if From is removed
	Offset   int    // of From in the text, in bytes
	Index    int    // the same in code points
}

// Apply returns text rewritten at the level, and the changes in order. It returns the
// text unchanged if the level cannot make all of it fit the default alphabet, if the
// result would need more segments, or if text is not valid UTF-8. Higher levels make
// only the changes of Lossless if these suffice.
func Apply(text string, level Level) (string, []Change) {
	if level == Off || level >= levelCount || fits(text) {
		return text, nil
	}
	for _, l := range [...]Level{Lossless, level} {
		if to, changes, ok := rewrite(text, l); ok {
			return to, changes
		}
		if l == level {
			break
		}
	}
	return text, nil
}

// Suggest returns a replacement for r in a GSM-7 text, and the mildest level that has
// one; Off if r is in the default alphabet or no level has one. The replacement is ""
// if r should be removed.
func Suggest(r rune) (to string, level Level) {
	if fitsRune(r) {
		return "", Off
	}
	for l := Lossless; l < levelCount; l++ {
		if to, ok := l.replace(r); ok {
			return to, l
		}
	}
	return "", Off
}

// rewrite returns text in the default alphabet; ok is false if that is not possible
// or needs more segments.
func rewrite(text string, level Level) (to string, changes []Change, ok bool) {
	out := make([]byte, 0, len(text))
	s := scanner{text: text, level: level}
	for s.next() {
		if s.to != s.from {
			changes = append(changes, Change{From: s.from, To: s.to, Offset: s.offset, Index: s.index})
		}
		out = append(out, s.to...)
	}
	if s.failed {
		return "", nil, false
	}
	to = string(out)
	return to, changes, septets(to) <= capacity(text)
}

// scanner scans a text and finds the replacement for each character.
type scanner struct {
	text  string
	level Level

	from, to      string // equal if it is not replaced
	offset, index int    // of from
	before        rune   // the character before from, or 0
	failed        bool
}

// next advances to the next character with its combining marks. It returns false at
// the end of the text, or if there is no replacement.
func (s *scanner) next() bool {
	s.offset += len(s.from)
	s.index += utf8.RuneCountInString(s.from)
	if s.from != "" {
		s.before, _ = utf8.DecodeLastRuneInString(s.from)
	}
	rest := s.text[s.offset:]
	if rest == "" {
		return false
	}
	r, size := utf8.DecodeRuneInString(rest)
	r, size = compose(r, size, rest)
	to, span, ok := s.level.phrase(rest, s.before)
	if !ok {
		to, ok = s.level.replace(r)
		span = size
		if !ok && fitsRune(r) {
			to, ok = string(r), true
		}
		to = matchCase(to, r, s.before, rest[size:])
	}
	if s.level.dropsMarks(r) {
		span += marks(rest[span:])
	}
	s.from, s.to, s.failed = rest[:span], to, !ok
	return ok
}

// replace returns the replacement for a character, regardless of its neighbours; ok
// is false if there is none.
func (l Level) replace(r rune) (to string, ok bool) {
	switch l {
	case GreekCapitals:
		if to, ok = greekCapitals[r]; ok {
			return to, !fitsRune(r)
		}
	case Full:
		if to, ok = full[r]; ok {
			return to, ok
		}
	}
	if fitsRune(r) {
		return "", false
	}
	to, ok = lossless[r]
	return to, ok
}

// phrase returns the replacement for several characters that are not replaced one by
// one, and their length in bytes.
func (l Level) phrase(rest string, before rune) (to string, span int, ok bool) {
	if l != Full {
		return "", 0, false
	}
	return greekPhrase(rest, before)
}

// dropsMarks reports whether the level removes the combining marks after r.
func (l Level) dropsMarks(r rune) bool {
	switch l {
	case GreekCapitals:
		_, greek := greekCapitals[r]
		return greek
	case Full:
		return unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic)
	}
	return false
}

// matchCase makes the replacement of a capital all capitals if its neighbour is a
// capital: ЖАР is ZHAR, Жар is Zhar.
func matchCase(to string, r, before rune, after string) string {
	if len(to) < 2 || !unicode.IsUpper(r) {
		return to
	}
	neighbour, _ := utf8.DecodeRuneInString(after)
	if !unicode.IsLetter(neighbour) {
		neighbour = before
	}
	if !unicode.IsUpper(neighbour) {
		return to
	}
	upper := []byte(to)
	for i, c := range upper {
		if 'a' <= c && c <= 'z' {
			upper[i] = c - 'a' + 'A'
		}
	}
	return string(upper)
}

func fits(text string) bool {
	for _, r := range text {
		if !fitsRune(r) {
			return false
		}
	}
	return true
}

func fitsRune(r rune) bool { return gsm7.Tables{}.Septets(r) > 0 }

// septets returns the septets of a text in the default alphabet.
func septets(text string) (n int) {
	for _, r := range text {
		n += gsm7.Tables{}.Septets(r)
	}
	return n
}

// capacity returns the septets that certainly fit the segments of text in UCS-2,
// whatever the length of the reference and the position of escapes: a segment of 152
// or 153 septets can lose one to an escape that does not fit. All characters take one
// unit: those that take two are in no table, so that a text with one is not rewritten.
func capacity(text string) int {
	units := utf8.RuneCountInString(text)
	if units <= 70 {
		return 160
	}
	return (units + 66) / 67 * 151
}
