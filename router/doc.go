// Package router sends messages through several providers and never turns doubt
// into a silent duplicate.
//
// [Router.Send] validates a message, counts its segments, chooses a [Route] and
// tries the route's providers in order until one accepts it, one refuses it for
// good, or nothing is left. Every try is an [Attempt] of the [Result], which has
// one of four statuses:
//
//	accepted   a provider has the message
//	refused    it will not be sent: the message itself cannot be
//	not_sent   no provider has it; it is safe to try again
//	unknown    a provider may have it
//
// What follows from an attempt is decided by one table in policy.go and by the
// message's [provider.Delivery]: an attempt whose outcome is unknown ends the
// matter under at_most_once, is looked up at the vendor under reconcile, and is
// followed by the next provider, never the same one, under at_least_once. One-time
// codes default to at_least_once within their validity, everything else to
// at_most_once.
//
// A Router is safe for concurrent use. It logs no number and no text.
package router
