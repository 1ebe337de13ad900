// Package otp generates one-time codes, sends them through a router, and checks the codes
// that people enter.
//
//	codes, err := otp.New(r.Send, otp.Config{Key: key, Store: otp.NewLedgerStore(l)})
//	…
//	v, err := codes.Start(ctx, to, otp.Options{})  // sends "123456 is your code."
//	…
//	checked, err := codes.Check(ctx, v.ID, typed)  // checked.Valid
//
// A code is not stored: it is derived from the verification's id, the time at which it
// began and a secret key. So the same code is sent again when a person asks for it once
// more within its life, whichever provider carries it, and a queue can make the text
// right before it is sent, with [Service.Render]. A [Store] holds ids, times and
// counters, a text that was given to Start in place of the usual one, and of the number
// a keyed hash and all but its last three digits.
//
// # What ends a verification
//
// The right code, which works once; Config.TTL; and Config.Tries wrong codes. Whatever
// the reason, [Service.Check] then returns false. Of processes that check a code at the
// same time, one gets true.
//
// Apart from that, a number gets at most Config.NumberSends messages and
// Config.NumberTries wrong codes in each Config.NumberWindow, over all its
// verifications. The right code clears these counters.
//
// # Clocks
//
// The clocks of machines that share a store may differ by a minute. A clock that jumps
// back by more than that ends the codes that were sent before; it never prolongs them by
// more than a minute.
package otp
