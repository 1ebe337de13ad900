package gsm7

import (
	"fmt"
	"math/bits"
	"strings"
)

// Language is a national language identifier (3GPP TS 23.038 §6.2.1.2.4).
// Its value is the one in the user data header.
type Language uint8

// The national languages. Default means no national table: the GSM 7 bit
// default alphabet (§6.2.1) or its extension table (§6.2.1.1).
const (
	Default Language = iota
	Turkish
	Spanish // has a single shift table only
	Portuguese
	Bengali
	Gujarati
	Hindi
	Kannada
	Malayalam
	Oriya
	Punjabi
	Tamil
	Telugu
	Urdu

	languageCount
)

var languageNames = [languageCount]struct{ name, code string }{
	Default:    {"default", ""},
	Turkish:    {"turkish", "tr"},
	Spanish:    {"spanish", "es"},
	Portuguese: {"portuguese", "pt"},
	Bengali:    {"bengali", "bn"},
	Gujarati:   {"gujarati", "gu"},
	Hindi:      {"hindi", "hi"},
	Kannada:    {"kannada", "kn"},
	Malayalam:  {"malayalam", "ml"},
	Oriya:      {"oriya", "or"},
	Punjabi:    {"punjabi", "pa"},
	Tamil:      {"tamil", "ta"},
	Telugu:     {"telugu", "te"},
	Urdu:       {"urdu", "ur"},
}

// Valid reports whether l is Default or a language of the standard.
func (l Language) Valid() bool { return l < languageCount }

// String returns the English name in lower case, such as "turkish".
func (l Language) String() string {
	if !l.Valid() {
		return fmt.Sprintf("language %d", uint8(l))
	}
	return languageNames[l].name
}

// Code returns the ISO 639-1 code, such as "tr", or "" for Default.
func (l Language) Code() string {
	if !l.Valid() {
		return ""
	}
	return languageNames[l].code
}

// ParseLanguage parses an ISO 639-1 code ("tr") or an English name ("turkish"),
// ignoring case.
func ParseLanguage(s string) (Language, error) {
	s = strings.TrimSpace(s)
	for l := Turkish; l < languageCount; l++ {
		if strings.EqualFold(s, languageNames[l].code) || strings.EqualFold(s, languageNames[l].name) {
			return l, nil
		}
	}
	return Default, fmt.Errorf("gsm7: unknown national language %q: want one of %s", s, AllLanguages)
}

// Languages is a set of national languages. The zero value is the empty set.
type Languages uint16

// The languages of the standard: all have a single shift table, all but Spanish
// a locking shift table.
const (
	AllLanguages     Languages = 1<<languageCount - 1<<Turkish
	LockingLanguages           = AllLanguages &^ (1 << Spanish)
)

// NewLanguages returns a set of languages. Default and invalid values are ignored.
func NewLanguages(languages ...Language) Languages {
	var s Languages
	for _, l := range languages {
		if l != Default && l.Valid() {
			s |= 1 << l
		}
	}
	return s
}

// ParseLanguages parses a list of codes or names such as "tr,es", or "all". An empty
// list is the empty set.
func ParseLanguages(list string) (Languages, error) {
	if strings.EqualFold(strings.TrimSpace(list), "all") {
		return AllLanguages, nil
	}
	var s Languages
	if strings.TrimSpace(list) == "" {
		return s, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		l, err := ParseLanguage(name)
		if err != nil {
			return 0, err
		}
		s |= 1 << l
	}
	return s, nil
}

// Has reports whether l is in the set.
func (s Languages) Has(l Language) bool { return l.Valid() && s>>l&1 == 1 }

// First returns the language with the lowest identifier; Default if the set is
// empty.
func (s Languages) First() Language {
	if s == 0 {
		return Default
	}
	return Language(bits.TrailingZeros16(uint16(s)))
}

// String returns the codes separated by commas, as ParseLanguages reads them.
func (s Languages) String() string {
	var b strings.Builder
	for l := Turkish; l < languageCount; l++ {
		if !s.Has(l) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(languageNames[l].code)
	}
	return b.String()
}
