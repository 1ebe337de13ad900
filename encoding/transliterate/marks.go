package transliterate

import (
	"strings"
	"unicode/utf8"
)

// composed gives the letter that a base letter and a combining mark stand for,
// for the letters of GSM-7 and the Cyrillic ones that are romanised as letters
// of their own (Unicode canonical composition).
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

// compose returns the letter that the character r at the start of rest, of size
// bytes, makes with the combining mark behind it, and the bytes of both; r and
// size if they make none or if another mark follows, which says something else.
func compose(r rune, size int, rest string) (rune, int) {
	mark, n := utf8.DecodeRuneInString(rest[size:])
	if c, ok := composed[[2]rune{r, mark}]; ok && marks(rest[size+n:]) == 0 {
		return c, size + n
	}
	return r, size
}

// marks returns the bytes of the combining diacritical marks that s begins with.
func marks(s string) int {
	i := strings.IndexFunc(s, func(r rune) bool { return r < 0x300 || r > 0x36F })
	if i < 0 {
		return len(s)
	}
	return i
}
