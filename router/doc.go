// Package router sends messages through several providers and never hides that a
// message may have been sent twice.
//
// [Router.Send] validates a message, counts its segments, chooses a [Route] and
// tries the route's providers in order, until one accepts the message, one refuses
// it for good, or no provider is left. Each try is an [Attempt] in the [Result],
// which has one of four statuses:
//
//	accepted   a provider has the message
//	refused    it will not be sent: something is wrong with the message
//	not_sent   no provider has it; it is safe to send it again
//	unknown    a provider may have it
//
// What follows from an attempt depends on its [provider.Code], by the table in
// policy.go, and on the message's [provider.Delivery] if the outcome is unknown:
//
//	at_most_once   stop
//	reconcile      ask the vendor, and go on if it does not have the message
//	at_least_once  go on to the next provider, never to the same one
//
// One-time codes default to at_least_once within their validity, all other
// messages to at_most_once.
//
// [Router.SendAll] sends a sequence of messages, and with a [Journal] resumes
// after a crash. [Router.Plan] explains what Send would do. A [Store] makes a
// repeated Send with the same Ref return the first result.
//
// A Router is safe for concurrent use. It logs no number and no text.
package router
