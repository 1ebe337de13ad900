package conformance

import (
	"net/http"
	"strconv"
	"time"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

// codeCases check the driver against the vendor's documented responses, one case
// for each code.
func codeCases() []Case {
	whys := map[provider.Code]string{
		provider.InvalidRecipient:  "trying an invalid number at every provider costs money and reputation",
		provider.InvalidMessage:    "an invalid text is invalid everywhere; it must be reported, not retried",
		provider.OptedOut:          "sending through another provider to a person who opted out is illegal in most countries",
		provider.SenderRejected:    "another provider may accept the sender; giving up loses the message",
		provider.Unsupported:       "another provider may support it; giving up loses the message",
		provider.NoRoute:           "another provider may reach the number; giving up loses the message",
		provider.Rejected:          "a refusal reported as not sent is retried in vain",
		provider.RateLimited:       "a rate limit reported as a failure opens circuit breakers; reported as a refusal, it loses messages",
		provider.Unauthenticated:   "invalid credentials need an operator; retries may lock the account",
		provider.InsufficientFunds: "an empty account needs an operator; the message goes to the next provider",
		provider.Unavailable:       "if the vendor documents that the message was not accepted, another attempt is safe",
		provider.Indeterminate:     "if the vendor documents that the message may have been accepted, it must not be reported as not sent",
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
		Why:    "many vendors return errors with status 200; an error reported as accepted loses the message",
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
		l.reset(func(n int, _ faultserver.Response) faultserver.Reply { return documented.fill(m, n).Reply() })
		before := len(t.failures)
		e := l.wantCode(l.sendRefused(m, code), code)
		l.wantSends(1)
		if documented.vendorCode != "" && e.VendorCode != documented.vendorCode {
			t.failf("VendorCode is %q, want %q", e.VendorCode, documented.vendorCode)
		}
		seconds, err := strconv.Atoi(documented.response.Header.Get("Retry-After"))
		if wait := time.Duration(seconds) * time.Second; err == nil && e.RetryAfter != wait {
			t.failf("RetryAfter is %s, want %s", e.RetryAfter, wait)
		}
		for i := before; i < len(t.failures); i++ {
			t.failures[i] = documented.file + ": " + t.failures[i]
		}
	}
}

// errorIn2xx returns each documented refusal with status 200.
func errorIn2xx(t *trial) {
	tried := 0
	l := t.lab(accept)
	for _, code := range provider.Codes() {
		for _, documented := range t.replies[string(code)] {
			if len(documented.response.Body) == 0 {
				continue
			}
			tried++
			m := t.message("Hello")
			l.reset(func(n int, _ faultserver.Response) faultserver.Reply {
				a := documented.fill(m, n)
				a.Status = http.StatusOK
				return a.Reply()
			})
			if r := l.send(m); r.err == nil {
				t.failf("%s with status 200: Send returned %s, want an error", documented.file, r)
			}
		}
	}
	if tried == 0 {
		t.notApplicable("Replies has no refusal with a body")
	}
}
