package redact

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decode returns the first character of s, which may be escaped, and how many
// bytes of s it takes.
func decode(s string) (r rune, size int) {
	switch s[0] {
	case '%':
		r, size = percentEscape(s)
	case '&':
		r, size = entity(s)
	case '\\':
		r, size = backslash(s)
	}
	if size > 0 {
		return r, size
	}
	return utf8.DecodeRuneInString(s)
}

// percentEscape reads %CE%B1; 0 = it is none.
func percentEscape(s string) (rune, int) {
	var b []byte
	for len(b) < utf8.UTFMax && len(s) >= 3*len(b)+3 && s[3*len(b)] == '%' {
		v, err := strconv.ParseUint(s[3*len(b)+1:3*len(b)+3], 16, 8)
		if err != nil {
			break
		}
		b = append(b, byte(v))
	}
	if len(b) == 0 {
		return 0, 0
	}
	r, n := utf8.DecodeRune(b)
	return r, 3 * n
}

// entity reads &alpha;, &#945; or &#x3b1;; 0 = it is none.
func entity(s string) (rune, int) {
	const longest = 12
	end := strings.IndexByte(s[:min(len(s), longest)], ';') + 1
	if end == 0 {
		return 0, 0
	}
	plain := html.UnescapeString(s[:end])
	if r, n := utf8.DecodeRuneInString(plain); n == len(plain) {
		return r, end
	}
	return 0, 0
}

// backslash reads \u03b1 and \n; 0 = it is none.
func backslash(s string) (rune, int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case 'n', 'r', 't':
		return ' ', 2
	case 'u':
		if len(s) < 6 {
			return 0, 0
		}
		if v, err := strconv.ParseUint(s[2:6], 16, 16); err == nil {
			return rune(v), 6
		}
	}
	return 0, 0
}
