package conformance

import (
	"bytes"
	"encoding/json"
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
			ID: "codes." + string(code), Level: Must, Core: true, needs: aLab, Why: whys[code],
			Source: contract + ", Code; the replies name the vendor's documents",
			Fix:    "map the vendor's code to " + string(code) + " in the driver's table of codes, and set Error.VendorCode to it",
			run:    func(t *trial) { documentedCode(t, code) },
		})
	}
	return append(cases,
		Case{
			ID: "codes.error-2xx", Level: Must, Core: true, needs: anHTTPLab, run: errorIn2xx,
			Why:    "many vendors return errors with status 200; an error reported as accepted loses the message",
			Source: contract + ", Provider.Send",
			Fix:    "look for the vendor's error in the body before anything else, whatever the status",
		},
		Case{
			ID: "codes.id-and-error", Level: Must, Core: true, needs: anHTTPLab, run: idAndError,
			Why:    "vendors give even refused messages an id; a refusal reported as accepted loses the message",
			Source: contract + ", Provider.Send",
			Fix:    "an id is an acceptance only without an error beside it; with both, return the error's code or indeterminate",
		})
}

func documentedCode(t *trial, code provider.Code) {
	replies := t.replies[string(code)]
	if len(replies) == 0 {
		t.notApplicable("Replies has no %s.%s", code, t.lab.Extension())
	}
	b := t.bench(accept)
	for _, documented := range replies {
		m := t.message("Hello")
		b.reset(func(n int, _ []byte) Reply { return Reply{Text: documented.fill(m, n)} })
		before := t.failed()
		e := b.wantCode(b.sendRefused(m, code), code)
		b.wantSends(1)
		if documented.vendorCode != "" && e.VendorCode != documented.vendorCode {
			t.failf("VendorCode is %q, want %q", e.VendorCode, documented.vendorCode)
		}
		t.checkRetryAfter(documented, e)
		t.within(before, documented.file)
	}
}

// checkRetryAfter compares with the header of an HTTP response.
func (t *trial) checkRetryAfter(documented reply, e *provider.Error) {
	if !t.overHTTP() {
		return
	}
	seconds, err := strconv.Atoi(documented.http().Header.Get("Retry-After"))
	if wait := time.Duration(seconds) * time.Second; err == nil && e.RetryAfter != wait {
		t.failf("RetryAfter is %s, want %s", e.RetryAfter, wait)
	}
}

// refusals lists the documented refusals.
func (t *trial) refusals() []reply {
	var all []reply
	for _, code := range provider.Codes() {
		all = append(all, t.replies[string(code)]...)
	}
	return all
}

// filled is a reply with its placeholders replaced by those of a message.
func (r reply) filled(m *provider.Message, serial int) faultserver.Response {
	return reply{text: r.fill(m, serial)}.http()
}

// errorIn2xx returns each documented refusal with status 200.
func errorIn2xx(t *trial) {
	tried := 0
	b := t.bench(accept)
	for _, documented := range t.refusals() {
		if len(documented.http().Body) == 0 {
			continue
		}
		tried++
		m := t.message("Hello")
		response := documented.filled(m, 1)
		response.Status = http.StatusOK
		b.reset(sayAlways(response))
		if r := b.send(m); r.err == nil {
			t.failf("%s with status 200: Send returned %s, want an error", documented.file, r)
		}
	}
	if tried == 0 {
		t.notApplicable("Replies has no refusal with a body")
	}
}

// idAndError adds the fields of an acceptance to each documented refusal.
func idAndError(t *trial) {
	tried := 0
	b := t.bench(accept)
	for _, documented := range t.refusals() {
		m := t.message("Hello")
		response := documented.filled(m, 1)
		both, ok := merged(t.accepted().filled(m, 1).Body, response.Body)
		if !ok {
			continue
		}
		tried++
		response.Body = both
		for _, status := range []int{http.StatusOK, response.Status} {
			response.Status = status
			b.reset(sayAlways(response))
			if r := b.send(m); r.err == nil {
				t.failf("%s with status %d and the fields of %s beside the error: Send returned %s, want an error", documented.file, status, t.accepted().file, r)
			}
		}
	}
	if tried == 0 {
		t.notApplicable("no two of the replies are JSON objects of which one refuses and one accepts")
	}
}

// merged joins two JSON objects. What both have, other than objects, is the
// second's.
func merged(first, second []byte) ([]byte, bool) {
	var a, b map[string]any
	if unmarshalNumbers(first, &a) != nil || unmarshalNumbers(second, &b) != nil || len(a) == 0 || len(b) == 0 {
		return nil, false
	}
	joined, err := json.Marshal(mergedMaps(a, b))
	return joined, err == nil
}

func mergedMaps(a, b map[string]any) map[string]any {
	for key, value := range b {
		left, isMap := a[key].(map[string]any)
		right, both := value.(map[string]any)
		if isMap && both {
			value = mergedMaps(left, right)
		}
		a[key] = value
	}
	return a
}

func unmarshalNumbers(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return decoder.Decode(into)
}
