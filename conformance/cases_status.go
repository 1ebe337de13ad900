package conformance

import (
	"fmt"
	"net/http"
	"time"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

// bareStatus is what a status proves when its body says nothing that the vendor
// documents.
type bareStatus struct {
	status int
	code   provider.Code
	why    string
}

const (
	whyProxy    = "proxies answer it after they have forwarded the request: the message may be on its way"
	whyNotTaken = "this address did not take the request: the next attempt is safe"
)

func bareStatuses() []bareStatus {
	return []bareStatus{
		{204, provider.Indeterminate, "an acceptance without the id that the vendor promises proves nothing"},
		{400, provider.Rejected, "the vendor looked at the request and will not have it"},
		{401, provider.Unauthenticated, "wrong credentials need a human"},
		{402, provider.InsufficientFunds, "an empty account needs a human"},
		{403, provider.Unavailable, whyNotTaken},
		{404, provider.Unavailable, whyNotTaken},
		{405, provider.Unavailable, whyNotTaken},
		{407, provider.Unauthenticated, "the proxy wants credentials"},
		{408, provider.Indeterminate, "servers say so in the middle of a request too"},
		{409, provider.Indeterminate, "a conflict may be with the first copy of this very message"},
		{410, provider.Unavailable, whyNotTaken},
		{411, provider.Unavailable, whyNotTaken},
		{413, provider.Unavailable, whyNotTaken},
		{414, provider.Unavailable, whyNotTaken},
		{415, provider.Unavailable, whyNotTaken},
		{418, provider.Rejected, "any other 4xx is a refusal"},
		{421, provider.Unavailable, whyNotTaken},
		{422, provider.Rejected, "the vendor looked at the request and will not have it"},
		{425, provider.Unavailable, whyNotTaken},
		{429, provider.RateLimited, "a limit is no failure and no refusal"},
		{431, provider.Unavailable, whyNotTaken},
		{451, provider.Unavailable, whyNotTaken},
		{500, provider.Indeterminate, "the vendor may have failed after it took the message"},
		{501, provider.Unavailable, whyNotTaken},
		{502, provider.Indeterminate, whyProxy},
		{503, provider.Indeterminate, whyProxy},
		{504, provider.Indeterminate, whyProxy},
		{505, provider.Unavailable, whyNotTaken},
		{520, provider.Indeterminate, whyProxy},
	}
}

func statusCases() []Case {
	var cases []Case
	for _, b := range bareStatuses() {
		cases = append(cases, Case{
			ID: fmt.Sprintf("status.%d", b.status), Level: Must, Core: true, http: true, Why: b.why,
			Source: rfc9110 + " §15", run: b.run,
		})
	}
	return append(cases,
		Case{ID: "status.503-retry-after", Level: Must, Core: true, http: true, run: retryAfter(503, provider.Unavailable, "17", 17*time.Second),
			Why: "a server that says when to come back has not taken the request", Source: rfc9110 + " §10.2.3, §15.6.4"},
		Case{ID: "status.429-seconds", Level: Must, http: true, run: retryAfter(429, provider.RateLimited, "17", 17*time.Second),
			Why: "who comes back too early is limited again, or banned", Source: "RFC 6585 §4"},
		Case{ID: "status.429-date", Level: Must, http: true, run: retryAfter(429, provider.RateLimited, "Fri, 06 Nov 2026 10:00:42 GMT", 42*time.Second),
			Why: "Retry-After may be a date; it is meant by the server's clock, which its Date header tells", Source: rfc9110 + " §10.2.3"},
		Case{ID: "status.429-nonsense", Level: Must, http: true, run: retryAfter(429, provider.RateLimited, "soon", 0),
			Why: "an unreadable hint is no hint, and no reason to fail otherwise", Source: rfc9110 + " §10.2.3"},
	)
}

func (b bareStatus) run(t *trial) {
	page := faultserver.Page(b.status)
	if b.status == http.StatusNoContent {
		page = faultserver.Answer{Status: b.status}
	}
	codes := append(t.documentedBare(b.status), b.code)
	if len(t.accepted().answer.Body) == 0 && b.status == http.StatusNoContent {
		t.notApplicable("the vendor accepts with an empty body (accepted.http)")
	}
	l := t.lab(func(int, faultserver.Answer) faultserver.Reply { return page.Reply() })
	l.wantCode(l.sendRefused(t.message("Hello"), b.code), codes...)
	l.wantSends(1)
}

// documentedBare are the codes that the vendor documents for a status alone: a
// reply without a body.
func (t *trial) documentedBare(status int) []provider.Code {
	var codes []provider.Code
	for _, code := range provider.Codes() {
		for _, r := range t.replies[string(code)] {
			if r.answer.Status == status && len(r.answer.Body) == 0 {
				codes = append(codes, code)
			}
		}
	}
	return codes
}

func retryAfter(status int, code provider.Code, header string, want time.Duration) func(*trial) {
	return func(t *trial) {
		page := faultserver.Page(status).With("Retry-After", header).With("Date", "Fri, 06 Nov 2026 10:00:00 GMT")
		l := t.lab(func(int, faultserver.Answer) faultserver.Reply { return page.Reply() })
		e := l.wantCode(l.send(t.message("Hello")), append(t.documentedBare(status), code)...)
		if e.RetryAfter != want {
			t.failf("RetryAfter is %s, want %s", e.RetryAfter, want)
		}
	}
}
