package source

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf16 "golang.org/x/text/encoding/unicode"
)

// charset is a character set by its name.
type charset struct {
	name     string
	encoding encoding.Encoding
}

var (
	utf8Set = charset{"utf-8", encoding.Nop}
	utf16LE = charset{"utf-16le", utf16.UTF16(utf16.LittleEndian, utf16.IgnoreBOM)}
	utf16BE = charset{"utf-16be", utf16.UTF16(utf16.BigEndian, utf16.IgnoreBOM)}
)

// page is a Windows code page, and the letters beyond ASCII that its languages
// use most.
type page struct {
	charset
	common string
}

// pages are the Windows code pages; of equally likely ones the first wins.
func pages() []page {
	return []page{
		{charset{"windows-1252", charmap.Windows1252}, "éèàçäöüßñóáíúêôâåøæ"}, // Western Europe
		{charset{"windows-1253", charmap.Windows1253}, "αοιετσνηυςρπκάέίόή"},  // Greek
		{charset{"windows-1251", charmap.Windows1251}, "оеаинтсрвлкмдпуяыь"},  // Cyrillic
		{charset{"windows-1250", charmap.Windows1250}, "ąęłżźćńśčěřšžáíéőű"},  // Central Europe
		{charset{"windows-1254", charmap.Windows1254}, "ışğüöçİ"},             // Turkish
		{charset{"windows-1255", charmap.Windows1255}, "יוהלאתרמבשנ"},         // Hebrew
		{charset{"windows-1256", charmap.Windows1256}, "اليمونترب"},           // Arabic
		{charset{"windows-1257", charmap.Windows1257}, "āēīūšžčėąęųįõäöü"},    // Baltic
		{charset{"windows-1258", charmap.Windows1258}, "ăâđêôơư"},             // Vietnamese
	}
}

// charset returns the character set of a file, detected from its first bytes if none
// is given, and the length of the byte order mark.
func (f *File) charset(given string, sample []byte) (found charset, mark int, err error) {
	if bytes.HasPrefix(sample, []byte("\xff\xfe\x00\x00")) || bytes.HasPrefix(sample, []byte("\x00\x00\xfe\xff")) {
		return charset{}, 0, errors.New("the file is UTF-32; want UTF-8, UTF-16 or a code page")
	}
	found, mark, certain := marked(sample)
	if given != "" {
		asked, err := named(given)
		switch {
		case err != nil:
			return charset{}, 0, err
		case !certain:
			return asked, 0, nil
		case family(asked) != family(found):
			return charset{}, 0, fmt.Errorf("the file starts with the byte order mark of %s; it is not %s", found.name, asked.name)
		}
	}
	if certain {
		return found, mark, nil
	}
	if utf16, ok := unmarkedUTF16(sample); ok {
		f.Guessed = true
		return utf16, 0, nil
	}
	if page, ok := likeliestPage(sample); ok && !validSoFar(sample) {
		f.Guessed = true
		return page, 0, nil
	}
	return utf8Set, 0, nil // rows with invalid UTF-8 are reported as invalid
}

// family is the name without the byte order.
func family(c charset) string { return strings.TrimSuffix(strings.TrimSuffix(c.name, "le"), "be") }

// marked detects the character set by the byte order mark.
func marked(sample []byte) (found charset, mark int, ok bool) {
	switch {
	case bytes.HasPrefix(sample, []byte("\xef\xbb\xbf")):
		return utf8Set, 3, true
	case bytes.HasPrefix(sample, []byte("\xff\xfe")):
		return utf16LE, 2, true
	case bytes.HasPrefix(sample, []byte("\xfe\xff")):
		return utf16BE, 2, true
	}
	return charset{}, 0, false
}

