package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of values that are skipped.
const maxDepth = 1000

// object reads the wanted keys of one line of JSON. It validates every byte, so that
// a line that is not JSON is reported, but allocates nothing for unwanted values.
type object struct {
	s     string
	at    int
	names []string
	found uint64 // a bit for each of the first names that the line has
}

// fields fills values in the order of names; a key that is missing or null is "". The
// problem is "" for a line that is one JSON object that has each wanted key at most
// once, with a string, a number or a boolean.
func (o *object) fields(line string, values []string) (problem string) {
	o.s, o.at, o.found = line, 0, 0
	clear(values)
	o.space()
	if !o.take('{') {
		return "the line is not a JSON object"
	}
	o.space()
	if o.take('}') {
		return o.end()
	}
	for {
		if problem := o.member(values); problem != "" {
			return problem
		}
		o.space()
		switch {
		case o.take(','):
			o.space()
		case o.take('}'):
			return o.end()
		default:
			return o.broken()
		}
	}
}

func (o *object) member(values []string) string {
	key, problem := o.text()
	if problem != "" {
		return problem
	}
	o.space()
	if !o.take(':') {
		return o.broken()
	}
	o.space()
	wanted := slices.Index(o.names, key)
	if wanted < 0 {
		if !o.skip(0) {
			return o.broken()
		}
		return ""
	}
	bit := uint64(1) << wanted // of more than 64 wanted keys, the later ones are not checked
	if o.found&bit != 0 {
		return fmt.Sprintf("the key %q is there twice", key)
	}
	o.found |= bit
	value, problem := o.value()
	if problem != "" {
		return fmt.Sprintf("key %q: %s", key, problem)
	}
	values[wanted] = value
	return ""
}

// value reads a wanted value as text.
func (o *object) value() (string, string) {
	if o.at < len(o.s) && o.s[o.at] == '"' {
		return o.text()
	}
	start := o.at
	if o.at < len(o.s) && (o.s[o.at] == '{' || o.s[o.at] == '[') {
		return "", "got a list or an object; want a string"
	}
	if !o.skip(0) {
		return "", o.broken()
	}
	if literal := o.s[start:o.at]; literal != "null" {
		return literal, ""
	}
	return "", ""
}

// text reads a string. Without escapes it is a substring of the line.
func (o *object) text() (string, string) {
	if !o.take('"') {
		return "", o.broken()
	}
	start, escaped := o.at, false
	for o.at < len(o.s) {
		switch c := o.s[o.at]; {
		case c == '"':
			raw := o.s[start:o.at]
			o.at++
			if !escaped {
				return raw, ""
			}
			return unescape(raw)
		case c == '\\':
			escaped = true
			o.at += 2
		case c < ' ':
			return "", o.broken()
		default:
			o.at++
		}
	}
	return "", "unterminated string"
}

func unescape(raw string) (string, string) {
	b := make([]byte, 0, len(raw))
	for {
		i := strings.IndexByte(raw, '\\')
		if i < 0 {
			return string(append(b, raw...)), ""
		}
		b = append(b, raw[:i]...)
		raw = raw[i+1:]
		const codes, means = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
		if at := strings.IndexByte(codes, raw[0]); at >= 0 {
			b = append(b, means[at])
			raw = raw[1:]
			continue
		}
		r, size := escapedRune(raw)
		switch {
		case size == 0:
			return "", "invalid escape sequence in a string"
		case r == 0:
			return "", "the value contains a NUL character"
		}
		b = utf8.AppendRune(b, r)
		raw = raw[size:]
	}
}

// escapedRune reads u1234, or u1234\u5678 for a surrogate pair. It returns size 0 if
// s has neither.
func escapedRune(s string) (r rune, size int) {
	unit, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(unit) {
		return unit, 5
	}
	if len(s) < 6 || s[5] != '\\' {
		return 0, 0
	}
	low, ok := hex4(s[6:])
	if r := utf16.DecodeRune(unit, low); ok && r != utf8.RuneError {
		return r, 11
	}
	return 0, 0
}

func hex4(s string) (rune, bool) {
	if len(s) < 5 || s[0] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(s[1:5], 16, 16)
	return rune(v), err == nil
}

// skip skips a value.
func (o *object) skip(depth int) bool {
	if o.at >= len(o.s) || depth > maxDepth {
		return false
	}
	switch c := o.s[o.at]; {
	case c == '"':
		_, problem := o.text()
		return problem == ""
	case c == '{':
		return o.skipList(depth, '}', true)
	case c == '[':
		return o.skipList(depth, ']', false)
	case c == '-' || c >= '0' && c <= '9':
		return o.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(o.s[o.at:], word) {
			o.at += len(word)
			return true
		}
	}
	return false
}

func (o *object) skipList(depth int, closing byte, keyed bool) bool {
	o.at++
	o.space()
	if o.take(closing) {
		return true
	}
	for {
		if keyed {
			if _, problem := o.text(); problem != "" {
				return false
			}
			o.space()
			if !o.take(':') {
				return false
			}
			o.space()
		}
		if !o.skip(depth + 1) {
			return false
		}
		o.space()
		if o.take(closing) {
			return true
		}
		if !o.take(',') {
			return false
		}
		o.space()
	}
}

// number skips a number (RFC 8259, section 6).
func (o *object) number() bool {
	o.take('-')
	if !o.take('0') && !o.digits() {
		return false
	}
	if o.take('.') && !o.digits() {
		return false
	}
	if o.take('e') || o.take('E') {
		if !o.take('+') {
			o.take('-')
		}
		return o.digits()
	}
	return true
}

func (o *object) digits() bool {
	start := o.at
	for o.at < len(o.s) && o.s[o.at] >= '0' && o.s[o.at] <= '9' {
		o.at++
	}
	return o.at > start
}

func (o *object) take(c byte) bool {
	if o.at < len(o.s) && o.s[o.at] == c {
		o.at++
		return true
	}
	return false
}

func (o *object) space() {
	for o.at < len(o.s) && (o.s[o.at] == ' ' || o.s[o.at] == '\t' || o.s[o.at] == '\r' || o.s[o.at] == '\n') {
		o.at++
	}
}

func (o *object) end() string {
	if o.space(); o.at < len(o.s) {
		return "the line has more text after its JSON object"
	}
	return ""
}

func (o *object) broken() string {
	return fmt.Sprintf("invalid JSON at byte %d", min(o.at, len(o.s)))
}
