package transliterate

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// greekShapes maps each Greek capital to the letter of GSM-7 that looks the same: the
// Greek one if GSM-7 has it, else the Latin one.
var greekShapes = map[rune]string{
	'Α': "A", 'Β': "B", 'Γ': "Γ", 'Δ': "Δ", 'Ε': "E", 'Ζ': "Z", 'Η': "H", 'Θ': "Θ",
	'Ι': "I", 'Κ': "K", 'Λ': "Λ", 'Μ': "M", 'Ν': "N", 'Ξ': "Ξ", 'Ο': "O", 'Π': "Π",
	'Ρ': "P", 'Σ': "Σ", 'Τ': "T", 'Υ': "Y", 'Φ': "Φ", 'Χ': "X", 'Ψ': "Ψ", 'Ω': "Ω",
}

// greekSounds maps each Greek capital to Latin letters (ELOT 743).
var greekSounds = map[rune]string{
	'Α': "a", 'Β': "v", 'Γ': "g", 'Δ': "d", 'Ε': "e", 'Ζ': "z", 'Η': "i", 'Θ': "th",
	'Ι': "i", 'Κ': "k", 'Λ': "l", 'Μ': "m", 'Ν': "n", 'Ξ': "x", 'Ο': "o", 'Π': "p",
	'Ρ': "r", 'Σ': "s", 'Τ': "t", 'Υ': "y", 'Φ': "f", 'Χ': "ch", 'Ψ': "ps", 'Ω': "o",
}

// greekCapitals maps all Greek letters to capitals, in letters of GSM-7.
var greekCapitals = build([]group{{":", "\u0387·"}, {"KAI", "ϗϏ"}}, func(add func(rune, string)) {
	for _, g := range greekGroups {
		var capitals strings.Builder
		for _, capital := range g.to {
			capitals.WriteString(greekShapes[capital])
		}
		for _, r := range g.from {
			add(r, capitals.String())
		}
	}
})

// greekRoman adds the romanisation of single Greek letters. An iota subscript is
// silent.
func greekRoman(add func(rune, string)) {
	for _, g := range greekGroups {
		capital, _ := utf8.DecodeRuneInString(g.to)
		for _, r := range g.from {
			add(r, inCase(r, greekSounds[capital]))
		}
	}
}

// inCase returns to, which is in lower case, in the case of r: Th for Θ.
func inCase(r rune, to string) string {
	if to == "" || !unicode.IsUpper(r) && !unicode.IsTitle(r) {
		return to
	}
	return strings.ToUpper(to[:1]) + to[1:]
}

// greekPhrase romanises the Greek letter at the start of rest if that depends on its
// neighbours (ELOT 743, type 2): γ before γ, ξ and χ is n, υ makes a
// diphthong with α, ε, η and ο before it, and μπ is b at either end of a word.
func greekPhrase(rest string, before rune) (to string, span int, ok bool) {
	r, size := utf8.DecodeRuneInString(rest)
	next, n := utf8.DecodeRuneInString(rest[size:])
	switch r {
	case 'γ', 'Γ':
		if strings.ContainsRune("γξχΓΞΧ", next) {
			return inCase(r, "n"), size, true
		}
	case 'υ', 'ύ', 'Υ', 'Ύ':
		if next == '\u0308' {
			break // a dialytika separates the vowels
		}
		switch before {
		case 'ο', 'Ο':
			return inCase(r, "u"), size, true
		case 'α', 'ε', 'η', 'Α', 'Ε', 'Η':
			return inCase(r, upsilonSound(rest[size:])), size, true
		}
	case 'μ', 'Μ':
		after, _ := utf8.DecodeRuneInString(rest[size+n:])
		if (next == 'π' || next == 'Π') && !(unicode.IsLetter(before) && unicode.IsLetter(after)) {
			return inCase(r, "b"), size + n, true
		}
	}
	return "", 0, false
}

// upsilonSound returns the sound of υ in αυ, ευ and ηυ: f before a voiceless
// consonant and at the end of a word, else v.
func upsilonSound(after string) string {
	r, _ := utf8.DecodeRuneInString(after[marks(after):])
	if shape := greekCapitals[r]; shape == "" || strings.Contains("ΘKΞΠΣTΦXΨ", shape) {
		return "f"
	}
	return "v"
}
