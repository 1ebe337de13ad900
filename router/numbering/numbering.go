// Package numbering judges telephone numbers by the national numbering plans
// of libphonenumber.
package numbering

import (
	"errors"

	"github.com/anysms/anysms/provider/e164"
)

// Verdict is what the numbering plans say of a number.
type Verdict struct {
	Possible bool   // its length is one of its region's
	Valid    bool   // its digits belong to a range that is in use
	Type     Type   // of a valid number
	Region   string // ISO 3166 alpha-2; "" = none, or not known
}

// Type is the kind of line behind a number.
type Type string

// Parse reads what people type: with a plus sign, or in the national form of a
// region.
func Parse(raw, region string) (e164.Number, Verdict, error) {
	return e164.Number{}, Verdict{}, errors.ErrUnsupported
}

// Judge gives the verdict on a number.
func Judge(n e164.Number) Verdict { return Verdict{} }
