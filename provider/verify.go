package provider

import (
	"log/slog"
	"time"

	"github.com/anysms/anysms/provider/e164"
)

// VerificationRequest asks a vendor to create and send a one-time code.
//
// String, LogValue and %+v do not show the number.
type VerificationRequest struct {
	To     e164.Number
	Ref    string        // the caller's id of this verification; "" = the driver makes one up
	From   string        // "" = the account's default
	Text   string        // with the driver's placeholder for the code; "" = the vendor's own text
	Length int           // characters of the code; 0 = the vendor's default
	Alpha  bool          // letters too
	Expire time.Duration // 0 = the vendor's default
	Extra  map[string]string
}

// String describes the request without number or text.
func (r VerificationRequest) String() string {
	return "code request{to: " + r.To.Masked() + ", ref: " + Mask(r.Ref) + "}"
}

// GoString redacts like String.
func (r VerificationRequest) GoString() string { return r.String() }

// LogValue redacts like String.
func (r VerificationRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// VerificationResult is what a vendor says about a code that a user typed.
type VerificationResult string

// The results.
const (
	VerificationRight   VerificationResult = "right"
	VerificationWrong   VerificationResult = "wrong" // or unknown: some vendors do not distinguish
	VerificationExpired VerificationResult = "expired"
	VerificationUsed    VerificationResult = "used" // it was right, but it has been used before
)
