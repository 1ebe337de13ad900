package phonify

import (
	"strings"

	"github.com/anysms/anysms/provider"
)

// typeCodes reads the words of an error's type. The vendor publishes no list of
// types, only that they are unique and identify the error precisely; not_found
// is the one that has been seen. The setting error_types comes first.
var typeCodes = map[string]provider.Code{
	"not_found": provider.Rejected,

	"authentication":  provider.Unauthenticated,
	"unauthenticated": provider.Unauthenticated,
	"unauthorized":    provider.Unauthenticated,

	"credit":  provider.InsufficientFunds,
	"balance": provider.InsufficientFunds,
	"billing": provider.InsufficientFunds,

	"msisdn":    provider.InvalidRecipient,
	"number":    provider.InvalidRecipient,
	"recipient": provider.InvalidRecipient,

	"body":   provider.InvalidMessage,
	"length": provider.InvalidMessage,
}

// wordCode looks up the words of a type.
func wordCode(name string) (provider.Code, bool) {
	for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { return r < 'a' || r > 'z' }) {
		if code, ok := typeCodes[word]; ok {
			return code, true
		}
	}
	return "", false
}

// The documented states of a message.
const (
	StateUnconfirmed = "unconfirmed"
	StateSent        = "sent"
	StateError       = "error"
)

// statuses maps the states. None of them says that a message has arrived: sent
// is the best that is ever told.
var statuses = map[string]provider.Status{
	StateUnconfirmed: provider.StatusAccepted,
	StateSent:        provider.StatusSent,
	StateError:       provider.StatusUndelivered,
}
