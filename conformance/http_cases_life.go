package conformance

import (
	"errors"
	"net/http"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

func httpLifeCases() []Case {
	return []Case{
		{ID: "life.open-strict", Level: Must, needs: anHTTPLab, run: openStrict,
			Why:    "an invalid address must be reported when the program starts; plain http exposes credentials and texts on the network",
			Source: contract + "/httpcall, CheckURL",
			Fix:    "check the address with httpcall.CheckURL in Open, and return its *provider.ConfigError"},
	}
}

func openStrict(t *trial) {
	for url, what := range map[string]string{
		"http://192.0.2.1":      "plain http to a remote host",
		"ftp://127.0.0.1":       "a scheme that is not http",
		"://not an address":     "an invalid URL",
		"https://u:p@192.0.2.1": "a URL with credentials",
	} {
		e, problem := guarded(t.ctx(), t.pace, "Open", func() either[provider.Provider] {
			p, err := t.Open(url)
			return either[provider.Provider]{p, err}
		})
		switch {
		case problem != "":
			t.stopf("%s", problem)
		case e.err == nil:
			t.closeQuietly(e.value) // it should not exist
			t.failf("Open accepted %s (%q)", what, url)
			continue
		}
		if _, ok := errors.AsType[*provider.ConfigError](e.err); !ok {
			t.failf("Open rejected %s with an error that is not a *provider.ConfigError: %q", what, e.err)
		}
		t.leaks("Open's error", e.err.Error())
	}
}

// errorReplies are replies on which drivers are likely to leak.
func (t *trial) errorReplies() []Reply {
	var all []Reply
	if t.overHTTP() {
		all = append(all, sayAlways(faultserver.Page(http.StatusBadGateway))(0, nil))
	}
	for _, documented := range t.refusals() {
		all = append(all, Reply{Text: documented.fill(nil, 1)})
	}
	return all
}
