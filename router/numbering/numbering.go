// Package numbering parses and validates telephone numbers with the numbering plans
// of libphonenumber.
//
// The plans of a calling code are compiled when they are first needed, which takes
// up to a few milliseconds. A verdict then takes tens of nanoseconds and does not
// allocate. Programs that only need the form of a number use package provider/e164.
package numbering

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering/internal/plan"
)

// Verdict is what the numbering plans say about a number.
type Verdict struct {
	Possible bool   // its length is one of its region's
	Valid    bool   // its digits belong to a range that is in use
	Type     Type   // of a valid number; else Unknown
	Region   string // ISO 3166 alpha-2; "" = none
}

// Textable reports whether the number is valid and of a type that can receive
// messages: mobile, fixed line or mobile, personal, pager, VoIP.
func (v Verdict) Textable() bool {
	switch v.Type {
	case Mobile, FixedLineOrMobile, PersonalNumber, Pager, VoIP:
		return v.Valid
	}
	return false
}

// Reason returns why the number is not Textable; "" = it is.
func (v Verdict) Reason() string {
	switch {
	case v.Textable():
		return ""
	case v.Valid:
		return "the number is valid, but its type is " + string(v.Type) + ", which receives no messages"
	case v.Possible:
		return "the number is not in a range that is in use"
	}
	return "no number with its calling code has this length"
}

// Type is the type of line behind a number.
type Type string

// The types of libphonenumber.
const (
	FixedLine         Type = "fixed_line"
	Mobile            Type = "mobile"
	FixedLineOrMobile Type = "fixed_line_or_mobile"
	TollFree          Type = "toll_free"
	PremiumRate       Type = "premium_rate"
	SharedCost        Type = "shared_cost"
	VoIP              Type = "voip"
	PersonalNumber    Type = "personal_number"
	Pager             Type = "pager"
	UAN               Type = "uan"
	Voicemail         Type = "voicemail"
	Unknown           Type = "unknown"
)

// types are indexed by libphonenumber's constants.
var types = [...]Type{
	phonenumbers.FIXED_LINE:           FixedLine,
	phonenumbers.MOBILE:               Mobile,
	phonenumbers.FIXED_LINE_OR_MOBILE: FixedLineOrMobile,
	phonenumbers.TOLL_FREE:            TollFree,
	phonenumbers.PREMIUM_RATE:         PremiumRate,
	phonenumbers.SHARED_COST:          SharedCost,
	phonenumbers.VOIP:                 VoIP,
	phonenumbers.PERSONAL_NUMBER:      PersonalNumber,
	phonenumbers.PAGER:                Pager,
	phonenumbers.UAN:                  UAN,
	phonenumbers.VOICEMAIL:            Voicemail,
	phonenumbers.UNKNOWN:              Unknown,
}

// maxRaw bounds the input of Parse.
const maxRaw = 100

// International is the region of numbers that have their calling code but perhaps no
// plus sign, such as 306900000001: in a spreadsheet a number cannot keep the sign.
const International = "international"

// Parse parses a number as people type it: "+30 690 000 0001", "0030690…", or "690
// 000 0001" in the national form of region, an ISO 3166 code such as GR. Without a
// region a number needs its plus sign; with [International] it needs its calling code.
// It takes digits of any script, blanks, dashes, dots, slashes, brackets, invisible
// characters, and tel: URIs. It refuses what may have become another number on its way:
// letters, decimals ("306900000001.0"), scientific notation, several numbers; and numbers
// with an extension. The error is a [*provider.Error] with code invalid_recipient, which
// does not repeat the number; an unknown region is another error. The verdict does not
// have to be valid for a number to be returned.
func Parse(raw, region string) (e164.Number, Verdict, error) {
	if err := CheckRegion(region); err != nil {
		return e164.Number{}, Verdict{}, err
	}
	raw = strings.TrimSpace(raw)
	if strings.HasPrefix(raw, "+") {
		if n, err := e164.Parse(raw); err == nil {
			if m, known := plan.Lookup(n); known && !m.Prefixed {
				return n, verdict(m), nil
			}
		}
	}
	n, err := read(raw, region)
	if err != nil {
		return e164.Number{}, Verdict{}, err
	}
	return n, Judge(n), nil
}

