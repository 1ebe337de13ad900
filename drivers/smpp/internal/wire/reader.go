package wire

import (
	"bytes"
	"errors"
)

var errShort = errors.New("the body ends within a mandatory field")

// reader reads the fields of a body. After the first error it returns zero
// values.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) octet() byte {
	b := r.octets(1)
	if b == nil {
		return 0
	}
	return b[0]
}

func (r *reader) octets(n int) []byte {
	if r.err != nil || n > len(r.rest) {
		r.err = errShort
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// cString reads to the NUL, or to the end if there is none; then terminated is
// false.
func (r *reader) cString() (s string, terminated bool) {
	end := bytes.IndexByte(r.rest, 0)
	if end < 0 {
		s, r.rest = string(r.rest), nil
		return s, false
	}
	s, r.rest = string(r.rest[:end]), r.rest[end+1:]
	return s, true
}

// text is a C-octet string that must be terminated.
func (r *reader) text() string {
	s, terminated := r.cString()
	if !terminated && r.err == nil {
		r.err = errShort
	}
	return s
}

func (r *reader) address() Address {
	return Address{TON: r.octet(), NPI: r.octet(), Addr: r.text()}
}
