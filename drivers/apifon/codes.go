package apifon

import (
	"strings"

	"github.com/anysms/anysms/provider"
)

// gatewayCodes says what happened to a message by the status in an error body
// of the SMS, IM and OTP gateways (docs.apifon.com/apireference.html, Status
// Codes). Other statuses say nothing about the message: then the HTTP status
// decides.
var gatewayCodes = map[StatusCode]provider.Code{
	"400": provider.InvalidMessage, // "the request is invalid"
	"401": provider.Unauthenticated,
	"403": provider.InvalidMessage, // "invalid or illegal values", not a lack of permission
	"429": provider.RateLimited,
}

// resourceCodes is the same for all other calls, where a path that does not
// exist is a resource that does not exist.
var resourceCodes = map[StatusCode]provider.Code{
	"400": provider.Rejected,
	"401": provider.Unauthenticated,
	"403": provider.Rejected,
	"404": provider.Rejected,
	"409": provider.Rejected,
	"429": provider.RateLimited,
}

// blames finds the reason of a refusal by 400 or 403, which only its words
// tell.
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

// blame returns the code for a refusal's words.
func blame(e *APIError) provider.Code {
	words := strings.ToLower(e.message())
	for _, b := range blames {
		if strings.Contains(words, b.word) {
			return b.code
		}
	}
	return provider.InvalidMessage
}

// otpVerdicts are the OTP gateway's results.
var otpVerdicts = map[StatusCode]provider.VerificationResult{
	OTPValid:       provider.VerificationRight,
	OTPUsed:        provider.VerificationUsed,
	OTPDeclined:    provider.VerificationWrong,
	OTPNotFound:    provider.VerificationWrong,
	OTPNoCode:      provider.VerificationWrong,
	OTPNoReference: provider.VerificationWrong,
	OTPExpired:     provider.VerificationExpired,
	OTPInvalid:     provider.VerificationWrong,
}

// fate is what a status in a delivery report means.
type fate struct {
	status provider.Status
	final  bool
	code   provider.Code
	kind   provider.EventKind // "" = a report
}

// smsFates are the statuses of SMS (docs.apifon.com/apireference.html, SMS
// Callback Statuses).
var smsFates = map[int]fate{
	1:   {status: provider.StatusUndelivered},                              // absent: a later try may reach the phone
	3:   {status: provider.StatusAccepted},                                 // accepted; also when an SMS takes over from an instant message
	4:   {status: provider.StatusSent},                                     // accepted_smsc
	5:   {provider.StatusUndelivered, true, provider.Rejected, ""},         // call_barred
	7:   {status: provider.StatusDelivered, final: true},                   // delivered
	8:   {status: provider.StatusExpired, final: true},                     // expired
	11:  {kind: provider.Engagement},                                       // open
	18:  {provider.StatusRejected, true, provider.Rejected, ""},            // rejected_smsc
	19:  {provider.StatusUndelivered, true, provider.InvalidRecipient, ""}, // teleservice_not_provisioned
	21:  {provider.StatusUndelivered, true, provider.Rejected, ""},         // unexpected_value
	22:  {provider.StatusUndelivered, true, provider.InvalidRecipient, ""}, // unknown_sub
	23:  {provider.StatusRejected, true, provider.Rejected, ""},            // smpp_refused
	24:  {provider.StatusRejected, true, provider.Rejected, ""},            // smsc_refused
	101: {provider.StatusRejected, true, provider.SenderRejected, ""},      // no_sender
	103: {provider.StatusRejected, true, provider.SenderRejected, ""},      // invalid_sender
	105: {provider.StatusRejected, true, provider.InvalidRecipient, ""},    // lookup_invalid_msisdn
	106: {provider.StatusRejected, true, provider.SenderRejected, ""},      // unknown_sender_type
	107: {provider.StatusRejected, true, provider.Unauthenticated, ""},     // account_not_allowed
	109: {provider.StatusRejected, true, provider.NoRoute, ""},             // no_coverage
	110: {provider.StatusRejected, true, provider.NoRoute, ""},             // no_price
	111: {provider.StatusRejected, true, provider.Rejected, ""},            // spam_control: the same text, shortly before
	112: {provider.StatusRejected, true, provider.NoRoute, ""},             // no_route_plan
	113: {provider.StatusRejected, true, provider.Unauthenticated, ""},     // invalid_account
	115: {provider.StatusRejected, true, provider.InsufficientFunds, ""},   // account_insufficient_credits
}

// imFates are the statuses of instant messages (IM Callback Statuses). Those
// after which the vendor sends the SMS are not final: the report does not tell
// whether there is one.
var imFates = map[int]fate{
	3:   {status: provider.StatusSent},                                      // sent
	7:   {status: provider.StatusDelivered, final: true},                    // delivered
	8:   {status: provider.StatusExpired},                                   // expired: then the SMS
	10:  {provider.StatusDelivered, true, "", provider.Engagement},          // seen
	11:  {kind: provider.Engagement},                                        // open
	22:  {provider.StatusUndelivered, false, provider.InvalidRecipient, ""}, // unknown_user: then the SMS
	101: {provider.StatusRejected, true, provider.SenderRejected, ""},       // no_sender
	105: {provider.StatusRejected, true, provider.InvalidRecipient, ""},     // invalid_msisdn
	109: {provider.StatusRejected, true, provider.NoRoute, ""},              // no_coverage
	110: {provider.StatusRejected, true, provider.NoRoute, ""},              // no_product
	111: {provider.StatusRejected, true, provider.Rejected, ""},             // spam_control
	115: {provider.StatusRejected, true, provider.InsufficientFunds, ""},    // account_insufficient_credits
	119: {provider.StatusRejected, true, provider.SenderRejected, ""},       // sender_id_disabled
	120: {provider.StatusRejected, false, provider.NoRoute, ""},             // no_active_subscription: then the SMS
	121: {provider.StatusRejected, true, provider.InvalidMessage, ""},       // invalid_url
	130: {provider.StatusRejected, true, provider.RateLimited, ""},          // shared_sender_cap
}
