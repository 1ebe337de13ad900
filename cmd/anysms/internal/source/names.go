package source

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/anysms/anysms/provider/suggest"
)

// others are character sets that can be named, but are never guessed.
func others() []charset {
	return []charset{
		{"iso-8859-1", charmap.ISO8859_1},
		{"iso-8859-2", charmap.ISO8859_2},
		{"iso-8859-3", charmap.ISO8859_3},
		{"iso-8859-4", charmap.ISO8859_4},
		{"iso-8859-5", charmap.ISO8859_5},
		{"iso-8859-6", charmap.ISO8859_6},
		{"iso-8859-7", charmap.ISO8859_7},
		{"iso-8859-8", charmap.ISO8859_8},
		{"iso-8859-9", charmap.ISO8859_9},
		{"iso-8859-10", charmap.ISO8859_10},
		{"iso-8859-13", charmap.ISO8859_13},
		{"iso-8859-15", charmap.ISO8859_15},
		{"iso-8859-16", charmap.ISO8859_16},
		{"windows-874", charmap.Windows874},
		{"koi8-r", charmap.KOI8R},
		{"koi8-u", charmap.KOI8U},
		{"macintosh", charmap.Macintosh},
		{"cp437", charmap.CodePage437},
		{"cp850", charmap.CodePage850},
		{"cp852", charmap.CodePage852},
		{"cp855", charmap.CodePage855},
		{"cp858", charmap.CodePage858},
		{"cp866", charmap.CodePage866},
	}
}

// aliases are other names, without punctuation.
var aliases = map[string]string{
	"utf8sig": "utf-8", "utf8bom": "utf-8", "unicode": "utf-16le", "utf16": "utf-16le", "ascii": "utf-8", "usascii": "utf-8",
	"latin1": "iso-8859-1", "l1": "iso-8859-1", "latin2": "iso-8859-2", "cyrillic": "iso-8859-5", "greek": "iso-8859-7",
	"latin5": "iso-8859-9", "latin9": "iso-8859-15", "ansi": "windows-1252", "mac": "macintosh", "macroman": "macintosh",
}

func charsets() []charset {
	all := []charset{utf8Set, utf16LE, utf16BE}
	for _, p := range pages() {
		all = append(all, p.charset)
	}
	return append(all, others()...)
}

// Charsets lists the names of the character sets that Open accepts. It accepts them
// in any case and without their hyphens, and well-known other names.
func Charsets() []string {
	var names []string
	for _, c := range charsets() {
		names = append(names, c.name)
	}
	slices.Sort(names)
	return names
}

// CheckCharset returns an error for a name that Open does not accept.
func CheckCharset(name string) error {
	_, err := named(name)
	return err
}

func named(name string) (charset, error) {
	asked := unpunctuated(name)
	if alias, ok := aliases[asked]; ok {
		asked = unpunctuated(alias)
	}
	for _, c := range charsets() {
		switch own := unpunctuated(c.name); asked {
		case own, strings.Replace(own, "windows", "cp", 1), strings.Replace(own, "windows", "win", 1), strings.Replace(own, "cp", "ibm", 1):
			return c, nil
		}
	}
	return charset{}, fmt.Errorf("unknown character set %q%s; want one of %s", name, suggest.DidYouMean(name, Charsets()), strings.Join(Charsets(), ", "))
}

func unpunctuated(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_ .:", r) {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(name)))
}
