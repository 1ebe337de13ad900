package provider

import (
	"log/slog"
	"time"

	"github.com/anysms/anysms/provider/e164"
)

// VerificationRequest asks a vendor to make and send a one-time code.
//
// String, LogValue and %+v do not show the number.
type VerificationRequest struct {
	To     e164.Number
	Ref    string        // the caller's id of this verification; "" = the driver makes one
	From   string        // "" = the account's default
	Text   string        // with the driver's placeholder for the code; "" = the vendor's own text
	Length int           // characters of the code; 0 = the vendor's default
	Alpha  bool          // letters too
	Expire time.Duration // 0 = the vendor's default
	Extra  map[string]string
}

// String names the request without number or text.
func (r VerificationRequest) String() string {
	return "code request{to: " + r.To.Masked() + ", ref: " + Mask(r.Ref) + "}"
}

// GoString is as discreet as String.
func (r VerificationRequest) GoString() string { return r.String() }

// LogValue is as discreet as String.
func (r VerificationRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// VerificationResult is what a vendor says about a code that a user typed.
type VerificationResult string

// The verdicts.
const (
	VerificationRight   VerificationResult = "right"
	VerificationWrong   VerificationResult = "wrong" // or the vendor does not tell wrong from unknown
	VerificationExpired VerificationResult = "expired"
	VerificationUsed    VerificationResult = "used" // it was right, once
)
