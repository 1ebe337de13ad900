package page_test

import (
	"bufio"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

var views = []string{"/", "/unknown", "/providers", "/optouts", "/costs", "/analyser"}

func TestSignIn(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	b := l.browser()
	got := b.get("/providers?x=1")
	assert.Equal(t, http.StatusSeeOther, got.status)
	assert.Equal(t, "/sign-in?next=%2Fproviders%3Fx%3D1", got.header.Get("Location"))
	assert.Contains(t, b.get("/sign-in?next=%2Fproviders").body, `name="next" value="/providers"`)

	got = b.post("/sign-in", url.Values{"key": {"wrong"}, "next": {"/"}})
	assert.Equal(t, http.StatusUnauthorized, got.status)
	assert.Contains(t, got.body, "not one of the gateway")
	assert.Empty(t, got.header.Get("Set-Cookie"))

	got = b.post("/sign-in", url.Values{"key": {" " + opsKey + "\n"}, "next": {"/providers"}})
	assert.Equal(t, http.StatusSeeOther, got.status)
	assert.Equal(t, "/providers", got.header.Get("Location"))
	cookie := got.header.Get("Set-Cookie")
	assert.Contains(t, cookie, "HttpOnly")
	assert.Contains(t, cookie, "SameSite=Strict")
	assert.NotContains(t, cookie, "Secure", "over plain HTTP a browser would drop it")
	assert.NotContains(t, cookie, opsKey)
	assert.Equal(t, http.StatusOK, b.get("/providers").status)

	b.get("/")
	assert.Equal(t, http.StatusForbidden, b.post("/sign-out", url.Values{}).status)
	assert.Equal(t, http.StatusSeeOther, b.act("/sign-out", url.Values{}).status)
	assert.Equal(t, http.StatusSeeOther, b.get("/").status)
}

func TestSignInBehindTLSIsSecure(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	b := l.browser()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.server.URL+"/sign-in", strings.NewReader(url.Values{"key": {opsKey}}.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-Proto", "https")
	assert.Contains(t, b.do(r).header.Get("Set-Cookie"), "Secure")
}

// A link to the sign-in form leads to no other site.
func TestNoOpenRedirect(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	for _, next := range []string{"//evil.example", `/\evil.example`, "https://evil.example", "javascript:alert(1)", "/\t/evil.example", ""} {
		got := l.browser().post("/sign-in", url.Values{"key": {opsKey}, "next": {next}})
		assert.Equal(t, "/", got.header.Get("Location"), next)
	}
}

func TestWrongKeysAreLimited(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	b, limited := l.browser(), false
	for range 200 {
		limited = limited || b.post("/sign-in", url.Values{"key": {"wrong"}}).status == http.StatusTooManyRequests
	}
	assert.True(t, limited)
	assert.Equal(t, http.StatusSeeOther, b.post("/sign-in", url.Values{"key": {opsKey}}).status, "the right one is let in all the same")
}

// A key that is taken out of the configuration ends its sessions.
func TestReloadEndsSessions(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	b, other := l.as(opsKey), l.as(readKey)
	l.gate.Reload(&settings.Serve{Keys: keys()[1:]})
	assert.Equal(t, http.StatusSeeOther, b.get("/").status)
	assert.Equal(t, http.StatusOK, other.get("/").status)
}

func TestKeyless(t *testing.T) {
	l := newLab(t, new(settings.Serve))
	b := l.browser()
	assert.Contains(t, b.get("/").body, "this machine only")
	assert.Equal(t, http.StatusSeeOther, b.get("/sign-in").status)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.server.URL+"/", nil)
	require.NoError(t, err)
	r.Host = "rebound.example"
	assert.Equal(t, http.StatusForbidden, b.do(r).status, "a name that merely resolves to loopback")
	r, err = http.NewRequestWithContext(t.Context(), http.MethodPost, l.server.URL+"/providers/athens/override", strings.NewReader("mode=out&csrf="+url.QueryEscape(b.csrf)))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://evil.example")
	assert.Equal(t, http.StatusForbidden, b.do(r).status, "a page of another site")
}

// Every action wants the token of its own session.
func TestActionsWantTheToken(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	l.fill()
	b, other := l.as(opsKey), l.as(opsKey)
	for _, path := range []string{"/messages/" + l.ids[5] + "/settle", "/providers/athens/override", "/optouts/add", "/optouts/remove", "/analyser", "/sign-out"} {
		form := url.Values{"as": {"accepted"}, "mode": {"out"}, "number": {"+306941234567"}, "text": {"x"}}
		for _, token := range []string{"", "x", other.csrf} {
			form.Set("csrf", token)
			assert.Equal(t, http.StatusForbidden, b.post(path, form).status, path)
		}
	}
	assert.Equal(t, router.OverrideAuto, l.router.States()[0].Override)
	m, err := l.ledger.Message(t.Context(), l.ids[5])
	require.NoError(t, err)
	assert.Equal(t, ledger.Unknown, m.Status)
}

func TestScopesAndNamespaces(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	l.fill() // as the key shop
	own, other, sender := l.as(readKey), l.as(otherKey), l.as(sendKey)
	assert.Contains(t, own.get("/").body, "+306941234501")
	assert.Equal(t, http.StatusOK, own.get("/messages/"+l.ids[0]).status)
	assert.NotContains(t, other.get("/").body, "+3069412345")
	assert.Contains(t, other.summed("/costs").body, "Nothing was sent")
	assert.NotContains(t, other.get("/unknown").body, l.ids[5])
	assert.Equal(t, http.StatusNotFound, other.get("/messages/"+l.ids[0]).status)
	assert.Equal(t, http.StatusNotFound, other.act("/messages/"+l.ids[5]+"/settle", url.Values{"as": {"accepted"}}).status)
	assert.Equal(t, http.StatusForbidden, own.act("/messages/"+l.ids[5]+"/settle", url.Values{"as": {"accepted"}}).status)
	assert.Equal(t, http.StatusForbidden, own.act("/providers/athens/override", url.Values{"mode": {"out"}}).status)
	assert.Equal(t, http.StatusForbidden, own.get("/optouts").status)
	assert.NotContains(t, own.get("/").body, `href="/optouts"`)
	assert.NotContains(t, own.get("/unknown").body, "/settle")
	for _, view := range []string{"/", "/unknown", "/providers", "/optouts", "/costs", "/messages/" + l.ids[0]} {
		assert.Equal(t, http.StatusForbidden, sender.get(view).status, view)
	}
	assert.Equal(t, http.StatusOK, sender.get("/analyser").status)
	assert.Contains(t, l.as(opsKey).get("/").body, "+306941234501", "scope all")
}

func TestFilters(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	l.fill()
	b := l.as(readKey)
	for query, want := range map[string]int{
		"": 10, "to=694+123+4501": 1, "to=%2B306941234501": 1, "ref=order-1002": 1, "status=unknown": 2, "status=delivered": 2, "class=otp": 1,
		"provider=usa": 1, "tag=parcel": 8, "since=2020-01-01": 10, "until=2020-01-01": 0, "status=delivered&tag=none": 0,
	} {
		got := b.get("/?" + query)
		assert.Equal(t, http.StatusOK, got.status)
		assert.Equal(t, want, strings.Count(got.body, `<a href="/messages/`), query)
	}
	for query, want := range map[string]string{
		"to=nobody": "The number cannot be read", "status=x": "no such status", "since=tomorrow": "first day cannot be read", "until=1": "last day cannot be read",
	} {
		got := b.get("/?" + query)
		assert.Equal(t, http.StatusBadRequest, got.status)
		assert.Contains(t, got.body, want)
	}
}

func TestPages(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	for i := range 120 {
		l.send(&provider.Message{To: e164.MustParse("+306941234567"), Text: "x", Ref: strings.Repeat("r", i+1)})
	}
	b := l.as(readKey)
	seen, next := 0, "/?tag="
	for next != "" {
		got := b.get(next)
		seen += strings.Count(got.body, `<a href="/messages/`)
		next = ""
		if _, rest, ok := strings.Cut(got.body, `<a href="/?cursor=`); ok {
			id, _, _ := strings.Cut(rest, `"`)
			next = "/?cursor=" + id
		}
	}
	assert.Equal(t, 120, seen)
}

// A search that takes too long says how far it has come, and goes on from there.
func TestSearchGoesOn(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	for i := range 250 {
		class := provider.Transactional
		if i < 3 {
			class = provider.Marketing
		}
		l.send(&provider.Message{To: e164.MustParse("+306941234567"), Text: "x", Tag: "news", Class: class, Ref: fmt.Sprint("r", i)})
	}
	b := l.as(readKey)
	const rows = `<a href="/messages/`
	got := b.get("/?tag=news&class=marketing")
	assert.Zero(t, strings.Count(got.body, rows))
	assert.Contains(t, got.body, "Searched back to")
	older := regexp.MustCompile(`href="([^"]*)" rel="next"`).FindStringSubmatch(got.body)
	require.NotNil(t, older)
	got = b.get(html.UnescapeString(older[1]))
	assert.Equal(t, 3, strings.Count(got.body, rows))
	assert.NotContains(t, got.body, "Searched back to")
	assert.Contains(t, got.body, "← Newest")
	assert.Equal(t, 3, strings.Count(b.get("/?class=marketing").body, rows), "by the index")
}

func TestSettle(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	l.fill()
	b := l.as(opsKey)
	assert.Contains(t, b.get("/unknown").body, l.ids[5])
	assert.Equal(t, http.StatusBadRequest, b.act("/messages/"+l.ids[5]+"/settle", url.Values{"as": {"delivered"}}).status)
	got := b.act("/messages/"+l.ids[5]+"/settle", url.Values{"as": {"not_sent"}, "back": {"unknown"}})
	assert.Equal(t, "/unknown?done=settled", got.header.Get("Location"))
	got = b.get("/unknown?done=settled")
	assert.Contains(t, got.body, "The message is settled.")
	assert.NotContains(t, got.body, l.ids[5])
	assert.Equal(t, http.StatusConflict, b.act("/messages/"+l.ids[5]+"/settle", url.Values{"as": {"accepted"}}).status)
}

func TestOverride(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	b := l.as(opsKey)
	require.Equal(t, http.StatusSeeOther, b.act("/providers/usa/override", url.Values{"mode": {"out"}}).status)
	assert.Equal(t, router.OverrideOut, l.router.States()[1].Override)
	assert.Contains(t, b.get("/providers").body, "taken out")
	assert.Equal(t, http.StatusBadRequest, b.act("/providers/usa/override", url.Values{"mode": {"x"}}).status)
	assert.Equal(t, http.StatusNotFound, b.act("/providers/nobody/override", url.Values{"mode": {"out"}}).status)
}

func TestOptOuts(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	b := l.as(opsKey)
	assert.Contains(t, b.get("/optouts").body, "Nobody has opted out.")
	assert.Equal(t, "/optouts?done=added", b.act("/optouts/add", url.Values{"number": {"694 123 4567"}}).header.Get("Location"))
	assert.Equal(t, "/optouts?done=known", b.act("/optouts/add", url.Values{"number": {"+306941234567"}}).header.Get("Location"))
	assert.Equal(t, http.StatusBadRequest, b.act("/optouts/add", url.Values{"number": {"nobody"}}).status)
	assert.Contains(t, b.get("/optouts").body, "+306941234567")
	assert.Contains(t, b.get("/optouts?number=%2B306941234568").body, "This number has not opted out.")
	for i := range 60 {
		_, err := l.ledger.OptOut(t.Context(), ledger.OptOut{Number: "+3069412350" + string(rune('0'+i/10)) + string(rune('0'+i%10)), Scope: ledger.ScopeAll, Source: ledger.FromImport})
		require.NoError(t, err)
	}
	assert.Contains(t, b.get("/optouts").body, "More →")
	b.act("/optouts/remove", url.Values{"number": {"+306941234567"}})
	assert.NotContains(t, b.get("/optouts").body, "+306941234567")
}

func TestAnalyser(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	b := l.as(sendKey)
	got := b.act("/analyser", url.Values{"text": {"\r\nIt’s " + strings.Repeat("x", 100) + evil}})
	assert.Contains(t, got.body, "3 segments, UCS-2")
	assert.Contains(t, got.body, "U+2019")
	assert.Equal(t, 3, strings.Count(got.body, "units</p>"))
}

// The texts of one-time codes are shown to nobody, and messages without a text say why.
func TestTexts(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	l.fill()
	b := l.as(opsKey)
	assert.Contains(t, b.get("/messages/"+l.ids[0]).body, "Your parcel is on its way.")
	assert.Contains(t, b.get("/messages/"+l.ids[6]).body, "shown to nobody")
	for _, view := range append([]string{"/messages/" + l.ids[6], "/messages/" + l.ids[3]}, views...) {
		assert.NotContains(t, b.get(view).body, "135790", view)
	}
	failedOver := b.get("/messages/" + l.ids[3]).body
	assert.Contains(t, failedOver, "Attempt at athens: not sent")
	assert.Contains(t, failedOver, "Attempt at usa: accepted")
	assert.Contains(t, b.get("/messages/"+l.ids[0]).body, "DELIVRD")
	assert.Equal(t, http.StatusNotFound, b.get("/messages/msg_nobody").status)
}

func TestCosts(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	l.fill()
	b := l.as(readKey)
	got := b.summed("/costs?days=7")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.Contains(t, got.body, "0.287 EUR", "seven accepted ones with a price of 0.041 each")
	assert.Contains(t, got.body, `<th scope="row">GR</th>`)
	assert.Contains(t, got.body, "66.7 %", "two of three final reports")
	assert.Equal(t, http.StatusOK, b.get("/costs?days=nonsense").status)
	providers := b.summed("/providers").body
	assert.Contains(t, providers, "66.7 %")
	assert.Contains(t, providers, "0.246 EUR")
}

// The stream says that something has changed, and ends with the session.
func TestStream(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	b := l.as(readKey)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.server.URL+"/live", nil)
	require.NoError(t, err)
	resp, err := b.client.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := bufio.NewScanner(resp.Body)
	require.True(t, lines.Scan())
	l.send(&provider.Message{To: e164.MustParse("+306941234567"), Text: "x", Ref: "a"})
	for lines.Scan() && lines.Text() != "event: changed" {
		assert.NotContains(t, lines.Text(), "694")
	}
	assert.Equal(t, "event: changed", lines.Text())
	l.gate.Reload(&settings.Serve{Keys: keys()[:1]})
	l.send(&provider.Message{To: e164.MustParse("+306941234567"), Text: "x", Ref: "b"})
	for lines.Scan() {
		assert.NotEqual(t, "event: changed", lines.Text(), "the key is gone")
	}
	assert.Equal(t, http.StatusSeeOther, l.browser().get("/live").status)
}

func TestDatabaseIsLost(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	b := l.as(opsKey)
	require.NoError(t, l.ledger.Close())
	for _, path := range []string{"/", "/unknown", "/providers", "/optouts", "/costs", "/messages/msg_1"} {
		got := b.get(path)
		assert.Equal(t, http.StatusServiceUnavailable, got.status, path)
		assert.Contains(t, got.body, "Try again.", path)
	}
}
