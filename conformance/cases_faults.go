package conformance

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

// faultCase is a fault and the outcomes that a driver may report.
type faultCase struct {
	name   string
	codes  []provider.Code // nil = must be accepted
	accept bool            // accepted is right
	why    string
	source string
}

const (
	whyDoubt = "the vendor may have accepted the message; reporting not sent risks a duplicate, reporting accepted may be wrong"
	whyGood  = "the vendor has accepted the message; reporting anything else stops it needlessly, or sends it twice"
	whyCap   = "a driver that reads without a limit can exhaust the memory of the program"
)

var doubt = []provider.Code{provider.Indeterminate}

func faults() []faultCase {
	return []faultCase{
		{name: "reset-before-read", codes: []provider.Code{provider.Indeterminate, provider.Unavailable}, why: whyDoubt},
		{name: "hang-before-read", codes: doubt, why: whyDoubt},
		{name: "reset-in-request", codes: doubt, why: whyDoubt},
		{name: "slow-read", accept: true, why: whyGood},
		{name: "gibberish", codes: doubt, why: whyDoubt},
		{name: "reset-after-read", codes: doubt, why: whyDoubt},
		{name: "close-after-read", codes: doubt, why: whyDoubt},
		{name: "hang-after-read", codes: doubt, why: whyDoubt},
		{name: "hang-in-head", codes: doubt, why: whyDoubt},
		{name: "hang-in-body", codes: doubt, why: whyDoubt},
		{name: "slow-response", accept: true, why: whyGood},
		{name: "truncated-length", codes: doubt, why: whyDoubt, source: rfc9112 + " §8"},
		{name: "truncated-chunk", codes: doubt, why: whyDoubt, source: rfc9112 + " §8"},
		{name: "missing-last-chunk", codes: doubt, why: whyDoubt, source: rfc9112 + " §8"},
		{name: "empty-200", codes: doubt, why: "a success without the documented id probably comes from a proxy"},
		{name: "html-200", codes: doubt, why: "captive portals and maintenance pages have status 200"},
		{name: "json-null", codes: doubt, why: "a response of the wrong shape proves nothing, and must not crash the driver"},
		{name: "json-empty", codes: doubt, why: "a response of the wrong shape proves nothing, and must not crash the driver"},
		{name: "json-list", codes: doubt, why: "a response of the wrong shape proves nothing, and must not crash the driver"},
		{name: "json-deep", codes: doubt, why: "deep nesting overflows the stack of careless parsers"},
		{name: "chunked", accept: true, why: whyGood, source: rfc9112 + " §7.1"},
		{name: "bom", accept: true, why: "some web frameworks write a byte order mark; the acceptance after it is valid", source: "RFC 8259 §8.1"},
		{name: "gzip-bomb", codes: doubt, why: whyCap},
		{name: "huge-body", codes: doubt, why: whyCap},
		{name: "header-flood", codes: doubt, why: whyCap},
		{name: "continue", accept: true, why: whyGood, source: rfc9110 + " §15.2.1"},
		{name: "informational", accept: true, why: whyGood, source: rfc9110 + " §15.2"},
	}
}

func faultCases() []Case {
	cases := []Case{
		{ID: "fault.h2-goaway", Level: Must, http: true, run: http2Fault("h2-goaway", provider.Indeterminate),
			Why: whyDoubt, Source: "RFC 9113 §6.8"},
		{ID: "fault.h2-refused-stream", Level: Must, http: true, run: http2Fault("h2-refused-stream", provider.Indeterminate, provider.Unavailable),
			Why: "HTTP libraries silently repeat a refused stream; retrying is the router's decision", Source: "RFC 9113 §8.7"},
		{ID: "fault.refused", Level: Must, Core: true, http: true, run: connectionRefused,
			Why: "nothing was written, so that another attempt is safe; reporting unknown stops the message needlessly", Source: contract + ", Unavailable"},
		{ID: "fault.tls-untrusted", Level: Must, Core: true, http: true, run: untrustedTLS,
			Why: "credentials must not be sent to a server without a valid certificate", Source: "RFC 9110 §4.3.4"},
		{ID: "fault.tls-gibberish", Level: Must, Core: true, http: true, run: tlsIntake(faultserver.Gibberish),
			Why: "nothing of the request was written, so that another attempt is safe", Source: contract + ", Unavailable"},
		{ID: "fault.tls-hang", Level: Must, Core: true, http: true, run: tlsIntake(faultserver.HangBeforeRead),
			Why: "nothing of the request was written, so that another attempt is safe", Source: contract + ", Unavailable"},
		{ID: "fault.gzip", Level: Must, http: true, run: gzipResponse, Why: whyGood, Source: rfc9110 + " §8.4.1.3"},
		{ID: "fault.wrong-types", Level: Must, Core: true, http: true, run: wrongTypes,
			Why: "a response of the wrong shape proves nothing, and must not crash the driver", Source: "RFC 8259"},
		{ID: "fault.duplicate-keys", Level: Should, http: true, run: duplicateKeys,
			Why: "it is not defined which of two values counts: the outcome is accepted or unknown, never not sent", Source: "RFC 8259 §4"},
		{ID: "fault.bad-utf8", Level: Should, http: true, run: badUTF8,
			Why: "vendors echo texts in the wrong encoding; the acceptance is valid nevertheless", Source: "RFC 8259 §8.1"},
	}
	for _, f := range faults() {
		c := Case{ID: "fault." + f.name, Level: Must, Core: true, http: true, Why: f.why, Source: f.source, run: f.run}
		if c.Source == "" {
			c.Source = contract + ", Code"
		}
		cases = append(cases, c)
	}
	return cases
}

