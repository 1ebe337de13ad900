// Package queue sends messages durably: a queued message survives any crash, and always
// ends with a recorded outcome.
//
//	l, err := sqlite.Open(ctx, "anysms.db", ledger.Options{})
//	…
//	r, err := router.New(providers, &router.Options{Store: l, Journal: l})
//	…
//	q, err := queue.New(l, r, queue.Options{})
//	…
//	go q.Run(ctx)
//	id, err := q.Enqueue(ctx, &provider.Message{To: to, Text: "Your parcel has arrived.", Ref: "order-1042"})
//
// With SQLite one process works on the queue, and any number of others can add messages.
// Package riverqueue runs the queue on several machines, over PostgreSQL.
//
// # What is promised
//
// When Enqueue returns, the message is durable. It is sent at least once it is due, and
// the ledger has its outcome. What the router promises holds: under at_most_once nobody
// gets it twice, and an attempt that a crash has interrupted is unknown. Exactly-once
// delivery is not claimed.
//
// The router has the ledger as its Store, and the vendor gets the message's id as its
// Ref: refs of different namespaces cannot meet there.
//
// # Deferral
//
// A message that no vendor accepted is tried again, until Lane.GiveUpAfter has passed: at
// once when the providers are expected back, else after a pause that grows from one
// second to a minute. Options.AttemptBudget of the router bounds the attempts of all these
// sends together, whatever processes made them. A send that found all providers out (their
// breakers are open now, or they asked for a pause) does not count, nor does waiting for
// limits, for quiet hours or for providers: an outage uses up no attempts. When the time or
// the attempts are used up the message is not_sent. Refused messages are not tried again.
// Both are dead letters: their texts are kept for as long as the ledger keeps texts, and
// Retry puts them back, where the cause may be fixed: the route is back, the price is
// known, the sender is registered.
//
// # Doubt
//
// Under [provider.Reconcile] a vendor that may have a message is asked about it, by sends that
// only ask: after one second, two, four, up to ten minutes apart, until Lane.GiveUpAfter has
// passed. The message is unknown meanwhile, and takes no worker. It becomes accepted when the
// vendor lists it, and is sent again when its absence is proof.
//
// # Classes
//
// Each class has a lane with workers of its own, so that a campaign does not delay
// one-time codes.
package queue
