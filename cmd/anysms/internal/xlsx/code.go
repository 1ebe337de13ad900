package xlsx

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// section is one of the parts of a format's code that semicolons separate.
type section struct {
	tokens    []token
	condition func(float64) bool // nil = its place in the code says when it applies
	known     bool               // false = a number in it is written with its digits

	// Of dates and times.
	date     bool
	foreign  bool // names that are not English, or another calendar
	half     bool // the hours are those of a clock with 12
	decimals int  // of seconds

	// Of numbers.
	grouped bool // the digits are in groups of three
	shift   int  // the number is multiplied by ten to this power
}

// token is a part of a section: a literal text, a placeholder of a digit, or a part of
// a date with as many letters as the code has.
type token struct {
	kind byte
	text string
}

// The kinds of tokens. The others are the character itself: 0 # ? for digits, . , % / @
// in numbers, and y m d h s in dates.
const (
	literal  = '"'
	elapsed  = '['
	exponent = 'E'
	general  = 'G'
	halfDay  = 'a' // AM/PM
)

// parse reads a format's code (ECMA-376, part 1, section 18.8.31).
func parse(code string) []section {
	var list []section
	for _, part := range sections(code) {
		list = append(list, parseSection(part))
	}
	return list
}

func parseSection(code string) section {
	var p parser
	for rest := code; rest != ""; {
		read := p.next(rest)
		if read == 0 {
			return section{condition: p.condition}
		}
		rest = rest[read:]
	}
	s := &p.section
	switch {
	case len(s.tokens) == 0:
		s.known = code == "" // a colour alone does not say how
	case s.date:
		s.foreign = p.calendar || p.foreignNames && slices.ContainsFunc(s.tokens, token.named)
		s.known = s.prepareDate() && !(s.foreign && slices.ContainsFunc(s.tokens, token.elapsed))
	default:
		s.known = !p.calendar && s.prepareNumber()
	}
	return *s
}

type parser struct {
	section
	calendar     bool // another calendar, or other digits
	foreignNames bool // a language other than English
}

func (p *parser) add(kind byte, text string) int {
	p.tokens = append(p.tokens, token{kind, text})
	return len(text)
}

// next reads a token and returns its length, 0 if it is not known.
func (p *parser) next(rest string) int {
	switch rest[0] {
	case '"':
		end := strings.IndexByte(rest[1:], '"')
		if end < 0 {
			return 0
		}
		return p.add(literal, rest[1:1+end]) + 2
	case '\\', '_', '*':
		return p.escaped(rest)
	case '[':
		end := strings.IndexByte(rest, ']')
		if end < 0 || !p.bracket(rest[1:end]) {
			return 0
		}
		return end + 1
	case '0', '#', '?', '.', ',', '%', '/', '@':
		return p.add(rest[0], rest[:1])
	}
	return p.letters(rest)
}

// escaped reads the character after a backslash as it stands, after an underscore as a
// space of its width (none at the start, where a sign may follow), and after an asterisk
// as what fills the cell's width.
func (p *parser) escaped(rest string) int {
	_, size := utf8.DecodeRuneInString(rest[1:])
	if size == 0 {
		return 0
	}
	switch {
	case rest[0] == '\\':
		p.add(literal, rest[1:1+size])
	case rest[0] == '_' && len(p.tokens) > 0:
		p.add(literal, " ")
	default:
		p.add(literal, "")
	}
	return 1 + size
}

func (p *parser) letters(rest string) int {
	for _, word := range []struct {
		text string
		kind byte
	}{{"General", general}, {"AM/PM", halfDay}, {"A/P", halfDay}, {"E+", exponent}, {"E-", exponent}} {
		if size := len(word.text); size <= len(rest) && strings.EqualFold(rest[:size], word.text) {
			p.date = p.date || word.kind == halfDay
			return p.add(word.kind, rest[:size])
		}
	}
	size := len(rest) - len(strings.TrimLeft(rest, rest[:1]+strings.ToUpper(rest[:1])+strings.ToLower(rest[:1])))
	switch first := rest[0] | ' '; first {
	case 'y', 'm', 'd', 'h', 's':
		p.date = true
		return p.add(first, rest[:size])
	case 'a', 'b', 'e', 'g', 'r': // weekdays, Buddhist years, and years and names of eras
		p.calendar = true
		return size
	case 'n':
		return 0
	}
	_, size = utf8.DecodeRuneInString(rest)
	return p.add(literal, rest[:size])
}