// unmarkedUTF16 detects UTF-16 without a byte order mark: it has line ends 0x000A,
// and many zero bytes, nearly always at even or nearly always at odd offsets.
func unmarkedUTF16(sample []byte) (charset, bool) {
	even, odd := 0, 0
	for i, b := range sample {
		if b != 0 {
			continue
		}
		if i%2 == 0 {
			even++
		} else {
			odd++
		}
	}
	const rare = 20 // fewer zero bytes than one in as many are stray ones
	switch {
	case (even+odd)*rare < len(sample):
	case odd > 0 && even*10 < odd && bytes.Contains(sample, []byte{'\n', 0}):
		return utf16LE, true
	case even > 0 && odd*10 < even && bytes.Contains(sample, []byte{0, '\n'}):
		return utf16BE, true
	}
	return charset{}, false
}

// validSoFar reports whether the sample is UTF-8, apart from a last character that
// is cut off.
func validSoFar(sample []byte) bool {
	for cut := range min(utf8.UTFMax, len(sample)+1) {
		if utf8.Valid(sample[:len(sample)-cut]) {
			return cut == 0 || !utf8.FullRune(sample[len(sample)-cut:])
		}
	}
	return false
}

// likeliestPage decodes the sample with every code page and returns the one whose
// text looks most like words. It is false if none does, as for a UTF-8 file with a
// few damaged bytes.
func likeliestPage(sample []byte) (best charset, ok bool) {
	high, sequences := 0, 0
	for rest := sample; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case size > 1:
			sequences++
		case r == utf8.RuneError:
			high++
		}
		rest = rest[size:]
	}
	const few = 3 // fewer are stray bytes
	if high < few || sequences > high {
		return charset{}, false
	}
	highest := high - 1 // words score more than one per letter
	for _, p := range pages() {
		text, err := p.encoding.NewDecoder().Bytes(sample)
		if err != nil {
			continue
		}
		if score := wordiness(string(text), p.common); score > highest {
			best, highest, ok = p.charset, score, true
		}
	}
	return best, ok
}

// wordiness scores how much the letters beyond ASCII look like parts of words: a
// wrong code page puts capitals and symbols into the middle of words, mixes
// scripts, lacks the letters that its languages use most, and has undefined bytes.
func wordiness(text, common string) int {
	score := 0
	before := ' '
	for _, r := range text {
		if r >= utf8.RuneSelf || before >= utf8.RuneSelf {
			score += fits(before, r)
		}
		if r >= utf8.RuneSelf && strings.ContainsRune(common, r) {
			score++
		}
		before = r
	}
	return score
}

func fits(before, r rune) int {
	inside, goesOn := unicode.IsLetter(before), unicode.IsLetter(r)
	switch {
	case r == utf8.RuneError || unicode.IsControl(r) && r >= utf8.RuneSelf:
		return -20
	case inside && goesOn && (script(before) != script(r) || unicode.IsLower(before) && unicode.IsUpper(r)):
		return -5
	case inside && goesOn && strings.ContainsRune(onlyLast, before),
		inside && !goesOn && strings.ContainsRune(neverLast, before),
		!inside && goesOn && strings.ContainsRune(neverFirst, r):
		return -5
	case goesOn && strings.ContainsRune(rare, r):
		return -3
	case inside && goesOn:
		return 2
	case goesOn:
		return 1
	case inside && r >= utf8.RuneSelf && !unicode.IsPunct(r) && !unicode.IsSpace(r):
		return -4 // a symbol within or after a word
	}
	return 0
}

// Letters at places where the orthographies do not allow them, or that are rare.
const (
	onlyLast   = "ςךםןףץ"      // only at the end of a word
	neverLast  = "σ"           // never at the end of a word
	neverFirst = "ъьыЪЬЫ"      // never at the start of a word
	rare       = "ΰΐÐðÞþƒªºŔŕ" // where other code pages have common letters
)

func script(r rune) *unicode.RangeTable {
	for _, t := range []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Hebrew, unicode.Arabic} {
		if unicode.Is(t, r) {
			return t
		}
	}
	return nil
}
