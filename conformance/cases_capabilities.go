package conformance

import (
	"strings"

	"github.com/anysms/anysms/provider"
)

func capabilityCases() []Case {
	return []Case{
		{ID: "capabilities.bits", Level: Must, Core: true, run: capabilityBits,
			Why:    "callers decide by the capabilities; one without its method fails when it is needed",
			Source: contract + ", Capabilities, Feature, CheckCapabilities",
			Fix:    "set a bit only if the method works, MaxBatch together with HasBatch, and give a wrapper Unwrap() provider.Provider"},
		{ID: "capabilities.constant", Level: Must, run: capabilitiesConstant,
			Why:    "routers plan with the capabilities; reading them must be free, and they must not change",
			Source: contract + ", Provider.Capabilities",
			Fix:    "compute the capabilities in Open from the settings alone"},
		{ID: "capabilities.limits", Level: Must, needs: aLab, run: limitsKept,
			Why:    "truncating a text that exceeds the vendor's limit is worse than refusing it, and so is refusing one that does not",
			Source: contract + ", Capabilities.MaxCharacters, Capabilities.MaxSegments",
			Fix:    "count code points (utf8.RuneCountInString) and segments (encoding/segment), never bytes; refuse what exceeds the limit as unsupported"},
		{ID: "capabilities.sender", Level: Must, needs: aLab, run: senderForms,
			Why:    "if the sender is silently dropped or changed, the message seems to come from somebody else",
			Source: contract + ", CanChooseSender",
			Fix:    "send Message.From as it is, or refuse it: as unsupported without the capability, as sender_rejected if its form is wrong"},
		{ID: "capabilities.schedule", Level: Must, run: scheduled,
			Why:    "if the time is dropped or in the wrong zone, the message may be delivered in the middle of the night",
			Source: contract + ", CanSchedule",
			Fix:    "write Message.SendAt in the vendor's form and zone, and say in accepted.http which that is; without the capability, refuse it as unsupported"},
		{ID: "capabilities.validity", Level: Must, run: validityKept,
			Why:    "if the validity is dropped or in the wrong unit, expired codes are delivered, or codes expire at once",
			Source: contract + ", CanSetValidity",
			Fix:    "write Message.Validity in the vendor's unit, and say in accepted.http which that is; without the capability, refuse it as unsupported"},
	}
}

func capabilityBits(t *trial) {
	b := t.bench(accept)
	if err := do(t, "Capabilities", func() error { return provider.CheckCapabilities(b.p) }); err != nil {
		t.failf("%v", err)
	}
}

// capabilitiesConstant reads the capabilities before and after a send that is
// accepted and one that fails.
func capabilitiesConstant(t *trial) {
	b := t.bench(accept)
	first := b.capabilities()
	if n := len(b.requests()); n > 0 {
		t.failf("Capabilities made %d requests", n)
	}
	for range 2 {
		b.send(t.message("Hello"))
		if now := b.capabilities(); !now.Equal(first) {
			t.failf("Capabilities changed from %s to %s", first, now)
		}
		b.fail(FaultClose)
	}
}

// limitsKept sends texts that have the limit, and texts that exceed it by one.
func limitsKept(t *trial) {
	b := t.bench(accept)
	limits := b.capabilities()
	if limits.MaxCharacters == 0 && limits.MaxSegments == 0 {
		t.notApplicable("the capabilities have no limit of characters or segments")
	}
	for _, alphabet := range []struct {
		name, character string
		single, multi   int // characters in one segment, and in each of several
	}{{"GSM-7", "a", 160, 153}, {"Greek", "ω", 70, 67}, {"emoji", "👍", 35, 33}} {
		longest := limits.MaxCharacters
		if limits.MaxSegments > 0 {
			n := alphabet.single
			if limits.MaxSegments > 1 {
				n = limits.MaxSegments * alphabet.multi
			}
			longest = min(n, orElse(longest, n))
		}
		before := t.failed()
		b.reset(accept)
		fits := strings.Repeat(alphabet.character, longest)
		b.wantAccepted(b.send(t.message(fits)))
		t.checkArrived(b.taken(), fits)
		b.wantCode(b.send(t.message(strings.Repeat(alphabet.character, longest+1))), provider.Unsupported, provider.InvalidMessage)
		b.wantSends(1)
		t.within(before, alphabet.name+", "+limits.String())
	}
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

func senderForms(t *trial) {
	b := t.bench(accept)
	if !b.has(provider.CanChooseSender) {
		m := t.message("Hello")
		m.From = "Example"
		b.wantUnsupported(m)
		return
	}
	for _, from := range []string{"Example", "306900000099", "+306900000099", "54321", "Ex 1"} {
		before := len(b.taken())
		m := t.message("Hello")
		m.From = from
		r := b.send(m)
		requests := b.taken()[before:]
		if r.err != nil && len(requests) == 0 {
			if from == "Example" {
				t.failf("From %q: Send returned %s, want accepted: the capability choose_sender is set", from, r)
			}
			b.wantCode(r, provider.SenderRejected, provider.Unsupported, provider.InvalidMessage)
			continue
		}
		b.wantAccepted(r)
		for _, rq := range requests {
			if v := values(rq.Values); !v.hasSender(from) {
				t.failf("From %q is not in the request. The request: %s", from, rq.Print)
			}
		}
	}
}

// hasSender accepts a number with or without its plus.
func (v values) hasSender(from string) bool {
	if v.has(from) {
		return true
	}
	return from[0] == '+' && v.has(from[1:])
}
