package transliterate

import (
	"strings"
	"unicode/utf8"
)

// composed maps a base letter and a combining mark to the composed letter (Unicode
// canonical composition), for letters of GSM-7 and for Cyrillic letters with their
// own romanisation.
var composed = func() map[[2]rune]rune {
	table := make(map[[2]rune]rune)
	for _, c := range []struct {
		mark             rune
		letters, becomes string
	}{
		{'\u0300', "aeiou", "àèìòù"},
		{'\u0301', "eE", "éÉ"},
		{'\u0303', "nN", "ñÑ"},
		{'\u0308', "aouAOU", "äöüÄÖÜ"},
		{'\u030A', "aA", "åÅ"},
		{'\u0327', "C", "Ç"},
		{'\u0306', "иИуУ", "йЙўЎ"},
		{'\u0308', "еЕіІ", "ёЁїЇ"},
	} {
		becomes := []rune(c.becomes)
		for i, r := range []rune(c.letters) {
			table[[2]rune{r, c.mark}] = becomes[i]
		}
	}
	return table
}()

// compose returns the letter composed of the character r at the start of rest, of
// size bytes, and the combining mark after it, and the length of both in bytes. It
// returns r and size if there is no such letter, or if another mark follows.
func compose(r rune, size int, rest string) (rune, int) {
	mark, n := utf8.DecodeRuneInString(rest[size:])
	if c, ok := composed[[2]rune{r, mark}]; ok && marks(rest[size+n:]) == 0 {
		return c, size + n
	}
	return r, size
}

// marks returns the length in bytes of the combining diacritical marks at the start
// of s.
func marks(s string) int {
	i := strings.IndexFunc(s, func(r rune) bool { return r < 0x300 || r > 0x36F })
	if i < 0 {
		return len(s)
	}
	return i
}
