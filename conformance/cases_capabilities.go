package conformance

import (
	"net/http"
	"time"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

func capabilityCases() []Case {
	return []Case{
		{ID: "capabilities.bits", Level: Must, Core: true, run: capabilityBits,
			Why:    "callers decide by the capabilities; one without its method fails when it is needed",
			Source: contract + ", Capabilities, Feature"},
		{ID: "capabilities.constant", Level: Must, run: capabilitiesConstant,
			Why:    "routers plan with the capabilities; reading them must be free, and they must not change",
			Source: contract + ", Provider.Capabilities"},
		{ID: "capabilities.limits", Level: Must, http: true, run: limitsKept,
			Why:    "truncating a text that exceeds the vendor's limit is worse than refusing it",
			Source: contract + ", Capabilities.MaxCharacters"},
		{ID: "capabilities.sender", Level: Must, http: true, run: senderForms,
			Why:    "if the sender is silently dropped or changed, the message seems to come from somebody else",
			Source: contract + ", CanChooseSender"},
		{ID: "capabilities.schedule", Level: Must, run: withOption(provider.CanSchedule, "SendAt", func(m *provider.Message) {
			m.SendAt = time.Now().Add(26 * time.Hour).Truncate(time.Hour)
		}),
			Why:    "if the time is silently dropped, the message may be delivered in the middle of the night",
			Source: contract + ", Schedule"},
		{ID: "capabilities.validity", Level: Must, run: withOption(provider.CanSetValidity, "Validity", func(m *provider.Message) {
			m.Validity = time.Hour
		}),
			Why:    "if the validity is silently dropped, expired codes are delivered",
			Source: contract + ", Validity"},
		{ID: "lookups.failed", Level: Must, http: true, run: failedLookups,
			Why:    "a failed lookup must be an error: callers treat \"not found\" as proof that nothing was sent, and nil from Cancel as proof that nothing will be",
			Source: contract + ", Finder, Canceller"},
	}
}

func capabilityBits(t *trial) {
	if err := provider.CheckCapabilities(t.lab(accept).p); err != nil {
		t.failf("%v", err)
	}
}

func capabilitiesConstant(t *trial) {
	l := t.lab(func(n int, good faultserver.Response) faultserver.Reply {
		if n == 1 {
			return good.Reply()
		}
		return faultserver.Page(http.StatusUnauthorized).Reply()
	})
	first := l.p.Capabilities()
	if n := len(l.server.Requests()) - l.before; n > 0 {
		t.failf("Capabilities made %d requests", n)
	}
	for range 2 {
		l.send(t.message("Hello"))
		if now := l.p.Capabilities(); !now.Equal(first) {
			t.failf("Capabilities changed from %s to %s", first, now)
		}
	}
}

// limitsKept sends a text that exceeds the limit by one character.
func limitsKept(t *trial) {
	l := t.lab(accept)
	limits := l.p.Capabilities()
	text := ""
	switch {
	case limits.MaxCharacters > 0:
		text = pad(limits.MaxCharacters + 1)
	case limits.MaxSegments > 0:
		text = pad(160 + 153*limits.MaxSegments)
	default:
		t.notApplicable("the capabilities have no limit of characters or segments")
	}
	l.wantCode(l.send(t.message(text)), provider.Unsupported, provider.InvalidMessage)
	l.wantSends(0)
	if limits.MaxCharacters > 0 {
		l.wantAccepted(l.send(t.message(text[:limits.MaxCharacters])))
	}
}

func pad(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789"[i%10]
	}
	return string(b)
}

