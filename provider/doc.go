// Package provider is the contract between programs that send SMS and the
// drivers that speak to vendors.
//
// A driver implements [Provider], which has two methods, and as many of the
// optional interfaces as its vendor supports: [BatchSender], [StatusReader],
// [Finder], [Canceller], [BalanceReader], [Quoter], [Verifier],
// [CallbackParser], [InboxReader], [Checker] and io.Closer. The bits of
// [Capabilities].Features say what works, not a type assertion: callers use the
// functions of this package ([ReadStatus], [Cancel], …), which return
// errors.ErrUnsupported without any I/O where a bit is missing. So a wrapper
// can take a capability away, and a driver that reads its abilities from a file
// can have every method.
//
// # Outcomes
//
// A send has one of four outcomes: accepted, refused, not sent, unknown. The
// [Code] of an [Error] states which of them happened to the message, and
// nothing else: whether to try again is decided by the router. A driver
// therefore makes exactly one request to the vendor's send call for each Send.
// It never retries, sleeps, logs or follows a redirect; it limits what it reads
// and honours its context. Package provider/httpcall does all of this for a
// driver that speaks HTTP.
//
// The rule that matters most: a driver returns [Unavailable] only if it is
// proven that the vendor did not take the message. If the vendor may have taken
// it, the code is [Indeterminate].
//
// The package needs only the standard library.
package provider
