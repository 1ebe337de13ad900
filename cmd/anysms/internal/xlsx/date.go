package xlsx

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// moment is a date and a time of day by a sheet's calendar, which has a 29 February 1900
// and, for times without a date, a day 0 of January 1900.
type moment struct {
	year, day int
	month     time.Month
	weekday   time.Weekday
	second    int64 // of the day
	ticks     int64 // after the second
	elapsed   int64 // seconds since day 0
}

// newMoment returns the moment of a serial number, rounded to a number of decimals of a
// second. It is false for a number that is not a date.
func newMoment(serial float64, date1904 bool, decimals int) (moment, bool) {
	const perDay, last, offset1904, leap, week = 24 * 60 * 60, 2958466, 1462, 60, 7
	if serial < 0 || serial >= last {
		return moment{}, false
	}
	if date1904 {
		serial += offset1904
	}
	unit := int64(math.Pow10(decimals))
	ticks := int64(math.Round(serial * float64(perDay*unit)))
	seconds := ticks / unit
	days := int(seconds / perDay)
	if days >= last {
		return moment{}, false
	}
	m := moment{second: seconds % perDay, ticks: ticks % unit, elapsed: seconds, weekday: time.Weekday((days + week - 1) % week)}
	if date1904 {
		m.elapsed -= offset1904 * perDay
	}
	epoch := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)
	if days < leap {
		epoch = epoch.AddDate(0, 0, 1)
	}
	m.year, m.month, m.day = epoch.AddDate(0, 0, days).Date()
	switch days {
	case 0:
		m.year, m.month, m.day = 1900, time.January, 0
	case leap:
		m.year, m.month, m.day = 1900, time.February, 29
	}
	return m, true
}

// time returns the moment by the clock of a place.
func (m moment) time(in *time.Location) time.Time {
	const hour, minutes = 60 * 60, 60
	return time.Date(m.year, m.month, m.day, int(m.second/hour), int(m.second/minutes%minutes), int(m.second%minutes), 0, in)
}

// named reports whether a token is written with a name, which has a language.
func (t token) named() bool {
	const name = 3
	return t.kind == halfDay || (t.kind == 'm' || t.kind == 'd') && len(t.text) >= name
}

// elapsed reports whether a token is a time that goes on after a day.
func (t token) elapsed() bool {
	return t.kind == elapsed
}

// prepareDate finds the minutes and the decimals of seconds. It is false if the section
// has something that is not of a date or a time.
func (s *section) prepareDate() bool {
	var rest []token
	for i := 0; i < len(s.tokens); i++ {
		t := s.tokens[i]
		switch {
		case t.kind == ',', t.kind == '/':
			t.kind = literal
		case t.kind == '.':
			zeros := 0
			for i+1 < len(s.tokens) && s.tokens[i+1].kind == '0' {
				zeros++
				i++
			}
			if !s.addDecimals(zeros) {
				return false
			}
			if zeros == 0 {
				t.kind = literal
			}
		case t.kind == halfDay:
			s.half = true
		case t.isDigit(), strings.IndexByte("%@EG", t.kind) >= 0:
			return false
		}
		rest = append(rest, t)
	}
	s.tokens = rest
	s.findMinutes()
	return true
}

// addDecimals takes the decimals of seconds, of which a section has one to three.
func (s *section) addDecimals(zeros int) bool {
	const most = 3
	if zeros == 0 {
		return true
	}
	if zeros > most || s.decimals > 0 {
		return false
	}
	s.decimals = zeros
	return true
}

// minute is the kind of an m that is behind hours or before seconds.
const minute = 'n'

func (s *section) findMinutes() {
	last := -1 // the token before that is not a literal
	for i, t := range s.tokens {
		if strings.IndexByte("ymdhs[", t.kind) < 0 {
			continue
		}
		if last >= 0 && t.kind == 's' {
			s.tokens[last].asMinute()
		}
		if last >= 0 && strings.IndexByte("hs[", s.tokens[last].kind) >= 0 {
			s.tokens[i].asMinute()
		}
		last = i
	}
}

func (t *token) asMinute() {
	if t.kind == 'm' && len(t.text) <= 2 {
		t.kind = minute
	}
}

// neutral is a code with the date, the time, or both, as the section has them.
func (s *section) neutral() string {
	var date, clock bool
	for _, t := range s.tokens {
		date = date || t.kind == 'y' || t.kind == 'm' || t.kind == 'd'
		clock = clock || t.kind == 'h' || t.kind == minute || t.kind == 's'
	}
	switch {
	case !date:
		return "h:mm:ss"
	case !clock:
		return shortDate
	}
	return shortDate + " h:mm:ss"
}

// write writes the moment in a section.
func (m moment) write(s *section) string {
	var b strings.Builder
	for _, t := range s.tokens {
		b.WriteString(m.token(t, s))
	}
	return b.String()
}

func (m moment) token(t token, s *section) string {
	const hour, minutes = 60 * 60, 60
	width := min(len(t.text), 2)
	switch t.kind {
	case 'y':
		if len(t.text) <= 2 {
			return fmt.Sprintf("%02d", m.year%100)
		}
		return strconv.Itoa(m.year)
	case 'm':
		return named(int(m.month), m.month.String(), t)
	case 'd':
		return named(m.day, m.weekday.String(), t)
	case 'h':
		return fmt.Sprintf("%0*d", width, m.hour(s.half))
	case minute:
		return fmt.Sprintf("%0*d", width, m.second/minutes%minutes)
	case 's':
		return fmt.Sprintf("%0*d", width, m.second%minutes)
	case '.':
		return fmt.Sprintf(".%0*d", s.decimals, m.ticks)
	case elapsed:
		return fmt.Sprintf("%0*d", len(t.text), m.elapsed/map[byte]int64{'h': hour, 'm': minutes, 's': 1}[t.text[0]])
	case halfDay:
		return m.halfDay(t.text)
	}
	return t.text
}

// named writes the number of a day or month with one or two digits, or its name.
func named(number int, name string, t token) string {
	const short, letter = 3, 5
	switch n := len(t.text); {
	case n < short:
		return fmt.Sprintf("%0*d", n, number)
	case n == short:
		return name[:short]
	case n == letter && t.kind == 'm':
		return name[:1]
	}
	return name
}

func (m moment) hour(half bool) int64 {
	const hour, noon = 60 * 60, 12
	h := m.second / hour
	if half {
		return (h+noon-1)%noon + 1
	}
	return h
}

// halfDay writes AM or PM, or A or P in the case of the code.
func (m moment) halfDay(code string) string {
	const noon = 12
	am, pm, _ := strings.Cut(code, "/")
	if len(code) > len("A/P") {
		am, pm = strings.ToUpper(am), strings.ToUpper(pm)
	}
	if m.hour(false) < noon {
		return am
	}
	return pm
}
