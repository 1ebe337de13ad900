package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

// credentials returns the secrets, and the credentials in the requests. Tokens that
// a driver fetches are not included, as they are short-lived.
func (b *bench) credentials() []string {
	var all []string
	if b.OtherRequests != nil {
		return b.Secrets
	}
	for _, r := range b.taken() {
		for _, header := range []string{"Authorization", "X-Api-Key"} {
			if value := httpRequest(r).HTTP.Header.Get(header); value != "" {
				all = append(all, value)
			}
		}
	}
	return append(all, b.Secrets...)
}

// echoErrors makes the vendor echo the credentials, the number and the text in each
// of its documented errors and in a web page.
func (b *bench) echoErrors() {
	for _, documented := range b.refusals() {
		b.echo(documented.file, func(m *provider.Message, n int, echo string) faultserver.Response {
			a := documented.filled(m, n)
			if changed, ok := mapStrings(a.Body, func(s string) any { return s + " " + echo }); ok {
				a.Body = changed
			} else {
				a.Body = append(a.Body, echo...)
			}
			return a
		})
	}
	for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusInternalServerError, http.StatusOK} {
		b.echo(fmt.Sprintf("a page with status %d", status), func(_ *provider.Message, _ int, echo string) faultserver.Response {
			a := faultserver.Page(status).With("X-Echo", echo)
			a.Body = append(a.Body, echo...)
			return a
		})
	}
}

func (b *bench) echo(what string, respond func(m *provider.Message, n int, echo string) faultserver.Response) {
	m := b.plain(privateText)
	b.reset(httpScript(func(n int, _ faultserver.Response) faultserver.Reply {
		return respond(m, n, b.toEcho(m)).Reply()
	}).script)
	r := b.send(m)
	b.checkError(what, r, m)
	if r.err == nil {
		return
	}
	for _, c := range b.credentials() {
		if strings.Contains(printed(r.err), c) {
			b.failf("%s: the error contains the credentials of the request", what)
		}
	}
}

// echoSpelled makes the vendor quote the number and the text in another spelling in
// each of its documented errors.
func (b *bench) echoSpelled() {
	for _, documented := range b.refusals() {
		m := b.plain("zq-private-code 4711")
		country, national := m.To.Split()
		quote := fmt.Sprintf(" “%s” to +%d (%s) %s-%s", strings.ToUpper(strings.ReplaceAll(m.Text, "-", "  ")),
			country, national[:3], national[3:5], national[5:])
		b.reset(httpScript(func(n int, _ faultserver.Response) faultserver.Reply {
			a := documented.filled(m, n)
			if changed, ok := mapStrings(a.Body, func(s string) any { return s + quote }); ok {
				a.Body = changed
			}
			return a.Reply()
		}).script)
		r := b.send(m)
		if r.err == nil {
			continue
		}
		said := lettersAndDigits(do(b.trial, "printing an error", func() string { return printed(r.err) }))
		if strings.Contains(said, lettersAndDigits(m.Text)) {
			b.failf("%s: the error contains the text in another spelling; name it in httpcall.Request.Private, or use package redact", documented.file)
		}
		if strings.Contains(said, national) {
			b.failf("%s: the error contains the recipient's number in another spelling", documented.file)
		}
	}
}

// lettersAndDigits is a text without case, spaces and punctuation.
func lettersAndDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// toEcho is what a vendor may repeat of a request.
func (b *bench) toEcho(m *provider.Message) string {
	return strings.Join(append(b.credentials(), m.To.String(), m.Text), " ")
}

// echoInReceipt is an acceptance with an echo.
func (b *bench) echoInReceipt(m *provider.Message) script {
	return httpScript(func(_ int, good faultserver.Response) faultserver.Reply {
		said, err := json.Marshal(b.toEcho(m))
		if err == nil && len(good.Body) > 2 && good.Body[0] == '{' {
			good.Body = append([]byte(`{"zq_echo":`+string(said)+`,`), good.Body[1:]...)
		}
		return good.Reply()
	}).script
}
