// Package ledger records every message with its attempts, delivery reports and status,
// and who has opted out. Package sqlite stores it in a file, for a single machine;
// package postgres in a PostgreSQL database, for several.
//
// A [Ledger] is a [router.Store] and a [router.Journal] at once, and a router uses it as
// both:
//
//	l, err := sqlite.Open(ctx, "anysms.db", ledger.Options{})
//	…
//	r, err := router.New(providers, &router.Options{Store: l, Journal: l})
//
// Before a message is given to a vendor, the claim on its Ref and the intent of the
// attempt are committed together. So a crash leaves in doubt only the messages that were
// being sent at that moment. Reports settle such doubt: each attempt has an id that
// cannot be guessed, which travels in [provider.Message].Attempt to the vendor and comes
// back in the callback URL. Changes that come at the same time share one transaction and
// one fsync.
//
// # The status of a message
//
// It follows from the attempts and the events alone, in whatever order they arrive. The
// first line that applies is the status:
//
//	delivered     a report on any attempt says so
//	sent          a vendor has passed it on, and has not said how that ended
//	accepted      a vendor has it
//	undelivered   every attempt that reached a vendor has failed, by the vendors'
//	expired       reports. Of several failures the one with the later vendor time
//	rejected      counts; at the same time the worse one: rejected, undelivered,
//	cancelled     expired, cancelled
//	sending       an attempt is under way
//	unknown       a vendor may have it
//	cancelled     it was withdrawn before any attempt
//	refused       the last send ended so
//	not_sent      the last send ended so
//	queued        no attempt was made
//
// An attempt is accepted if the vendor said so when it was made, or if the vendor has
// reported on it since, whatever the report says: a vendor that reports on a message has
// it. A report on an attempt that was proven not to have reached the vendor is a
// contradiction: it counts, and the attempt is marked.
//
// If a vendor reports on each segment, the message is delivered when all segments are; if
// one has failed, the worst failure counts; until then it is sent.
//
// A failure that the vendor does not call final counts as sent. A status that says
// nothing, such as "unknown", changes nothing.
//
// # How events find their message
//
// By the attempt's id in the callback URL; else by our Ref in the vendor's reference
// field; else by the vendor's message id. Never by number and time. An event that arrives
// before the receipt it belongs to is stored and joined to it later; an event that
// matches no message is stored and counted. A repeated event changes nothing: it is
// recognized by provider, id, segment, status and vendor time.
//
// # Privacy
//
// Fingerprints of contents are HMACs under Options.Key. Texts are erased at a final
// status or Options.Settle after the last attempt, whichever comes first, and texts of
// one-time codes are not written at all. [Ledger.Erase] removes a number, and
// [Ledger.Prune] what is older than Options.Retention. Opt-outs stay.
package ledger
