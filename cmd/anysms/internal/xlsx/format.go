package xlsx

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// formatter writes numbers as a sheet shows them.
type formatter struct {
	date1904 bool
	codes    map[format][]section
}

func newFormatter(date1904 bool) *formatter {
	return &formatter{date1904: date1904, codes: make(map[format][]section)}
}

// number returns a number in a format. What cannot be formatted is returned as by
// digits.
func (f *formatter) number(stored string, as format) string {
	value, err := strconv.ParseFloat(stored, 64)
	if err != nil || as.general() || math.IsInf(value, 0) || math.IsNaN(value) {
		return digits(stored)
	}
	s, signed := choose(f.sections(as), value)
	switch {
	case s == nil || !s.known:
		return digits(stored)
	case s.date:
		return f.moment(stored, value, s)
	}
	shown := s.number(newDecimal(stored, value))
	if signed && value < 0 {
		shown = "-" + shown
	}
	return strings.TrimSpace(shown) // formats pad to align columns
}

// sections returns the parsed sections of a format, none if it is not known.
func (f *formatter) sections(as format) []section {
	list, known := f.codes[as]
	if known {
		return list
	}
	if code := as.definition(); code != "" {
		list = parse(code)
	}
	f.codes[as] = list
	return list
}

// moment writes a date or a time. One with names of another language or the years of
// another calendar is written in the form that means the same to everybody.
func (f *formatter) moment(stored string, value float64, s *section) string {
	m, ok := newMoment(value, f.date1904, s.decimals)
	if !ok {
		return digits(stored)
	}
	if s.foreign {
		s = &f.sections(format{code: s.neutral()})[0]
	}
	return strings.TrimSpace(m.write(s))
}

// digits writes a number without an exponent, as far as 15 digits, which is what
// sheets keep.
func digits(stored string) string {
	if strings.Trim(stored, "0123456789") == "" {
		return stored // a program may keep more
	}
	value, err := strconv.ParseFloat(stored, 64)
	if err != nil {
		return stored
	}
	const precise, large, small = 15, 1e21, 1e-9
	if magnitude := math.Abs(value); value != 0 && (magnitude >= large || magnitude < small) {
		return stored
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', precise, 64), 64)
	if err != nil {
		return stored
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// time returns the time that a number stands for, by the clock of a place.
func (f *formatter) time(stored string, in *time.Location) (time.Time, bool) {
	serial, err := strconv.ParseFloat(stored, 64)
	if err != nil {
		return time.Time{}, false
	}
	m, ok := newMoment(serial, f.date1904, 0)
	if !ok {
		return time.Time{}, false
	}
	return m.time(in), true
}
