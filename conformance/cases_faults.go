package conformance

import (
	"context"
	"net/http"
	"strings"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

// faultCase is a fault of the catalogue and what may be said of the message.
type faultCase struct {
	name   string
	codes  []provider.Code // nil = only an acceptance is right
	accept bool            // an acceptance is right too
	why    string
	source string
}

const (
	whyDoubt = "the vendor may have the message: not sent means a duplicate, accepted means a lie"
	whyGood  = "the vendor has accepted: doubt here stops a message for nothing, or sends it twice"
	whyCap   = "a driver that reads without a limit is a way to take the whole program down"
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
		{name: "slow-answer", accept: true, why: whyGood},
		{name: "truncated-length", codes: doubt, why: whyDoubt, source: rfc9112 + " §8"},
		{name: "truncated-chunk", codes: doubt, why: whyDoubt, source: rfc9112 + " §8"},
		{name: "missing-last-chunk", codes: doubt, why: whyDoubt, source: rfc9112 + " §8"},
		{name: "empty-200", codes: doubt, why: "a success without the id that the vendor promises comes from something in between"},
		{name: "html-200", codes: doubt, why: "captive portals and maintenance pages answer 200"},
		{name: "json-null", codes: doubt, why: "an answer of the wrong shape proves nothing, and must not crash"},
		{name: "json-empty", codes: doubt, why: "an answer of the wrong shape proves nothing, and must not crash"},
		{name: "json-list", codes: doubt, why: "an answer of the wrong shape proves nothing, and must not crash"},
		{name: "json-deep", codes: doubt, why: "deep nesting overflows the stack of careless parsers"},
		{name: "chunked", accept: true, why: whyGood, source: rfc9112 + " §7.1"},
		{name: "bom", accept: true, why: "some vendors' frameworks write a byte order mark; the acceptance behind it is real", source: "RFC 8259 §8.1"},
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
			Why: "HTTP libraries repeat a refused stream in silence; whether to try again is the router's business", Source: "RFC 9113 §8.7"},
		{ID: "fault.refused", Level: Must, Core: true, http: true, run: connectionRefused,
			Why: "nothing was written, so the next attempt is safe; doubt here stops a message for nothing", Source: contract + ", Unavailable"},
		{ID: "fault.tls-untrusted", Level: Must, Core: true, http: true, run: untrustedTLS,
			Why: "credentials must not go to a server that cannot prove its name", Source: "RFC 9110 §4.3.4"},
		{ID: "fault.tls-gibberish", Level: Must, Core: true, http: true, run: tlsDoor(faultserver.Gibberish),
			Why: "nothing of the request was written, so the next attempt is safe", Source: contract + ", Unavailable"},
		{ID: "fault.tls-hang", Level: Must, Core: true, http: true, run: tlsDoor(faultserver.HangDoor),
			Why: "nothing of the request was written, so the next attempt is safe", Source: contract + ", Unavailable"},
		{ID: "fault.gzip", Level: Must, http: true, run: gzipAnswer, Why: whyGood, Source: rfc9110 + " §8.4.1.3"},
		{ID: "fault.wrong-types", Level: Must, Core: true, http: true, run: wrongTypes,
			Why: "an answer of the wrong shape proves nothing, and must not crash", Source: "RFC 8259"},
		{ID: "fault.duplicate-keys", Level: Should, http: true, run: duplicateKeys,
			Why: "which of two values counts is not defined: accepted or in doubt, never not sent", Source: "RFC 8259 §4"},
		{ID: "fault.bad-utf8", Level: Should, http: true, run: badUTF8,
			Why: "vendors repeat texts in the wrong encoding; the acceptance beside it is real", Source: "RFC 8259 §8.1"},
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
	l := t.lab(func(_ int, good faultserver.Answer) faultserver.Reply {
		if fault.Reply == nil {
			return good.Reply()
		}
		return fault.Reply(good)
	})
	if len(t.accepted().answer.Body) == 0 && fault.Reply != nil && !f.accept {
		t.emptyAcceptance(fault)
	}
	limit := sendTime
	if strings.HasPrefix(f.name, "hang") {
		limit = hang
		l.ready()
	}
	l.server.SetDoor(fault.Door)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	r := l.sendUnder(ctx, t.message("Hello"))
	if f.accept {
		l.wantAccepted(r)
	} else {
		l.wantCode(r, f.codes...)
	}
	l.wantAtMostOne(fault)
}

