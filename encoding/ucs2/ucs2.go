// Package ucs2 encodes and decodes the 16-bit alphabet of SMS (3GPP TS 23.038
// §6.2.3) as big-endian UTF-16. The standard says UCS-2, but handsets support
// surrogate pairs: a character outside the basic plane takes two units.
//
// The functions append to their destination and are safe for concurrent use.
package ucs2

import (
	"fmt"
	"unicode/utf8"
)

// InvalidUTF8Error is a text that is not valid UTF-8.
type InvalidUTF8Error struct {
	Offset int // of the first invalid byte
}

// Error returns the offset.
func (e *InvalidUTF8Error) Error() string {
	return fmt.Sprintf("text is not valid UTF-8 at byte %d", e.Offset)
}

// OddLengthError is an encoded text with an odd number of octets.
type OddLengthError struct {
	Length int // of the encoded text, in octets
}

// Error returns the length.
func (e *OddLengthError) Error() string {
	return fmt.Sprintf("ucs2: odd number of octets: %d", e.Length)
}

// SurrogateError is a surrogate without its partner.
type SurrogateError struct {
	Unit   uint16 // the lone surrogate
	Offset int    // of the unit, in octets
}

// Error returns the unit and its offset.
func (e *SurrogateError) Error() string {
	return fmt.Sprintf("ucs2: lone surrogate %#04x at octet %d", e.Unit, e.Offset)
}

// Encode appends text as big-endian UTF-16, two octets per unit, and returns the
// extended slice. The error is an *InvalidUTF8Error; dst then has the text before
// the invalid byte.
func Encode(dst []byte, text string) ([]byte, error) {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			dst = append(dst, 0, c)
			i++
			continue
		}
		if 0xC2 <= c && c < 0xE0 && i+1 < len(text) && text[i+1]&0xC0 == 0x80 {
			dst = append(dst, c&0x1F>>2, c<<6|text[i+1]&0x3F)
			i += 2
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			return dst, &InvalidUTF8Error{Offset: i}
		}
		i += size
		if r < 0x10000 {
			dst = append(dst, byte(r>>8), byte(r))
			continue
		}
		hi, lo := 0xD800+(r-0x10000)>>10, 0xDC00+(r-0x10000)&0x3FF
		dst = append(dst, byte(hi>>8), byte(hi), byte(lo>>8), byte(lo))
	}
	return dst, nil
}

// Decode appends the UTF-8 of big-endian UTF-16 and returns the extended slice. Each
// lone surrogate, and an odd octet at the end, becomes U+FFFD, so that a damaged
// message can still be shown. The error is the first of them, a *SurrogateError or
// an *OddLengthError; dst always has the whole text.
func Decode(dst, octets []byte) ([]byte, error) {
	var fault error
	n := len(octets) &^ 1
	for i := 0; i < n; i += 2 {
		r := rune(octets[i])<<8 | rune(octets[i+1])
		switch {
		case r < utf8.RuneSelf:
			dst = append(dst, byte(r))
			continue
		case r < 0xD800 || r > 0xDFFF:
		case r < 0xDC00 && i+3 < n && octets[i+2]&0xFC == 0xDC:
			low := rune(octets[i+2])<<8 | rune(octets[i+3])
			r = 0x10000 + (r-0xD800)<<10 + (low - 0xDC00)
			i += 2
		default:
			if fault == nil {
				fault = &SurrogateError{Unit: uint16(r), Offset: i}
			}
			r = utf8.RuneError
		}
		dst = utf8.AppendRune(dst, r)
	}
	if n < len(octets) {
		dst = utf8.AppendRune(dst, utf8.RuneError)
		if fault == nil {
			fault = &OddLengthError{Length: len(octets)}
		}
	}
	return dst, fault
}
