package conformance

import (
	"cmp"
	"time"

	"github.com/anysms/anysms/provider"
)

// Reasons and advice of faults.
const (
	whyDoubt = "the vendor may have accepted the message; reporting not sent risks a duplicate, reporting accepted may be wrong"
	whyGood  = "the vendor has accepted the message; reporting anything else stops it needlessly, or sends it twice"

	fixDoubt   = "once anything of the request was written, return indeterminate unless the vendor's reply says what became of the message"
	fixGood    = "read the whole reply as the transport defines it, and return the receipt"
	fixNothing = "return unavailable only if it is proven that nothing of the request was written, and do so then"
)

// faultCases are the faults of a lab, one case for each.
func faultCases(faults []Fault) []Case {
	var cases []Case
	for _, f := range faults {
		cases = append(cases, Case{
			ID: "fault." + f.Name, Level: Must, Core: true, needs: aLab, wire: !f.Content, Why: f.Why,
			Source: cmp.Or(f.Source, contract+", Code"), Fix: cmp.Or(f.Fix, f.advice()), run: f.run,
		})
	}
	return cases
}

func (f Fault) advice() string {
	switch {
	case len(f.Codes) == 0:
		return fixGood
	case len(f.Codes) == 1 && f.Codes[0] == provider.Unavailable:
		return fixNothing
	}
	return fixDoubt
}

func (f Fault) run(t *trial) {
	if f.Silent {
		f.silent(t)
		return
	}
	b := t.bench(accept)
	t.ignoresBody(f)
	b.fail(f.Name)
	f.judge(b, b.send(t.message("Hello")))
}

// silent sends under a short deadline. On a busy machine it may end before the
// vendor has the request: then a longer one is tried.
func (f Fault) silent(t *trial) {
	b := t.bench(accept)
	b.ready()
	b.fail(f.Name)
	for _, wait := range t.waits() {
		ctx, cancel := contextFor(wait)
		r := b.sendUnder(ctx, t.message("Hello"))
		cancel()
		if unseen(b, r) && wait != t.waits()[3] {
			continue
		}
		f.judge(b, r)
		return
	}
}

// waits are how long a case waits for a silent vendor, at first and if that was too
// short.
func (t *trial) waits() [4]time.Duration {
	return [...]time.Duration{t.pace.hang / 2, 2 * t.pace.hang, 10 * t.pace.hang, 50 * t.pace.hang}
}

// unseen reports whether the vendor saw nothing of a message: then not sent is true.
func unseen(b *bench, r result) bool {
	return provider.CodeOf(r.err) == provider.Unavailable && b.count() == 0
}

func (f Fault) judge(b *bench, r result) {
	if len(f.Codes) == 0 {
		b.wantAccepted(r)
	} else {
		b.wantCode(r, f.Codes...)
	}
	accepted, _ := b.vendor.Connections()
	switch n := b.count(); {
	case f.Name == FaultRefused:
		b.wantSends(0)
	case n > 1:
		b.failf("the vendor received %d requests for one Send, want 1", n)
	case f.Name == "reset-before-read" && b.OtherRequests == nil && accepted > 1:
		b.failf("the vendor accepted %d connections for one Send, of which the first was reset; want 1", accepted)
	}
}

// timeoutCases repeat the silent faults without a deadline of the caller.
func timeoutCases(faults []Fault) []Case {
	var cases []Case
	for _, f := range faults {
		if !f.Silent {
			continue
		}
		cases = append(cases, Case{
			ID: "timeout." + f.Name, Level: Must, Core: true, needs: aLab, wire: true, run: f.ownTimeout,
			Why:    "a driver's own timeout proves as little as the caller's deadline: the vendor may have the message",
			Source: cmp.Or(f.Source, contract+", Code"),
			Fix:    "judge your own timeout as you judge the caller's deadline: indeterminate once anything was written",
		})
	}
	return cases
}

// ownTimeout opens the driver with a short timeout of its own.
func (f Fault) ownTimeout(t *trial) {
	if t.OpenTimeout == nil {
		t.notApplicable("the harness has no OpenTimeout: the suite cannot set the driver's own timeout")
	}
	for _, timeout := range t.waits() {
		last := timeout == t.waits()[3]
		b := t.benchOf(accept, func(address string) (provider.Provider, error) { return t.OpenTimeout(address, timeout) })
		if b.warmUp != nil && !last {
			continue // too short for this machine, and the request for a token may arrive late
		}
		b.fail(f.Name)
		r := b.send(t.message("Hello"))
		if unseen(b, r) && !last {
			continue
		}
		f.judge(b, r)
		return
	}
}