// CheckRegion returns an error if Parse does not know a region; "" = none is known.
func CheckRegion(region string) error {
	if region != "" && region != International && phonenumbers.GetCountryCodeForRegion(region) == 0 {
		return fmt.Errorf("unknown region %q; want an ISO 3166 code such as GR, or international for numbers that have their calling code but no plus sign", region)
	}
	return nil
}

// read lets phonenumbers parse what is not simply a number with its calling code.
func read(raw, region string) (e164.Number, error) {
	asked := region
	switch {
	case raw == "":
		return bad("the number is empty")
	case len(raw) > maxRaw:
		return bad("the number is too long")
	case !strings.ContainsFunc(raw, unicode.IsDigit):
		return bad("not a telephone number")
	}
	clean, err := written(raw, region)
	if err != nil {
		return bad(err.Error())
	}
	if region == International {
		clean, region = withPlus(clean), ""
	}
	p, err := phonenumbers.Parse(clean, region)
	if err != nil {
		return bad(reason(err, asked))
	}
	if p.GetExtension() != "" {
		return bad(errExtension.Error())
	}
	n, err := e164.Parse(phonenumbers.Format(p, phonenumbers.E164))
	if err != nil {
		return bad("the number is too short or too long")
	}
	return n, nil
}

// withPlus writes a number that has its calling code in international form: 306900000001
// and 00306900000001 as +306900000001.
func withPlus(number string) string {
	if number = strings.TrimLeft(number, " "); number == "" || !unicode.IsDigit([]rune(number)[0]) {
		return number // a sign, a bracket, tel:
	}
	return "+" + strings.TrimPrefix(number, "00")
}

func bad(reason string) (e164.Number, error) {
	return e164.Number{}, provider.NewError(provider.InvalidRecipient, reason)
}

func reason(err error, region string) string {
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode) && region == "":
		return "the number has no known calling code; write it with one, such as +30…, or set a region"
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return "the number has no known calling code"
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return "the number is too long"
	case errors.Is(err, phonenumbers.ErrNotANumber):
		return "not a telephone number"
	}
	return "the number is too short"
}

// Judge returns the verdict on a number as it is: nothing is removed or added.
func Judge(n e164.Number) Verdict {
	m, known := plan.Lookup(n)
	if !known {
		m = ask(n)
	}
	return verdict(m)
}

func verdict(m plan.Match) Verdict {
	return Verdict{Possible: m.Possible, Valid: m.Valid, Type: types[m.Type], Region: geographic(m.Region)}
}

// Region returns the region that a number belongs to; "" = none.
func Region(n e164.Number) string { return Judge(n).Region }

// Regions returns the regions that numbers with these first digits can belong to,
// judging by the calling code alone. It is nil if the digits are too few or are no
// calling code, and empty for calling codes that belong to no country.
func Regions(digits string) []string {
	for size := 1; size <= min(3, len(digits)); size++ {
		code, err := strconv.Atoi(digits[:size])
		if err != nil {
			return nil
		}
		if regions := phonenumbers.GetRegionCodesForCountryCode(code); len(regions) > 0 {
			return slices.DeleteFunc(slices.Clone(regions), func(r string) bool { return r == "001" })
		}
	}
	return nil
}

// geographic drops "001", libphonenumber's region for the whole world.
func geographic(region string) string {
	if region == "001" {
		return ""
	}
	return region
}

// ask lets phonenumbers itself judge a number.
func ask(n e164.Number) plan.Match {
	p := phoneNumber(n)
	return plan.Match{
		Possible: phonenumbers.IsPossibleNumberWithReason(p) == phonenumbers.IS_POSSIBLE,
		Valid:    phonenumbers.IsValidNumber(p),
		Type:     phonenumbers.GetNumberType(p),
		Region:   phonenumbers.GetRegionCodeForNumber(p),
	}
}

func phoneNumber(n e164.Number) *phonenumbers.PhoneNumber {
	code, national := n.Split()
	zeros := len(national) - len(strings.TrimLeft(national, "0"))
	zeros = min(zeros, len(national)-1)              // of zeros alone, the last is the number
	digits, _ := strconv.ParseUint(national, 10, 64) // digits by construction; "" is 0
	p := &phonenumbers.PhoneNumber{CountryCode: new(int32(code)), NationalNumber: new(digits)}
	if zeros > 0 {
		p.ItalianLeadingZero = new(true)
		p.NumberOfLeadingZeros = new(int32(zeros))
	}
	return p
}
