package plan

import (
	"regexp/syntax"

	"github.com/nyaruka/phonenumbers"
)

// A pattern is one regular expression of the metadata.
type pattern struct {
	prog    *syntax.Prog
	prefix  bool   // it needs to match only the beginning of a number
	lengths uint32 // bit n: a number of n digits may match; 0 = any length
}

// region is what the metadata says of one region, as indexes into the patterns.
type region struct {
	name        string
	general     int
	leading     int // -1 = none: a number belongs here if it is valid here
	kinds       []kind
	fixed       int
	mobile      int
	sameAsFixed bool // mobile numbers look like fixed ones
}

// kind is a type of number that is looked for before fixed and mobile, in this
// order.
type kind struct {
	pattern int
	is      phonenumbers.PhoneNumberType
}

// compiler collects a calling code's patterns.
type compiler struct {
	patterns []pattern
	failed   bool
}

// compile builds the automaton of a calling code, or nil if the metadata has
// something that cannot be expressed.
func compile(code int) *automaton {
	names := phonenumbers.GetRegionCodesForCountryCode(code)
	if len(names) == 0 {
		return nil
	}
	metadata, err := regionsOf(code, names)
	if err != nil {
		return nil
	}
	var c compiler
	a := &automaton{national: -1}
	for i, m := range metadata {
		a.regions = append(a.regions, c.region(names[i], m))
	}
	if p := metadata[0].GetNationalPrefixForParsing(); p != "" {
		a.national = c.add(p, nil, true)
	}
	a.possible = lengthBits(metadata[0].GetGeneralDesc().GetPossibleLength())
	a.local = lengthBits(metadata[0].GetGeneralDesc().GetPossibleLengthLocalOnly())
	if c.failed || metadata[0].GetGeneralDesc().GetNationalNumberPattern() == "" || !a.build(c.patterns) {
		return nil
	}
	return a
}

// regionsOf finds the metadata of the regions, in the order given.
func regionsOf(code int, names []string) ([]*phonenumbers.PhoneMetadata, error) {
	all, err := collection()
	if err != nil {
		return nil, err
	}
	found := make([]*phonenumbers.PhoneMetadata, len(names))
	for _, m := range all.GetMetadata() {
		for i, name := range names {
			if m.GetId() == name && int(m.GetCountryCode()) == code {
				found[i] = m
			}
		}
	}
	for _, m := range found {
		if m == nil {
			return nil, errNoMetadata
		}
	}
	return found, nil
}

func (c *compiler) region(name string, m *phonenumbers.PhoneMetadata) region {
	add := func(d *phonenumbers.PhoneNumberDesc) int {
		return c.add(d.GetNationalNumberPattern(), d.GetPossibleLength(), false)
	}
	r := region{
		name:    name,
		general: add(m.GetGeneralDesc()),
		leading: -1,
		kinds: []kind{
			{add(m.GetPremiumRate()), phonenumbers.PREMIUM_RATE},
			{add(m.GetTollFree()), phonenumbers.TOLL_FREE},
			{add(m.GetSharedCost()), phonenumbers.SHARED_COST},
			{add(m.GetVoip()), phonenumbers.VOIP},
			{add(m.GetPersonalNumber()), phonenumbers.PERSONAL_NUMBER},
			{add(m.GetPager()), phonenumbers.PAGER},
			{add(m.GetUan()), phonenumbers.UAN},
			{add(m.GetVoicemail()), phonenumbers.VOICEMAIL},
		},
		fixed:       add(m.GetFixedLine()),
		mobile:      add(m.GetMobile()),
		sameAsFixed: m.GetSameMobileAndFixedLinePattern(),
	}
	if m.GetLeadingDigits() != "" {
		r.leading = c.add(m.GetLeadingDigits(), nil, true)
	}
	return r
}

// add compiles a regular expression and gives its index.
func (c *compiler) add(expression string, lengths []int32, prefix bool) int {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		c.failed = true
		return 0
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		c.failed = true
		return 0
	}
	c.patterns = append(c.patterns, pattern{prog: prog, prefix: prefix, lengths: lengthBits(lengths)})
	return len(c.patterns) - 1
}

// lengthBits sets a bit for each length that a national number can have.
// A length of -1 stands for "no such numbers" and sets a bit that no number
// reaches.
func lengthBits(lengths []int32) uint32 {
	var b uint32
	for _, n := range lengths {
		if n < 0 || n > 30 {
			n = 31
		}
		b |= 1 << n
	}
	return b
}
