package zoomconnect

import "github.com/anysms/anysms/provider"

// errorCodes are the numbers of error bodies. Number 1 is a general failure,
// which says nothing about the message: then the status decides.
var errorCodes = map[string]provider.Code{
	"2": provider.InvalidRecipient, // invalid mobile number
	"3": provider.InvalidMessage,   // message empty
}

// errorWords are searched for in errors without a number of the list above,
// mostly in the "error" beside a message's id, which is only text. The vendor
// publishes no list; the setting errors takes precedence.
var errorWords = []struct {
	words string
	code  provider.Code
}{
	{"opted out", provider.OptedOut},
	{"opt-out", provider.OptedOut},
	{"optout", provider.OptedOut},
	{"credit", provider.InsufficientFunds},
	{"mobile number", provider.InvalidRecipient},
	{"message empty", provider.InvalidMessage},
	{"message is empty", provider.InvalidMessage},
}

// The vendor's statuses of a message.
const (
	StatusScheduled      = "SCHEDULED"
	StatusSent           = "SENT"
	StatusDelivered      = "DELIVERED"
	StatusFailed         = "FAILED"
	StatusFailedRefunded = "FAILED_REFUNDED" // the credits were refunded
	StatusFailedOptOut   = "FAILED_OPTOUT"
	StatusUnknown        = "UNKNOWN"
)

// fate is what a status means.
type fate struct {
	status provider.Status
	final  bool
	code   provider.Code // why it was not delivered; "" = the vendor does not say
}

// fates maps the statuses. Any other word is [provider.StatusUnknown].
var fates = map[string]fate{
	StatusScheduled:      {status: provider.StatusQueued},
	StatusSent:           {status: provider.StatusSent},
	StatusDelivered:      {status: provider.StatusDelivered, final: true},
	StatusFailed:         {status: provider.StatusUndelivered, final: true},
	StatusFailedRefunded: {status: provider.StatusUndelivered, final: true},
	StatusFailedOptOut:   {status: provider.StatusRejected, final: true, code: provider.OptedOut},
	StatusUnknown:        {status: provider.StatusUnknown},
}

func fateOf(word string) fate {
	if f, ok := fates[word]; ok {
		return f
	}
	return fate{status: provider.StatusUnknown}
}
