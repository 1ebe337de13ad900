package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// From which length on a part of a message is hidden. A shorter one is likely to
// be a word that the vendor would use anyway.
const (
	minNumber = 7  // digits of a phone number
	minDigits = 4  // digits of a text, such as a code
	minWord   = 4  // letters and digits of a word that has both, such as a voucher
	minText   = 12 // letters and digits of at least two words
)

// These bound the work, also for texts that repeat themselves: the rest of longer
// words is dropped, of a longer private text the beginning is looked for, and what
// has so many bytes in common is hidden without a look at its words.
const (
	maxWords    = 4000
	maxPrivate  = 20_000
	maxCompared = 64
)

// Echo hides what vendors' words repeat of messages. It is safe for concurrent use.
type Echo struct {
	parts []part
	seeds map[uint32]bool // the first four bytes of all that may be hidden
	short bool            // a part is shorter than that
}

// part is a private text or number.
type part struct {
	folded
	number bool
}

// NewEcho makes an Echo of the texts and numbers of messages. Case, spaces,
// punctuation and percent, HTML and JSON escapes do not matter, so that
// "+1 (415) 555-2671" is the number 14155552671. Of a text is hidden: the whole,
// twelve letters and digits in sequence if they are more than one word, four digits
// in sequence, a word that has letters and digits, and any long sequence. Of a number
// is hidden: seven digits in sequence.
func NewEcho(private ...string) *Echo {
	e := &Echo{seeds: make(map[uint32]bool)}
	known := make(map[string]bool, len(private)) // the messages of a batch often have the same text
	for _, s := range private {
		p := part{fold(s[:min(len(s), maxPrivate)]), isNumber(s)}
		if p.text == "" || known[s] {
			continue
		}
		known[s] = true
		e.parts = append(e.parts, p)
		e.short = e.short || len(p.text) < seedLength
		for i := range len(p.text) - seedLength + 1 {
			e.seeds[seed(p.text[i:])] = true
		}
	}
	return e
}

const seedLength = 4

func seed(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// Hide returns the words with [TextMark] and [NumberMark] in place of what they
// repeat. Words beyond 4000 bytes are cut off.
func (e *Echo) Hide(words string) string {
	if len(words) > maxWords {
		words = strings.ToValidUTF8(words[:maxWords], "") + "…"
	}
	w := fold(words)
	hidden := make([]string, len(w.text)) // by byte of w.text: the mark, "" = shown
	done := make([]int, len(e.parts))     // up to where each part has been looked for
	for i := range w.text {
		if rest := w.text[i:]; !e.short && (len(rest) < seedLength || !e.seeds[seed(rest)]) {
			continue
		}
		for k := range e.parts {
			if i < done[k] {
				continue
			}
			n := w.hide(hidden, i, &e.parts[k])
			done[k] = i + n - minText // what is shown after it is looked at from its first byte on
		}
	}
	return w.without(words, hidden)
}

// isNumber reports whether a text can be nothing but a phone number.
func isNumber(s string) bool {
	digits := 0
	for _, c := range s {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case !strings.ContainsRune("+ -./()", c):
			return false
		}
	}
	return digits >= minNumber
}

// folded is a text reduced to its letters, marks and digits, in one case.
type folded struct {
	text  string
	from  []int  // by byte of text: where its character begins in the original
	to    []int  // and where it ends
	begin []bool // by byte of text: a word begins here
}

func fold(s string) folded {
	var f folded
	var text strings.Builder
	between := true
	for i := 0; i < len(s); {
		r, size := decode(s[i:])
		if !unicode.In(r, unicode.L, unicode.M, unicode.N) {
			between = true
			i += size
			continue
		}
		n, _ := text.WriteRune(unicode.ToLower(unicode.ToUpper(r))) // both: ς is σ
		for k := range n {
			f.from, f.to, f.begin = append(f.from, i), append(f.to, i+size), append(f.begin, between && k == 0)
		}
		between = false
		i += size
	}
	f.text = text.String()
	return f
}

// hide marks what is to be hidden at byte i of w, and returns how many bytes it is.
func (w *folded) hide(hidden []string, i int, p *part) int {
	mark := TextMark
	if p.number {
		mark = NumberMark
	}
	n := w.common(i, p)
	for k := range n {
		if hidden[i+k] == "" || p.number {
			hidden[i+k] = mark
		}
	}
	return n
}

// common returns the length of what is to be hidden at byte i of w; 0 = nothing.
func (w *folded) common(i int, p *part) int {
	rest, longest := w.text[i:], 0
	begin := p.text // shorter than anything else that is hidden
	if len(begin) > seedLength {
		begin = prefix(rest, seedLength)
	}
	if !strings.HasPrefix(rest, begin) {
		return 0
	}
	for at := 0; ; at++ {
		k := strings.Index(p.text[at:], begin)
		if k < 0 {
			return longest
		}
		at += k
		n := sharedPrefix(prefix(rest, maxCompared), p.text[at:])
		if n >= maxCompared {
			return sharedPrefix(rest, p.text[at:])
		}
		longest = max(longest, w.significant(i, n, p, at))
	}
}

// significant returns how much of the n bytes that w at i and p at at have in
// common is to be hidden.
func (w *folded) significant(i, n int, p *part, at int) int {
	same := p.text[at : at+n]
	runes := utf8.RuneCountInString(same)
	switch {
	case n == len(p.text) && (runes >= minText || w.bounded(i, n)):
		return n
	case p.number:
		if runes >= minNumber {
			return n
		}
		return 0
	case runes >= minText && p.wordEnd(at, n) < at+n:
		return n
	}
	digits := len(same) - len(strings.TrimLeft(same, "0123456789"))
	if digits >= minDigits {
		return digits
	}
	word := p.wordEnd(at, n+1) - at
	if p.begin[at] && word <= n && utf8.RuneCountInString(same[:word]) >= minWord && strings.ContainsAny(same[:word], "0123456789") {
		return word
	}
	return 0
}

// bounded reports whether n bytes at i are whole words.
func (w *folded) bounded(i, n int) bool {
	return w.begin[i] && (i+n == len(w.text) || w.begin[i+n])
}

// wordEnd returns where the word ends that has byte i, or i+most if it is longer.
func (w *folded) wordEnd(i, most int) int {
	end := i + 1
	for end < len(w.text) && end < i+most && !w.begin[end] {
		end++
	}
	return end
}

// without returns the original text with marks in place of what is hidden.
// What stands between two hidden characters is hidden with them.
func (w *folded) without(original string, hidden []string) string {
	var b strings.Builder
	shown := 0
	for i := 0; i < len(hidden); {
		mark := hidden[i]
		end := i + 1
		for end < len(hidden) && hidden[end] == mark {
			end++
		}
		if mark != "" {
			b.WriteString(original[shown:w.from[i]])
			b.WriteString(mark)
			shown = w.to[end-1]
		}
		i = end
	}
	b.WriteString(original[shown:])
	return b.String()
}

// prefix returns the first n bytes of s, and what completes the last character.
func prefix(s string, n int) string {
	if n >= len(s) {
		return s
	}
	for n < len(s) && !utf8.RuneStart(s[n]) {
		n++
	}
	return s[:n]
}

func sharedPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && n < len(a) && !utf8.RuneStart(a[n]) {
		n-- // the characters differ in their last bytes only
	}
	return n
}
