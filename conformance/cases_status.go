package conformance

import (
	"fmt"
	"net/http"
	"time"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

// bareStatus is the code for a status without a documented body.
type bareStatus struct {
	status int
	code   provider.Code
	why    string
}

const (
	whyProxy    = "proxies return it after forwarding the request: the vendor may have the message"
	whyNotTaken = "the request was not processed: another attempt is safe"
)

func bareStatuses() []bareStatus {
	return []bareStatus{
		{204, provider.Indeterminate, "a success without the documented id proves nothing"},
		{400, provider.Rejected, "the vendor has examined the request and refuses it"},
		{401, provider.Unauthenticated, "invalid credentials need an operator"},
		{402, provider.InsufficientFunds, "an empty account needs an operator"},
		{403, provider.Unavailable, whyNotTaken},
		{404, provider.Unavailable, whyNotTaken},
		{405, provider.Unavailable, whyNotTaken},
		{407, provider.Unauthenticated, "the proxy requires credentials"},
		{408, provider.Indeterminate, "servers return it in the middle of a request too"},
		{409, provider.Indeterminate, "the conflict may be with an earlier copy of the same message"},
		{410, provider.Unavailable, whyNotTaken},
		{411, provider.Unavailable, whyNotTaken},
		{413, provider.Unavailable, whyNotTaken},
		{414, provider.Unavailable, whyNotTaken},
		{415, provider.Unavailable, whyNotTaken},
		{418, provider.Rejected, "any other 4xx is a refusal"},
		{421, provider.Unavailable, whyNotTaken},
		{422, provider.Rejected, "the vendor has examined the request and refuses it"},
		{425, provider.Unavailable, whyNotTaken},
		{429, provider.RateLimited, "a rate limit is neither a failure nor a refusal"},
		{431, provider.Unavailable, whyNotTaken},
		{451, provider.Unavailable, whyNotTaken},
		{500, provider.Indeterminate, "the vendor may have failed after accepting the message"},
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
			Why: "a server that asks to retry later has not processed the request", Source: rfc9110 + " §10.2.3, §15.6.4"},
		Case{ID: "status.429-seconds", Level: Must, http: true, run: retryAfter(429, provider.RateLimited, "17", 17*time.Second),
			Why: "retrying too early is limited again, or gets the account blocked", Source: "RFC 6585 §4"},
		Case{ID: "status.429-date", Level: Must, http: true, run: retryAfter(429, provider.RateLimited, "Fri, 06 Nov 2026 10:00:42 GMT", 42*time.Second),
			Why: "Retry-After may be a date, relative to the server's clock in its Date header", Source: rfc9110 + " §10.2.3"},
		Case{ID: "status.429-nonsense", Level: Must, http: true, run: retryAfter(429, provider.RateLimited, "soon", 0),
			Why: "an invalid Retry-After must be ignored", Source: rfc9110 + " §10.2.3"},
	)
}

func (b bareStatus) run(t *trial) {
	page := faultserver.Page(b.status)
	if b.status == http.StatusNoContent {
		page = faultserver.Response{Status: b.status}
	}
	codes := append(t.documentedBare(b.status), b.code)
	if len(t.accepted().response.Body) == 0 && b.status == http.StatusNoContent {
		t.notApplicable("the vendor accepts with an empty body (accepted.http)")
	}
	l := t.lab(func(int, faultserver.Response) faultserver.Reply { return page.Reply() })
	l.wantCode(l.sendRefused(t.message("Hello"), b.code), codes...)
	l.wantSends(1)
}

// documentedBare returns the codes that the vendor documents for a status alone, by
// a reply without a body.
func (t *trial) documentedBare(status int) []provider.Code {
	var codes []provider.Code
	for _, code := range provider.Codes() {
		for _, r := range t.replies[string(code)] {
			if r.response.Status == status && len(r.response.Body) == 0 {
				codes = append(codes, code)
			}
		}
	}
	return codes
}

func retryAfter(status int, code provider.Code, header string, want time.Duration) func(*trial) {
	return func(t *trial) {
		page := faultserver.Page(status).With("Retry-After", header).With("Date", "Fri, 06 Nov 2026 10:00:00 GMT")
		l := t.lab(func(int, faultserver.Response) faultserver.Reply { return page.Reply() })
		e := l.wantCode(l.send(t.message("Hello")), append(t.documentedBare(status), code)...)
		if e.RetryAfter != want {
			t.failf("RetryAfter is %s, want %s", e.RetryAfter, want)
		}
	}
}
