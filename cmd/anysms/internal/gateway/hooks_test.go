package gateway_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

const (
	logtoHook  = "{name: login, preset: logto, token: a-token-of-some-length}"
	alertsHook = `{name: alerts, preset: alertmanager, token: a-token-of-some-length, to: ["+306900000001", "+306900000002"]}`
	signIn     = `{"to": "+306900000003", "type": "SignIn", "payload": {"code": "135790"}}`
	alert      = `{"status": "firing", "groupKey": "{}:{}", "commonLabels": {"alertname": "Disk"}, "alerts": [{"fingerprint": "1", "status": "firing", "startsAt": "2026-11-21T12:00:00Z"}]}`
)

func (l *lab) hook(name, body string) answer {
	l.Helper()
	return l.call("", "POST", "/hooks/"+name, body, "Authorization", "Bearer a-token-of-some-length")
}

// A hook's call goes through the queue, once.
func TestHooks(t *testing.T) {
	l := open(t, "{keys: ["+key("ops", "scopes: [admin, all]")+", "+key("shop", "scopes: [read]")+"], hooks: ["+logtoHook+"]}")
	var id any
	calls := 0
	for accepted := 0; accepted < 3; calls++ { // on a slow machine the first calls may find it being sent
		require.Less(t, calls, 30)
		a := l.hook("login", signIn)
		require.Equal(t, http.StatusOK, a.status, string(a.body))
		if a.get("status") == "accepted" {
			accepted++
		}
		if id != nil {
			assert.Equal(t, id, a.get("id"))
		}
		id = a.get("id")
	}
	require.Len(t, l.vendor.Messages(), 1)
	assert.Equal(t, "Your verification code is 135790.", l.vendor.Messages()[0].Text)
	assert.Equal(t, http.StatusUnauthorized, l.call("", "POST", "/hooks/login", signIn).status)
	assert.Equal(t, http.StatusNotFound, l.hook("alerts", alert).status)
	counted := string(l.call("", "GET", "/metrics", "").body)
	assert.Contains(t, counted, fmt.Sprintf(`anysms_gateway_hooks_total{hook="login",outcome="messages"} %d`, calls))
	assert.Contains(t, counted, `anysms_gateway_hooks_total{hook="login",outcome="forged"} 1`)

	shown := l.call("ops", "GET", "/v1/messages/"+id.(string), "")
	assert.Equal(t, http.StatusOK, shown.status)
	assert.NotContains(t, string(shown.body), "135790")
	assert.Equal(t, http.StatusNotFound, l.call("shop", "GET", "/v1/messages/"+id.(string), "").status)
}

func TestHooksAreReloaded(t *testing.T) {
	l := open(t, "{hooks: ["+logtoHook+"]}")
	l.configure("{hooks: [{name: login, preset: logto}]}")
	require.ErrorContains(t, l.gateway.Reload(t.Context()), "anysms.yaml:5: serve.hooks[0].token: must not be empty: anybody could send")
	assert.Equal(t, http.StatusOK, l.hook("login", signIn).status, "the old configuration stays")
	l.configure("{hooks: [" + alertsHook + "]}")
	require.NoError(t, l.gateway.Reload(t.Context()))
	assert.Equal(t, http.StatusNotFound, l.hook("login", signIn).status)
	a := l.hook("alerts", alert)
	require.Equal(t, http.StatusOK, a.status, string(a.body))
	assert.Len(t, l.vendor.Messages(), 3)
}

// A vendor that does not respond holds up no auth server: the message is durable.
func TestHookAnswersInTime(t *testing.T) {
	l := open(t, "{hooks: ["+logtoHook+"]}")
	l.vendor.SetMode(httpcalltest.Hang)
	a := l.hook("login", signIn)
	assert.Equal(t, http.StatusOK, a.status, string(a.body))
	assert.Contains(t, []any{"queued", "sending"}, a.get("status"))
	l.vendor.SetMode(httpcalltest.Up)
}

func TestPage(t *testing.T) {
	l := open(t, "{keys: ["+key("ops", "scopes: [admin, all]")+"]}")
	l.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a := l.call("", "GET", "/", "")
	assert.Equal(t, http.StatusSeeOther, a.status)
	assert.Equal(t, "/sign-in?next=%2F", a.header.Get("Location"))
	id := l.send("ops", "order-1")
	a = l.call("", "POST", "/sign-in", url.Values{"key": {keyOf("ops")}, "next": {"/"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusSeeOther, a.status)
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	a = l.call("", "GET", "/messages/"+id, "", "Cookie", cookie)
	assert.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, string(a.body), "Attempt at athens: accepted")
	assert.Equal(t, http.StatusOK, l.call("", "GET", "/assets/page.css", "").status)
	assert.Equal(t, http.StatusNotFound, l.call("", "GET", "/nothing", "").status)
}
