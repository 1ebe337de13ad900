package conformance

import (
	"strings"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

func httpFaultCases() []Case {
	const tls = "verify certificates, and return unavailable if no TLS session is established"
	return []Case{
		{ID: "fault.h2-goaway", Level: Must, needs: anHTTPLab, wire: true, run: http2Fault("h2-goaway", provider.Indeterminate),
			Why: whyDoubt, Source: "RFC 9113 §6.8", Fix: "use HTTP/1.1, or a library that does not repeat requests"},
		{ID: "fault.h2-refused-stream", Level: Must, needs: anHTTPLab, wire: true, run: http2Fault("h2-refused-stream", provider.Indeterminate, provider.Unavailable),
			Why: "HTTP libraries silently repeat a refused stream; retrying is the router's decision", Source: "RFC 9113 §8.7",
			Fix: "use HTTP/1.1, or a library that does not repeat requests"},
		{ID: "fault.tls-untrusted", Level: Must, Core: true, needs: anHTTPLab, wire: true, run: untrustedTLS,
			Why: "credentials must not be sent to a server without a valid certificate", Source: rfc9110 + " §4.3.4", Fix: tls},
		{ID: "fault.tls-gibberish", Level: Must, Core: true, needs: anHTTPLab, wire: true, run: tlsIntake(faultserver.Gibberish),
			Why: "nothing of the request was written, so that another attempt is safe", Source: contract + ", Unavailable", Fix: tls},
		{ID: "fault.tls-hang", Level: Must, Core: true, needs: anHTTPLab, wire: true, run: tlsIntake(faultserver.HangBeforeRead),
			Why: "nothing of the request was written, so that another attempt is safe", Source: contract + ", Unavailable", Fix: tls},
		{ID: "fault.gzip", Level: Must, needs: anHTTPLab, wire: true, run: gzipResponse, Why: whyGood, Source: rfc9110 + " §8.4.1.3",
			Fix: "decompress the response if the request said Accept-Encoding: gzip"},
		{ID: "fault.wrong-types", Level: Must, Core: true, needs: anHTTPLab, run: wrongTypes,
			Why: whyShape, Source: "RFC 8259", Fix: fixShape},
		{ID: "fault.duplicate-keys", Level: Should, needs: anHTTPLab, run: duplicateKeys,
			Why: "it is not defined which of two values counts: the outcome is accepted or unknown, never not sent", Source: "RFC 8259 §4", Fix: fixShape},
		{ID: "fault.bad-utf8", Level: Should, needs: anHTTPLab, run: badUTF8,
			Why: "vendors echo texts in the wrong encoding; the acceptance is valid nevertheless", Source: "RFC 8259 §8.1",
			Fix: "do not reject a response for invalid UTF-8 in fields that you do not need"},
	}
}

// ignoresBody makes a case not applicable if its fault looks like the empty
// acceptance of this vendor.
func (t *trial) ignoresBody(f Fault) {
	if !t.overHTTP() || len(f.Codes) == 0 || len(t.accepted().http().Body) > 0 {
		return
	}
	fault, err := faultserver.FaultNamed(f.Name)
	if err != nil || fault.Reply == nil {
		return
	}
	for _, spoilt := range []string{"reset", "close", "hang-after", "hang-in-head", "header-flood"} {
		if strings.HasPrefix(f.Name, spoilt) {
			return
		}
	}
	t.notApplicable("the vendor accepts with an empty body (accepted.http), so that the body does not matter")
}

// http2Fault is for drivers that use HTTP/2, which the suite supports without TLS
// only.
func http2Fault(name string, codes ...provider.Code) func(*trial) {
	return func(t *trial) {
		b := t.bench(accept)
		b.fail(name)
		ctx, cancel := contextFor(10 * t.pace.hang) // libraries retry for longer
		r := b.sendUnder(ctx, t.message("Hello"))
		cancel()
		if unseen(b, r) {
			ctx, cancel = contextFor(t.pace.call)
			r = b.sendUnder(ctx, t.message("Hello"))
			cancel()
		}
		for _, rq := range b.taken() {
			if httpRequest(rq).HTTP.ProtoMajor < 2 {
				t.notApplicable("the driver uses HTTP/1.1")
			}
		}
		b.wantCode(r, codes...)
		b.wantSends(1)
	}
}

func untrustedTLS(t *trial) {
	b := t.benchTLS(faultserver.ReadAll, faultserver.NewTLS)
	b.wantCode(b.send(t.message("Hello")), provider.Unavailable)
	b.wantSends(0)
}

func tlsIntake(intake faultserver.Intake) func(*trial) {
	return func(t *trial) {
		b := t.benchTLS(intake, faultserver.New)
		ctx, cancel := contextFor(t.pace.hang)
		defer cancel()
		b.wantCode(b.sendUnder(ctx, t.message("Hello")), provider.Unavailable)
	}
}

// benchTLS opens a provider with an https address.
func (t *trial) benchTLS(intake faultserver.Intake, start func(func(*faultserver.Request) faultserver.Reply) (*faultserver.Server, error)) *bench {
	b := &bench{trial: t, script: sayAlways(faultserver.Page(200)), warm: true}
	v := &httpVendor{lab: httpLab{others: t.OtherRequests}, respond: b.respond}
	server, err := start(v.handle)
	if err != nil {
		t.stopf("%v", err)
	}
	t.onEnd(server.Close)
	server.SetIntake(intake)
	v.Server, b.vendor = server, v
	b.p = t.open("https://"+strings.TrimPrefix(strings.TrimPrefix(server.URL, "http://"), "https://"), t.Open)
	return b
}

func gzipResponse(t *trial) {
	b := t.bench(accept)
	b.fail("gzip")
	r := b.send(t.message("Hello"))
	for _, rq := range b.taken() {
		if !strings.Contains(strings.ToLower(httpRequest(rq).HTTP.Header.Get("Accept-Encoding")), "gzip") {
			t.notApplicable("the driver does not accept gzip")
		}
	}
	b.wantAccepted(r)
}

func wrongTypes(t *trial) {
	// A number instead of a string, or the reverse, is not tested: vendors do change
	// the type of an id, and it is still the id.
	b := t.bench(accept)
	for _, wrong := range []any{map[string]any{"x": []any{}}, []any{true}, true, nil} {
		b.spoil(func(body []byte) ([]byte, bool) { return mapScalars(body, func(string) any { return wrong }) })
		if r := b.send(t.message("Hello")); r.err != nil {
			// Without its status word, a response may also be a refusal.
			b.wantCode(r, provider.Indeterminate, provider.Rejected, provider.InvalidMessage, provider.InvalidRecipient)
		} else if t.accepted().hasID() {
			t.failf("with every string and number of the response replaced by %v: Send returned %s, want indeterminate", wrong, r)
		}
	}
}

func duplicateKeys(t *trial) {
	b := t.bench(accept)
	b.spoil(func(body []byte) ([]byte, bool) {
		second, ok := mapStrings(body, func(string) any { return "" })
		if !ok || len(body) < 2 || body[0] != '{' || len(second) < 2 {
			return nil, false
		}
		return append(append(append([]byte{}, body[:len(body)-1]...), ','), second[1:]...), true
	})
	if r := b.send(t.message("Hello")); r.err != nil {
		b.wantCode(r, provider.Indeterminate)
	}
}

func badUTF8(t *trial) {
	b := t.bench(accept)
	b.spoil(func(body []byte) ([]byte, bool) {
		if len(body) < 2 || body[0] != '{' {
			return nil, false
		}
		return append([]byte("{\"zq_extra\":\"caf\xe9 \xff\","), body[1:]...), true
	})
	if r := b.send(t.message("Hello")); r.err != nil {
		b.wantCode(r, provider.Indeterminate)
	}
}

// spoil returns the accepted response with a changed JSON body. If the body cannot
// be changed that way, the case is not applicable.
func (b *bench) spoil(change func([]byte) ([]byte, bool)) {
	if _, ok := change(b.accepted().filled(b.plain("probe"), 1).Body); !ok {
		b.notApplicable("accepted.http is not JSON of the form that this case changes")
	}
	b.reset(httpScript(func(_ int, good faultserver.Response) faultserver.Reply {
		good.Body, _ = change(good.Body)
		return good.Reply()
	}).script)
}