// emptyAcceptance leaves out the faults that look like the acceptance of a
// vendor who answers without a body.
func (t *trial) emptyAcceptance(f faultserver.Fault) {
	for _, spoilt := range []string{"reset", "close", "hang-after", "hang-in-head", "header-flood"} {
		if strings.HasPrefix(f.Name, spoilt) {
			return
		}
	}
	t.notApplicable("the vendor accepts with an empty body (accepted.http), so this body proves nothing")
}

// wantAtMostOne counts at the socket: requests, and connections where no
// request was read.
func (l *lab) wantAtMostOne(f faultserver.Fault) {
	if n := l.count(); n > 1 {
		l.failf("the server counted %d requests for one Send, want 1", n)
	}
	if f.Door == faultserver.ResetDoor && l.OtherRequests == nil && l.server.Connections() > 1 {
		l.failf("the server counted %d connections for one Send whose first was reset, want 1", l.server.Connections())
	}
}

// http2Fault is about drivers that speak HTTP/2, which the suite can see without
// TLS alone.
func http2Fault(name string, codes ...provider.Code) func(*trial) {
	return func(t *trial) {
		fault, err := faultserver.FaultNamed(name)
		if err != nil {
			t.stopf("%v", err)
		}
		l := t.lab(func(_ int, good faultserver.Answer) faultserver.Reply { return fault.Reply(good) })
		ctx, cancel := context.WithTimeout(context.Background(), patience) // libraries repeat for longer
		defer cancel()
		r := l.sendUnder(ctx, t.message("Hello"))
		for _, s := range l.taken() {
			if s.request.HTTP.ProtoMajor < 2 {
				t.notApplicable("the driver speaks HTTP/1.1")
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
	l := t.labTLS(faultserver.Open, faultserver.NewTLS)
	l.wantCode(l.send(t.message("Hello")), provider.Unavailable)
	l.wantSends(0)
}

func tlsDoor(door faultserver.Door) func(*trial) {
	return func(t *trial) {
		l := t.labTLS(door, faultserver.New)
		ctx, cancel := context.WithTimeout(context.Background(), hang)
		defer cancel()
		l.wantCode(l.sendUnder(ctx, t.message("Hello")), provider.Unavailable)
	}
}

// labTLS opens a provider with an https address.
func (t *trial) labTLS(door faultserver.Door, start func(func(*faultserver.Request) faultserver.Reply) (*faultserver.Server, error)) *lab {
	l := &lab{trial: t}
	server, err := start(func(rq *faultserver.Request) faultserver.Reply {
		l.record(rq)
		return faultserver.Page(http.StatusOK).Reply()
	})
	if err != nil {
		t.stopf("%v", err)
	}
	t.cleanups = append(t.cleanups, server.Close)
	server.SetDoor(door)
	l.server = server
	l.p = t.open("https://" + strings.TrimPrefix(strings.TrimPrefix(server.URL, "http://"), "https://"))
	return l
}

func gzipAnswer(t *trial) {
	fault, err := faultserver.FaultNamed("gzip")
	if err != nil {
		t.stopf("%v", err)
	}
	l := t.lab(func(_ int, good faultserver.Answer) faultserver.Reply { return fault.Reply(good) })
	r := l.send(t.message("Hello"))
	for _, s := range l.taken() {
		if !strings.Contains(strings.ToLower(s.request.HTTP.Header.Get("Accept-Encoding")), "gzip") {
			t.notApplicable("the driver does not ask for gzip")
		}
	}
	l.wantAccepted(r)
}

func wrongTypes(t *trial) {
	// A number instead of a string, or the reverse, is not among them: vendors do
	// change an id's type, and it is still the id.
	l := t.lab(accept)
	for _, wrong := range []any{map[string]any{"x": []any{}}, []any{true}, true, nil} {
		l.spoil(func(body []byte) ([]byte, bool) { return mapScalars(body, func(string) any { return wrong }) })
		if r := l.send(t.message("Hello")); r.err != nil {
			l.wantCode(r, append(t.refusals(), provider.Indeterminate)...)
		} else if t.accepted().hasID() {
			t.failf("every string and number of the answer replaced by %v: Send answered %s, want indeterminate", wrong, r)
		}
	}
}

// refusals are what an answer without its words may be read as: a status word
// that is gone may mean a no.
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

// spoil answers with a changed JSON body. If the body cannot be changed so, the
// case is not applicable.
func (l *lab) spoil(change func([]byte) ([]byte, bool)) {
	if _, ok := change(l.accepted().fill(l.message("probe"), 1).Body); !ok {
		l.notApplicable("accepted.http is not JSON of the form that this case spoils")
	}
	l.reset(func(_ int, good faultserver.Answer) faultserver.Reply {
		good.Body, _ = change(good.Body)
		return good.Reply()
	})
}
