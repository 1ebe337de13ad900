// Package guard decides which messages may be sent: by country, by rate per number, block
// of numbers or country, by budget, by the recipient's local time, by the sender rules of
// countries, and by the share of one-time codes that are verified, which reveals SMS
// pumping. A [Policy] holds the rules and is a router.Guard:
//
//	policy, err := guard.New(guard.Options{
//		Countries: guard.Countries{Allow: []string{"GR", "CY"}},
//		Velocity:  []guard.Velocity{{Per: guard.Number, Max: 5, Window: time.Hour}},
//		Budgets:   []guard.Budget{{Max: guard.Limit{Micros: 50_000_000, Currency: "EUR"}, Period: guard.Day}},
//	})
//	…
//	r, err := router.New(providers, &router.Options{Guard: policy})
//
// # What happens to a message
//
// A message that breaks a rule is refused: rejected by countries, velocity and repeats,
// insufficient_funds by budgets and by rules that cannot be kept, opted_out by opt-outs.
// One that comes at the wrong time is deferred, with a router.Deferred. Rules without
// counters are asked first; then all counters are charged in one step, or none.
//
// # What is counted
//
// A message is charged once, by its id: its ref, or its key in the journal. It stays
// charged if it was accepted, or if nobody knows whether it was; what provably was not
// sent is returned. So a message that is deferred, retried, or taken over by another
// process after a crash counts once. Messages without an id are charged each time they
// are sent.
//
// Windows of velocity, repeats and pumping begin with the first message that they
// count. Days and months of budgets are those of the calendar.
//
// # Counters
//
// [Memory] counts in one process. For several, a ledger's Counters (packages sqlite and
// postgres) or redisstore.NewCounters count for all. If they cannot be reached, messages are not
// sent (OnError: router.FailClosed, the default), or pass uncounted; both are announced.
package guard
