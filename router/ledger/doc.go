// Package ledger records what became of every message: its attempts, what the vendors
// report later, and who has opted out. It is kept in a database; package sqlite has the
// one for a single machine, package postgres the one for several.
//
// A [Ledger] is a [router.Store] and a [router.Journal] at once, and a router uses it as
// both:
//
//	l, err := sqlite.Open(ctx, "anysms.db", ledger.Options{})
//	…
//	r, err := router.New(providers, &router.Options{Store: l, Journal: l})
//
// Before a message is handed to a vendor, the claim on its Ref and the intent of the
// attempt are durable, in one commit. So a crash leaves in doubt what was being sent at
// that moment, and nothing else. Reports settle such doubt: each attempt has an id that
// cannot be guessed, which travels in [provider.Message].Attempt to the vendor and comes
// back in the callback URL. Changes that come at the same time share one transaction and
// one fsync.
//
// # The status of a message
//
// It follows from the attempts and the events alone, whatever the order in which they
// came. The first line that fits holds:
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
// Where a vendor reports on each segment, the message is delivered when all segments
// are; if one has failed, the worst failure counts; until then it is sent.
//
// A failure that the vendor says is not final counts as sent. A word that says nothing,
// such as "unknown", changes nothing.
//
// # How events find their message
//
// By the attempt's id in the callback URL; else by our Ref in the vendor's own field;
// else by the vendor's id of the message. Never by number and time. An event that comes
// before the receipt it belongs to is kept and joined when that comes; one that matches
// nothing is kept and counted. The same event again changes nothing: it is recognized by
// provider, id, segment, status and vendor time.
//
// # Privacy
//
// Fingerprints of contents are HMACs under Options.Key. Texts are erased at a final
// status or Options.Settle after the last attempt, whichever comes first, and texts of
// one-time codes are not written at all. [Ledger.Erase] removes a number, and
// [Ledger.Prune] what is older than Options.Retention. Opt-outs stay.
package ledger