func (f faultCase) run(t *trial) {
	fault, err := faultserver.FaultNamed(f.name)
	if err != nil {
		t.stopf("%v", err)
	}
	l := t.lab(func(_ int, good faultserver.Response) faultserver.Reply {
		if fault.Reply == nil {
			return good.Reply()
		}
		return fault.Reply(good)
	})
	if len(t.accepted().response.Body) == 0 && fault.Reply != nil && !f.accept {
		t.emptyAcceptance(fault)
	}
	hangs := strings.HasPrefix(f.name, "hang")
	if hangs {
		l.ready()
	}
	l.server.SetIntake(fault.Intake)
	var r result
	if hangs {
		r = l.sendToSilence()
	} else {
		r = l.sendWithin(sendTime, t.message("Hello"))
	}
	if f.accept {
		l.wantAccepted(r)
	} else {
		l.wantCode(r, f.codes...)
	}
	l.wantAtMostOne(fault)
}

// sendToSilence sends to a server that does not respond. On a busy machine the time
// may be over before the driver writes anything; then there is a second message, with
// time enough.
func (l *lab) sendToSilence() result {
	r := l.sendWithin(hang, l.message("Hello"))
	if errors.Is(r.err, provider.Unavailable) && errors.Is(r.err, context.DeadlineExceeded) && l.count() == 0 {
		r = l.sendWithin(10*hang, l.message("Hello"))
	}
	return r
}

func (l *lab) sendWithin(limit time.Duration, m *provider.Message) result {
	ctx, cancel := contextFor(limit)
	defer cancel()
	return l.sendUnder(ctx, m)
}

// emptyAcceptance makes the case not applicable if its fault looks like the empty
// acceptance of this vendor.
func (t *trial) emptyAcceptance(f faultserver.Fault) {
	for _, spoilt := range []string{"reset", "close", "hang-after", "hang-in-head", "header-flood"} {
		if strings.HasPrefix(f.Name, spoilt) {
			return
		}
	}
	t.notApplicable("the vendor accepts with an empty body (accepted.http), so that the body does not matter")
}

// wantAtMostOne counts requests at the socket, and connections if no request was
// read.
func (l *lab) wantAtMostOne(f faultserver.Fault) {
	if n := l.count(); n > 1 {
		l.failf("the server received %d requests for one Send, want 1", n)
	}
	if f.Intake == faultserver.ResetBeforeRead && l.OtherRequests == nil && l.server.Connections() > 1 {
		l.failf("the server accepted %d connections for one Send, of which the first was reset; want 1", l.server.Connections())
	}
}

// http2Fault is for drivers that use HTTP/2, which the suite supports without TLS
// only.
func http2Fault(name string, codes ...provider.Code) func(*trial) {
	return func(t *trial) {
		fault, err := faultserver.FaultNamed(name)
		if err != nil {
			t.stopf("%v", err)
		}
		l := t.lab(func(_ int, good faultserver.Response) faultserver.Reply { return fault.Reply(good) })
		ctx, cancel := context.WithTimeout(context.Background(), patience) // libraries retry for longer
		defer cancel()
		r := l.sendUnder(ctx, t.message("Hello"))
		for _, s := range l.taken() {
			if s.request.HTTP.ProtoMajor < 2 {
				t.notApplicable("the driver uses HTTP/1.1")
			}
		}
		l.wantCode(r, codes...)
		l.wantSends(1)
	}
}

