package apifon

import (
	"strings"

	"github.com/anysms/anysms/provider"
)

// gatewayCodes says what became of a message by the status in an error body of
// the SMS, IM and OTP gateways (docs.apifon.com/apireference.html, Status
// Codes). A status that is not here says nothing of the message: the HTTP status
// decides.
var gatewayCodes = map[StatusCode]provider.Code{
	"400": provider.InvalidMessage, // "the request is invalid"
	"401": provider.Unauthenticated,
	"403": provider.InvalidMessage, // "invalid or illegal values", not a lack of permission
	"429": provider.RateLimited,
}

// blames finds what a refusal of 400 or 403 is about: the vendor tells it in
// words alone.
var blames = []struct {
	word string
	code provider.Code
}{
	{"sender", provider.SenderRejected},
	{"subscriber", provider.InvalidRecipient},
	{"destination", provider.InvalidRecipient},
	{"msisdn", provider.InvalidRecipient},
	{"invalid number", provider.InvalidRecipient},
	{"credit", provider.InsufficientFunds},
	{"balance", provider.InsufficientFunds},
}

// blame reads a refusal's words.
func blame(e *APIError) provider.Code {
	words := strings.ToLower(e.message())
	for _, b := range blames {
		if strings.Contains(words, b.word) {
			return b.code
		}
	}
	return provider.InvalidMessage
}

// tokenCodes says what an error of the identity server means (RFC 6749 §5.2).
// What is not here is a fault of the server.
var tokenCodes = map[string]provider.Code{
	"invalid_client":         provider.Unauthenticated,
	"unauthorized_client":    provider.Unauthenticated,
	"invalid_grant":          provider.Unauthenticated,
	"invalid_scope":          provider.Unauthenticated,
	"access_denied":          provider.Unauthenticated,
	"unsupported_grant_type": provider.Unauthenticated,
}

func tokenCode(word string) provider.Code {
	if code, ok := tokenCodes[word]; ok {
		return code
	}
	return provider.Unavailable
}
