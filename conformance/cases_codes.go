package conformance

import (
	"net/http"
	"strconv"
	"time"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

// codeCases hold the driver to the vendor's documented answers, one case for
// each code.
func codeCases() []Case {
	whys := map[provider.Code]string{
		provider.InvalidRecipient:  "a bad number tried at every provider costs money and reputation",
		provider.InvalidMessage:    "a bad text is bad everywhere; a caller must be told, not a retry loop",
		provider.OptedOut:          "texting a person who said stop by another provider breaks the law in most countries",
		provider.SenderRejected:    "another provider may carry the sender; giving up loses the message",
		provider.Unsupported:       "another provider may be able to; giving up loses the message",
		provider.NoRoute:           "another provider may reach the number; giving up loses the message",
		provider.Rejected:          "an unknown refusal taken for not sent is tried again and again",
		provider.RateLimited:       "a limit taken for a failure opens breakers, and one taken for a refusal loses messages",
		provider.Unauthenticated:   "wrong credentials need a human, not retries that lock the account",
		provider.InsufficientFunds: "an empty account needs a human, and the next provider",
		provider.Unavailable:       "the documented \"not taken\" makes the next attempt safe",
		provider.Indeterminate:     "the documented \"perhaps\" must not be taken for a no",
	}
	var cases []Case
	for _, code := range provider.Codes() {
		cases = append(cases, Case{
			ID: "codes." + string(code), Level: Must, Core: true, http: true, Why: whys[code],
			Source: contract + ", Code; the replies name the vendor's documents",
			run:    func(t *trial) { documentedCode(t, code) },
		})
	}
	return append(cases, Case{
		ID: "codes.error-2xx", Level: Must, Core: true, http: true, run: errorIn2xx,
		Why:    "many vendors answer errors with status 200; an error taken for an acceptance is a message that never comes",
		Source: contract + ", Provider.Send",
	})
}

func documentedCode(t *trial, code provider.Code) {
	replies := t.replies[string(code)]
	if len(replies) == 0 {
		t.notApplicable("Replies has no %s.http", code)
	}
	l := t.lab(accept)
	for _, documented := range replies {
		m := t.message("Hello")
		l.reset(func(n int, _ faultserver.Answer) faultserver.Reply { return documented.fill(m, n).Reply() })
		before := len(t.failures)
		e := l.wantCode(l.sendRefused(m, code), code)
		l.wantSends(1)
		if documented.vendorCode != "" && e.VendorCode != documented.vendorCode {
			t.failf("VendorCode is %q, want %q", e.VendorCode, documented.vendorCode)
		}
		seconds, err := strconv.Atoi(documented.answer.Header.Get("Retry-After"))
		if wait := time.Duration(seconds) * time.Second; err == nil && e.RetryAfter != wait {
			t.failf("RetryAfter is %s, want %s", e.RetryAfter, wait)
		}
		for i := before; i < len(t.failures); i++ {
			t.failures[i] = documented.file + ": " + t.failures[i]
		}
	}
}

// errorIn2xx gives each documented refusal the status 200.
func errorIn2xx(t *trial) {
	tried := 0
	l := t.lab(accept)
	for _, code := range provider.Codes() {
		for _, documented := range t.replies[string(code)] {
			if len(documented.answer.Body) == 0 {
				continue
			}
			tried++
			m := t.message("Hello")
			l.reset(func(n int, _ faultserver.Answer) faultserver.Reply {
				a := documented.fill(m, n)
				a.Status = http.StatusOK
				return a.Reply()
			})
			if r := l.send(m); r.err == nil {
				t.failf("%s with status 200: Send answered %s, want an error", documented.file, r)
			}
		}
	}
	if tried == 0 {
		t.notApplicable("Replies has no refusal with a body")
	}
}
