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

	fixStatus     = " for this status, unless the vendor documents otherwise (httpcall.Response.ByStatus has the whole table); what the vendor documents of a bare status is a reply file without a body"
	fixRetryAfter = "read Retry-After as seconds or as a date relative to the Date header, and ignore what is neither"
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

func httpStatusCases() []Case {
	var cases []Case
	for _, b := range bareStatuses() {
		cases = append(cases, Case{
			ID: fmt.Sprintf("status.%d", b.status), Level: Must, Core: true, needs: anHTTPLab, Why: b.why,
			Source: rfc9110 + " §15", Fix: "return " + string(b.code) + fixStatus, run: b.run,
		})
	}
	return append(cases,
		Case{ID: "status.other-4xx", Level: Must, Core: true, needs: anHTTPLab, Why: "any other 4xx is a refusal: the same request fails again", Source: rfc9110 + " §15.5",
			Fix: "return rejected" + fixStatus, run: otherStatuses(provider.Rejected, 406, 412, 416, 417, 419, 423, 424, 426, 428, 444, 460, 499)},
		Case{ID: "status.other-5xx", Level: Must, Core: true, needs: anHTTPLab, Why: whyProxy, Source: rfc9110 + " §15.6",
			Fix: "return indeterminate" + fixStatus, run: otherStatuses(provider.Indeterminate, 506, 507, 508, 510, 511, 521, 522, 523, 524, 525, 526, 527, 530, 598, 599)},
		Case{ID: "status.503-retry-after", Level: Must, Core: true, needs: anHTTPLab, run: retryAfter(503, provider.Unavailable, "17", 17*time.Second),
			Why: "a server that asks to retry later has not processed the request", Source: rfc9110 + " §10.2.3, §15.6.4",
			Fix: "return unavailable with RetryAfter for 503 with Retry-After, and indeterminate without"},
		Case{ID: "status.429-seconds", Level: Must, needs: anHTTPLab, run: retryAfter(429, provider.RateLimited, "17", 17*time.Second),
			Why: "retrying too early is limited again, or gets the account blocked", Source: "RFC 6585 §4",
			Fix: fixRetryAfter},
		Case{ID: "status.429-date", Level: Must, needs: anHTTPLab, run: retryAfter(429, provider.RateLimited, "Fri, 06 Nov 2026 10:00:42 GMT", 42*time.Second),
			Why: "Retry-After may be a date, relative to the server's clock in its Date header", Source: rfc9110 + " §10.2.3",
			Fix: fixRetryAfter},
		Case{ID: "status.429-nonsense", Level: Must, needs: anHTTPLab, run: retryAfter(429, provider.RateLimited, "soon", 0),
			Why: "an invalid Retry-After must be ignored", Source: rfc9110 + " §10.2.3",
			Fix: fixRetryAfter},
	)
}

func (s bareStatus) run(t *trial) {
	page := faultserver.Page(s.status)
	if s.status == http.StatusNoContent {
		if len(t.accepted().http().Body) == 0 {
			t.notApplicable("the vendor accepts with an empty body (accepted.http)")
		}
		page = faultserver.Response{Status: s.status}
	}
	b := t.bench(sayAlways(page))
	b.wantCode(b.sendRefused(t.message("Hello"), s.code), append(t.documentedBare(s.status), s.code)...)
	b.wantSends(1)
}

// otherStatuses tries statuses that no vendor documents.
func otherStatuses(code provider.Code, statuses ...int) func(*trial) {
	return func(t *trial) {
		b := t.bench(accept)
		for _, status := range statuses {
			b.reset(sayAlways(faultserver.Page(status)))
			before := t.failed()
			b.wantCode(b.send(t.message("Hello")), append(t.documentedBare(status), code)...)
			b.wantSends(1)
			t.within(before, fmt.Sprintf("status %d", status))
		}
	}
}

// documentedBare returns the codes that the vendor documents for a status alone, by
// a reply without a body.
func (t *trial) documentedBare(status int) []provider.Code {
	var codes []provider.Code
	for _, code := range provider.Codes() {
		for _, r := range t.replies[string(code)] {
			if response := r.http(); response.Status == status && len(response.Body) == 0 {
				codes = append(codes, code)
			}
		}
	}
	return codes
}

func retryAfter(status int, code provider.Code, header string, want time.Duration) func(*trial) {
	return func(t *trial) {
		page := faultserver.Page(status).With("Retry-After", header).With("Date", "Fri, 06 Nov 2026 10:00:00 GMT")
		b := t.bench(sayAlways(page))
		e := b.wantCode(b.send(t.message("Hello")), append(t.documentedBare(status), code)...)
		if e.RetryAfter != want {
			t.failf("RetryAfter is %s, want %s", e.RetryAfter, want)
		}
	}
}

// receiptAny2xx changes the status of an acceptance.
func receiptAny2xx(t *trial) {
	b := t.bench(accept)
	for _, status := range []int{200, 201, 202, 203, 206, 207} {
		b.reset(httpScript(func(_ int, good faultserver.Response) faultserver.Reply {
			good.Status = status
			return good.Reply()
		}).script)
		if r := b.send(t.message("Hello")); r.err != nil {
			t.failf("status %d with the accepted response: Send returned %s, want accepted", status, r)
		}
	}
}