// bracket reads what is in brackets: a colour, an elapsed time, a condition, or a
// currency and a language.
func (p *parser) bracket(content string) bool {
	lower := strings.ToLower(content)
	switch {
	case lower == "":
		return false
	case strings.Trim(lower, lower[:1]) == "" && strings.Contains("hms", lower[:1]):
		p.date = true
		p.add(elapsed, lower)
		return true
	case lower[0] == '$':
		currency, language, _ := strings.Cut(content[1:], "-")
		p.add(literal, currency)
		p.language(language)
		return true
	case strings.HasPrefix(lower, "dbnum"):
		p.calendar = true
		return true
	case strings.ContainsRune("<>=", rune(lower[0])):
		p.condition = condition(content)
		return p.condition != nil
	case strings.HasPrefix(lower, "color"):
		return true
	}
	return slices.Contains([]string{"black", "blue", "cyan", "green", "magenta", "red", "white", "yellow"}, lower)
}

// language reads a language's tag or hexadecimal number, whose upper bytes are the
// digits' shape and the calendar (1 = Western).
func (p *parser) language(tag string) {
	const english, language, system, long, clock = 0x09, 0x3ff, 16, 0xf800, 0xf400
	id, err := strconv.ParseUint(tag, 16, 32)
	switch {
	case tag == "", strings.HasPrefix(strings.ToLower(tag), "en"), strings.HasPrefix(strings.ToLower(tag), "x-sys"):
	case err != nil:
		p.foreignNames = true
	default:
		p.calendar = p.calendar || id>>system&^0x0101 != 0
		p.foreignNames = id != long && id != clock && id&language != english
	}
}

// condition reads a condition such as ">=100". It is nil if it cannot be read.
func condition(text string) func(float64) bool {
	number := strings.TrimLeft(text, "<>=")
	limit, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil {
		return nil
	}
	switch text[:len(text)-len(number)] {
	case "<":
		return func(value float64) bool { return value < limit }
	case "<=":
		return func(value float64) bool { return value <= limit }
	case ">":
		return func(value float64) bool { return value > limit }
	case ">=":
		return func(value float64) bool { return value >= limit }
	case "=":
		return func(value float64) bool { return value == limit }
	case "<>":
		return func(value float64) bool { return value != limit }
	}
	return nil
}

// choose returns the section for a number, nil if there is none, and whether the number
// keeps its sign in it.
func choose(list []section, value float64) (s *section, signed bool) {
	const texts = 3 // the index of the section for texts
	if len(list) == 0 || len(list) > texts+1 {
		return nil, false
	}
	list = list[:min(len(list), texts)]
	if slices.ContainsFunc(list, func(s section) bool { return s.condition != nil }) {
		return chooseByCondition(list, value), true
	}
	switch {
	case len(list) == 1:
		return &list[0], true
	case value < 0 && len(list) == 2 && len(list[1].tokens) == 0:
		return nil, false // programs do not agree about "0;"
	case value < 0:
		return &list[1], false
	case value == 0 && len(list) == texts:
		return &list[2], false
	}
	return &list[0], false
}

// chooseByCondition returns the first section whose condition is true. Which of them
// write the sign of a negative number is not the same everywhere, so there is none for
// those.
func chooseByCondition(list []section, value float64) *section {
	if value < 0 {
		return nil
	}
	for i := range list {
		s := &list[i]
		switch {
		case s.condition != nil:
			if s.condition(value) {
				return s
			}
		case i == 0 && value > 0, i > 0 && i == len(list)-1:
			return s
		case i > 0:
			return nil // programs do not agree about a second of three
		}
	}
	return nil
}
