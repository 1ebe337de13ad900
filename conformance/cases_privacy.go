package conformance

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

func privacyCases() []Case {
	const source = "OWASP Logging Cheat Sheet, Data to exclude; GDPR Art. 5(1)(c)"
	return []Case{
		{ID: "privacy.errors", Level: Must, Core: true, http: true, run: privateErrors,
			Why: "errors are logged; a key, a number or a text in one is disclosed", Source: source},
		{ID: "privacy.transport-errors", Level: Must, Core: true, http: true, run: privateTransportErrors,
			Why: "errors of HTTP libraries contain the URL with its query", Source: source},
		{ID: "privacy.receipt", Level: Must, Core: true, http: true, run: privateReceipt,
			Why: "vendors echo requests; callers store the raw response and print receipts", Source: source},
		{ID: "privacy.provider", Level: Must, run: privateProvider,
			Why: "a provider that is printed with %+v must not print its credentials", Source: source},
	}
}

// leaks finds secrets, in the forms in which they are sent.
func (t *trial) leaks(what, text string) {
	for i, secret := range t.Secrets {
		forms := []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))}
		for _, form := range forms {
			if form != "" && strings.Contains(text, form) {
				t.failf("%s contains secret %d of the harness", what, i+1)
				break
			}
		}
	}
}

// leaksMessage also finds the number and the text.
func (t *trial) leaksMessage(what, text string, m *provider.Message) {
	t.leaks(what, text)
	_, national := m.To.Split()
	if strings.Contains(text, national) {
		t.failf("%s contains the recipient's number", what)
	}
	if strings.Contains(text, m.Text) || strings.Contains(text, url.QueryEscape(m.Text)) {
		t.failf("%s contains the text", what)
	}
}

// printed is a value as fmt and slog print it.
func printed(v any) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v\n%+v\n%#v\n%s\n%q\n", v, v, v, v, v)
	slog.New(slog.NewTextHandler(&b, nil)).Info("", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("", "v", v)
	return b.String()
}

// checkError checks an error and everything that it wraps.
func (l *lab) checkError(what string, r result, m *provider.Message) {
	if r.err == nil {
		return
	}
	l.leaksMessage(what+": the error", printed(r.err), m)
	if _, ok := errors.AsType[*provider.Error](r.err); !ok {
		l.failf("%s: the error does not wrap a *provider.Error: %q", what, r.err)
	}
}

const privateText = "zq-private-text 4829137"

// credentials returns the secrets, and the credentials in the requests. Tokens that
// a driver fetches are not included, as they are short-lived.
func (l *lab) credentials() []string {
	var all []string
	if l.OtherRequests != nil {
		return l.Secrets
	}
	for _, s := range l.taken() {
		if s.request.HTTP == nil {
			continue
		}
		for _, header := range []string{"Authorization", "X-Api-Key"} {
			if value := s.request.HTTP.Header.Get(header); value != "" {
				all = append(all, value)
			}
		}
	}
	return append(all, l.Secrets...)
}

// privateErrors makes the vendor echo the credentials, the number and the text in
// each of its documented errors and in a web page.
func privateErrors(t *trial) {
	l := t.lab(accept)
	for _, code := range provider.Codes() {
		for _, documented := range t.replies[string(code)] {
			l.echo(documented.file, func(m *provider.Message, n int, echo string) faultserver.Response {
				a := documented.fill(m, n)
				if changed, ok := mapStrings(a.Body, func(s string) any { return s + " " + echo }); ok {
					a.Body = changed
				} else {
					a.Body = append(a.Body, echo...)
				}
				return a
			})
		}
	}
	for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusInternalServerError, http.StatusOK} {
		l.echo(fmt.Sprintf("a page with status %d", status), func(_ *provider.Message, _ int, echo string) faultserver.Response {
			a := faultserver.Page(status).With("X-Echo", echo)
			a.Body = append(a.Body, echo...)
			return a
		})
	}
}

func (l *lab) echo(what string, respond func(m *provider.Message, n int, echo string) faultserver.Response) {
	m := l.message(privateText)
	l.reset(func(n int, _ faultserver.Response) faultserver.Reply {
		echo := strings.Join(append(l.credentials(), m.To.String(), m.Text), " ")
		return respond(m, n, echo).Reply()
	})
	r := l.send(m)
	l.checkError(what, r, m)
	if r.err == nil {
		return
	}
	for _, c := range l.credentials() {
		if strings.Contains(printed(r.err), c) {
			l.failf("%s: the error contains the credentials of the request", what)
		}
	}
}

func privateTransportErrors(t *trial) {
	for _, name := range []string{"reset-after-read", "gibberish", "truncated-length", "reset-in-request"} {
		fault, err := faultserver.FaultNamed(name)
		if err != nil {
			t.stopf("%v", err)
		}
		l := t.lab(func(_ int, good faultserver.Response) faultserver.Reply { return fault.Reply(good) })
		l.server.SetIntake(fault.Intake)
		m := t.message(privateText)
		l.checkError(name, l.send(m), m)
	}
	l := t.lab(accept)
	l.server.Refuse()
	m := t.message(privateText)
	l.checkError("refused", l.send(m), m)
}

func privateReceipt(t *trial) {
	m := t.message(privateText)
	l := t.lab(accept)
	l.reset(func(n int, good faultserver.Response) faultserver.Reply {
		said, err := json.Marshal(strings.Join(append(l.credentials(), m.To.String(), m.Text), " "))
		if err == nil && len(good.Body) > 2 && good.Body[0] == '{' {
			good.Body = append([]byte(`{"zq_echo":`+string(said)+`,`), good.Body[1:]...)
		}
		return good.Reply()
	})
	r := l.send(m)
	if r.receipt == nil {
		t.stopf("Send returned %s, want accepted", r)
	}
	t.leaks("Receipt.Raw", string(r.receipt.Raw))
	if len(r.receipt.Raw) > 0 && !json.Valid(r.receipt.Raw) {
		t.failf("Receipt.Raw is not JSON")
	}
	encoded, err := json.Marshal(r.receipt)
	if err != nil {
		t.failf("the receipt cannot be marshalled as JSON: %v", err)
	}
	// The id is the vendor's and may contain anything.
	rest := strings.ReplaceAll(printed(r.receipt)+printed(*r.receipt)+string(encoded), r.receipt.ID, "")
	t.leaksMessage("the printed receipt", rest, m)
}

func privateProvider(t *trial) {
	l := t.lab(accept)
	before := len(t.failures)
	t.leaks("the provider printed", fmt.Sprintf("%v\n%+v\n%#v\n%s", l.p, l.p, l.p, l.p))
	if len(t.failures) > before {
		t.failf("fmt prints unexported fields without calling their methods: give the provider String and GoString methods, or keep its settings behind a pointer")
	}
}