func senderForms(t *trial) {
	l := t.lab(accept)
	if !l.p.Capabilities().Has(provider.CanChooseSender) {
		m := t.message("Hello")
		m.From = "Example"
		l.wantCode(l.send(m), provider.Unsupported)
		l.wantSends(0)
		return
	}
	for _, from := range []string{"Example", "306900000099", "+306900000099", "54321", "Ex 1"} {
		before := len(l.taken())
		m := t.message("Hello")
		m.From = from
		r := l.send(m)
		requests := l.taken()[before:]
		if r.err != nil && len(requests) == 0 {
			if from == "Example" {
				t.failf("From %q: Send returned %s, want accepted: the capability choose_sender is set", from, r)
			}
			l.wantCode(r, provider.SenderRejected, provider.Unsupported, provider.InvalidMessage)
			continue
		}
		l.wantAccepted(r)
		for _, s := range requests {
			if v := valuesOf(s.request); t.Text == nil && !v.hasSender(from) {
				t.failf("From %q is not in the request. %s", from, dump(s))
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

// withOption sets a field that a driver must either honour or refuse.
func withOption(bit provider.Feature, field string, set func(*provider.Message)) func(*trial) {
	return func(t *trial) {
		l := t.lab(accept)
		m := t.message("Hello")
		set(m)
		r := l.send(m)
		if !l.p.Capabilities().Has(bit) {
			l.wantCode(r, provider.Unsupported)
			l.wantSends(0)
			return
		}
		l.wantAccepted(r)
		if !t.http() {
			return
		}
		l.wantSends(1)
		if !l.showsMoreThan(t.message("Hello")) {
			t.failf("%s is not in the request", field)
		}
	}
}

// showsMoreThan reports whether the first request has a value that the request of
// the same message without the option does not have.
func (l *lab) showsMoreThan(plain *provider.Message) bool {
	l.send(plain)
	requests := l.taken()
	if len(requests) < 2 {
		return false
	}
	with, without := valuesOf(requests[0].request), valuesOf(requests[1].request)
	first := requests[0].message
	for _, v := range with {
		if first != nil && (isNumber(v, first.To) || v == first.Ref) {
			continue
		}
		if !without.has(v) {
			return true
		}
	}
	return false
}

// lookup is an optional call whose result callers rely on.
type lookup struct {
	name string
	bit  provider.Feature
	call func(l *lab, id string) (claim string, err error) // claim = what a nil error says
}

func lookups() []lookup {
	return []lookup{
		{"Status", provider.HasStatus, func(l *lab, id string) (string, error) {
			_, err := provider.ReadStatus(l.ctx(), l.p, id)
			return "a status", err
		}},
		{"Find", provider.HasFind, func(l *lab, _ string) (string, error) {
			r, err := provider.Find(l.ctx(), l.p, l.message("Hello"), time.Now().Add(-time.Minute))
			if r == nil {
				return "that the message is not there", err
			}
			return "that the message is there", err
		}},
		{"Cancel", provider.HasCancel, func(l *lab, id string) (string, error) {
			return "that the message is cancelled", provider.Cancel(l.ctx(), l.p, id)
		}},
		{"Balance", provider.HasBalance, func(l *lab, _ string) (string, error) {
			_, err := provider.ReadBalance(l.ctx(), l.p)
			return "a balance", err
		}},
		{"Quote", provider.HasQuote, func(l *lab, _ string) (string, error) {
			_, err := provider.AskQuote(l.ctx(), l.p, l.message("Hello"))
			return "a quote", err
		}},
		{"StartVerification", provider.HasVerify, func(l *lab, _ string) (string, error) {
			_, err := provider.StartVerification(l.ctx(), l.p, &provider.VerificationRequest{To: l.message("code").To, Ref: "zq-verify"})
			return "that a code is on its way", err
		}},
		{"CheckVerification", provider.HasVerify, func(l *lab, _ string) (string, error) {
			v, err := provider.CheckVerification(l.ctx(), l.p, "zq-verify", "123456")
			return "that the code is " + string(v), err
		}},
		{"Inbox", provider.HasInbox, func(l *lab, _ string) (string, error) {
			_, _, err := provider.ReadInbox(l.ctx(), l.p, "")
			return "an inbox", err
		}},
		{"Check", provider.HasCheck, func(l *lab, _ string) (string, error) {
			return "that all is well", provider.Check(l.ctx(), l.p)
		}},
	}
}

// failedLookups fails all requests that do not send.
func failedLookups(t *trial) {
	failures := map[string]faultserver.Reply{
		"a dropped connection":   {End: faultserver.Reset},
		"status 500":             faultserver.Page(http.StatusInternalServerError).Reply(),
		"status 401":             faultserver.Page(http.StatusUnauthorized).Reply(),
		"status 302":             faultserver.Page(http.StatusFound).With("Location", "/login").Reply(),
		"a web page, status 200": faultserver.Page(http.StatusOK).Reply(),
	}
	asked := false
	for what, reply := range failures {
		// A new lab for each, as a driver may fetch a new token after a refusal.
		l := t.labAll(func(n int, good faultserver.Response) faultserver.Reply {
			if n == 1 {
				return good.Reply()
			}
			return reply
		})
		id := l.wantAccepted(l.send(t.message("Hello"))).ID
		for _, look := range lookups() {
			if !l.p.Capabilities().Has(look.bit) {
				continue
			}
			before := len(l.server.Requests())
			claim, err := look.call(l, id)
			switch asks := len(l.server.Requests()) > before; {
			case !asks:
			case err == nil:
				t.failf("%s after %s: returned %s, want an error", look.name, what, claim)
			case provider.CodeOf(err) == provider.Unsupported:
				t.failf("%s after %s: %q, although the capability is set", look.name, what, err)
			default:
				l.leaks(look.name+" after "+what+": the error", printed(err))
			}
			asked = asked || len(l.server.Requests()) > before
		}
	}
	if !asked {
		t.notApplicable("the driver makes no requests that do not send")
	}
}