func connectionRefused(t *trial) {
	l := t.lab(accept)
	l.server.Refuse()
	l.wantCode(l.send(t.message("Hello")), provider.Unavailable)
	l.wantSends(0)
}

func untrustedTLS(t *trial) {
	l := t.labTLS(faultserver.ReadAll, faultserver.NewTLS)
	l.wantCode(l.send(t.message("Hello")), provider.Unavailable)
	l.wantSends(0)
}

func tlsIntake(intake faultserver.Intake) func(*trial) {
	return func(t *trial) {
		l := t.labTLS(intake, faultserver.New)
		ctx, cancel := context.WithTimeout(context.Background(), hang)
		defer cancel()
		l.wantCode(l.sendUnder(ctx, t.message("Hello")), provider.Unavailable)
	}
}

// labTLS opens a provider with an https address.
func (t *trial) labTLS(intake faultserver.Intake, start func(func(*faultserver.Request) faultserver.Reply) (*faultserver.Server, error)) *lab {
	l := &lab{trial: t}
	server, err := start(func(rq *faultserver.Request) faultserver.Reply {
		l.record(rq)
		return faultserver.Page(http.StatusOK).Reply()
	})
	if err != nil {
		t.stopf("%v", err)
	}
	t.cleanups = append(t.cleanups, server.Close)
	server.SetIntake(intake)
	l.server = server
	l.p = t.open("https://" + strings.TrimPrefix(strings.TrimPrefix(server.URL, "http://"), "https://"))
	return l
}

func gzipResponse(t *trial) {
	fault, err := faultserver.FaultNamed("gzip")
	if err != nil {
		t.stopf("%v", err)
	}
	l := t.lab(func(_ int, good faultserver.Response) faultserver.Reply { return fault.Reply(good) })
	r := l.send(t.message("Hello"))
	for _, s := range l.taken() {
		if !strings.Contains(strings.ToLower(s.request.HTTP.Header.Get("Accept-Encoding")), "gzip") {
			t.notApplicable("the driver does not accept gzip")
		}
	}
	l.wantAccepted(r)
}

func wrongTypes(t *trial) {
	// A number instead of a string, or the reverse, is not tested: vendors do change
	// the type of an id, and it is still the id.
	l := t.lab(accept)
	for _, wrong := range []any{map[string]any{"x": []any{}}, []any{true}, true, nil} {
		l.spoil(func(body []byte) ([]byte, bool) { return mapScalars(body, func(string) any { return wrong }) })
		if r := l.send(t.message("Hello")); r.err != nil {
			l.wantCode(r, append(t.refusals(), provider.Indeterminate)...)
		} else if t.accepted().hasID() {
			t.failf("with every string and number of the response replaced by %v: Send returned %s, want indeterminate", wrong, r)
		}
	}
}

// refusals are the codes that a response without a status word may mean.
func (t *trial) refusals() []provider.Code {
	return []provider.Code{provider.Rejected, provider.InvalidMessage, provider.InvalidRecipient}
}

func duplicateKeys(t *trial) {
	l := t.lab(accept)
	l.spoil(func(body []byte) ([]byte, bool) {
		second, ok := mapStrings(body, func(string) any { return "" })
		if !ok || len(body) < 2 || body[0] != '{' || len(second) < 2 {
			return nil, false
		}
		return append(append(append([]byte{}, body[:len(body)-1]...), ','), second[1:]...), true
	})
	if r := l.send(t.message("Hello")); r.err != nil {
		l.wantCode(r, provider.Indeterminate)
	}
}

func badUTF8(t *trial) {
	l := t.lab(accept)
	l.spoil(func(body []byte) ([]byte, bool) {
		if len(body) < 2 || body[0] != '{' {
			return nil, false
		}
		return append([]byte("{\"zq_extra\":\"caf\xe9 \xff\","), body[1:]...), true
	})
	if r := l.send(t.message("Hello")); r.err != nil {
		l.wantCode(r, provider.Indeterminate)
	}
}

// spoil returns the accepted response with a changed JSON body. If the body cannot
// be changed that way, the case is not applicable.
func (l *lab) spoil(change func([]byte) ([]byte, bool)) {
	if _, ok := change(l.accepted().fill(l.message("probe"), 1).Body); !ok {
		l.notApplicable("accepted.http is not JSON of the form that this case changes")
	}
	l.reset(func(_ int, good faultserver.Response) faultserver.Reply {
		good.Body, _ = change(good.Body)
		return good.Reply()
	})
}
