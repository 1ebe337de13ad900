package conformance

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

func httpRequestCases() []Case {
	var cases []Case
	for _, status := range []int{301, 302, 303, 307, 308} {
		cases = append(cases, Case{
			ID: fmt.Sprintf("requests.redirect-%d", status), Level: Must, Core: true, needs: anHTTPLab, wire: true,
			Why:    "following a redirect is a second request, and sends credentials and text to another address",
			Source: rfc9110 + " §15.4",
			Fix:    "with net/http, return http.ErrUseLastResponse from Client.CheckRedirect, and judge the redirect by its status",
			run:    func(t *trial) { redirect(t, status) },
		})
	}
	return cases
}

// retryLater is a page that asks to try again at once.
func retryLater(status int) script {
	return sayAlways(faultserver.Page(status).With("Retry-After", "0"))
}

func redirect(t *trial, status int) {
	other, err := faultserver.New(func(*faultserver.Request) faultserver.Reply {
		return faultserver.Page(http.StatusOK).Reply()
	})
	if err != nil {
		t.stopf("%v", err)
	}
	t.onEnd(other.Close)
	want := provider.Indeterminate
	if status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect {
		want = provider.Unavailable
	}
	for _, location := range []string{"/elsewhere", other.URL + "/elsewhere"} {
		b := t.bench(httpScript(func(n int, good faultserver.Response) faultserver.Reply {
			if n > 1 {
				return good.Reply()
			}
			return faultserver.Page(status).With("Location", location).Reply()
		}).script)
		b.wantCode(b.send(t.message("Hello")), append(t.documentedBare(status), want)...)
		if n := len(b.requests()); n != 1 {
			t.failf("redirect to %s: the server received %d requests, want 1", strings.Replace(location, other.URL, "another host", 1), n)
		}
	}
	if n := len(other.Requests()); n > 0 {
		t.failf("the driver followed the redirect: another host received %d requests", n)
	}
}

// lookupFailures are what a lookup may meet, by what it is; nil drops the connection.
func (t *trial) lookupFailures() map[string]script {
	all := map[string]script{"a dropped connection": nil}
	if t.overHTTP() {
		all["status 500"] = sayAlways(faultserver.Page(http.StatusInternalServerError))
		all["status 401"] = sayAlways(faultserver.Page(http.StatusUnauthorized))
		all["status 302"] = sayAlways(faultserver.Page(http.StatusFound).With("Location", "/login"))
		all["a web page, status 200"] = sayAlways(faultserver.Page(http.StatusOK))
		for body := range emptyJSON {
			all[body] = sayAlways(jsonPage(body))
		}
	}
	return all
}

// emptyJSON are replies without content.
var emptyJSON = map[string]bool{"null": true, "{}": true}

func jsonPage(body string) faultserver.Response {
	page := faultserver.Page(http.StatusOK).With("Content-Type", "application/json")
	page.Body = []byte(body)
	return page
}
