package page

import (
	"bytes"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	g "maragu.dev/gomponents"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/cmd/anysms/internal/htmltest"
)

// rendered are all views with hostile values everywhere, as documents, by name.
func rendered(t *testing.T) map[string]string {
	const key = "key-0123456789abcdef0123456789abcdef"
	scopes := []string{settings.ScopeAdmin, settings.ScopeAll, settings.ScopeOptOuts}
	p := &Page{Options: Options{
		Gate: apikey.NewGate(&settings.Serve{Keys: []settings.Key{{Name: htmltest.Hostile, Key: key, Scopes: scopes}}}), Version: htmltest.Hostile,
	}}
	v := &visit{Request: httptest.NewRequest("GET", "/?done=settled", nil), token: htmltest.Hostile}
	client, problem := p.Gate.Find(v.Request, key)
	require.Nil(t, problem)
	v.client = client

	local := func(s *string) { *s = "/?" + url.Values{"x": {htmltest.Hostile}}.Encode() }

	messages := htmltest.Filled[messageList]()
	local(&messages.Next)
	local(&messages.First)
	searched := *messages
	searched.Reached, searched.Items[1].To = time.Time{}, ""
	optouts := htmltest.Filled[optOutList]()
	local(&optouts.Next)
	summed := htmltest.Filled[costView]()
	summed.Pending = false
	pushed := htmltest.Filled[providerList]()
	pushed.Items[0].Callbacks.Asked, pushed.Items[1].Callbacks.URL = false, ""
	views := map[string]g.Node{
		"messages": messages.html(), "messages to the end": searched.html(), "message": htmltest.Filled[messageView]().html(v),
		"unknown": htmltest.Filled[unknownList]().html(v), "providers": htmltest.Filled[providerList]().html(v), "providers without": pushed.html(v),
		"optouts": optouts.html(v), "analyser": htmltest.Filled[analyserView]().html(v), "costs": summed.html(),
		"costs pending": (&costView{Pending: true}).html(), "sign-in": htmltest.Filled[signInForm]().html(),
		"empty messages": new(messageList).html(), "empty unknown": new(unknownList).html(v), "empty providers": new(providerList).html(v),
		"empty optouts": new(optOutList).html(v), "empty analyser": new(analyserView).html(v), "empty costs": new(costView).html(),
	}
	documents := make(map[string]string)
	for name, view := range views {
		var b bytes.Buffer
		require.NoError(t, p.layout(v, name, htmltest.Hostile, view).Render(&b))
		documents[name] = b.String()
	}
	w := httptest.NewRecorder()
	p.fail(&visit{Request: v.Request, w: w}, 400, htmltest.Hostile)
	documents["error"] = w.Body.String()
	return documents
}

// No value leaves its place: every tag is one of ours and is closed, no attribute runs
// anything, and every link leads to a path of the page.
func TestViewsKeepHostileTextsInTheirPlace(t *testing.T) {
	for name, document := range rendered(t) {
		t.Run(name, func(t *testing.T) {
			doc, wrong := htmltest.Parse(document)
			assert.Empty(t, wrong)
			for n := range doc.Descendants() {
				for _, a := range n.Attr {
					assert.NotEqual(t, "style", a.Key)
					if a.Key == "href" || a.Key == "src" || a.Key == "action" {
						ownPath(t, a.Val)
					}
				}
				if n.Data == "script" && n.Type == html.ElementNode {
					assert.Equal(t, []html.Attribute{{Key: "src", Val: "/assets/page.js"}, {Key: "defer"}}, n.Attr)
					assert.Nil(t, n.FirstChild)
				}
			}
		})
	}
}

// ownPath checks that a link leads to one of the paths that Register adds.
func ownPath(t *testing.T, link string) {
	t.Helper()
	u, err := url.Parse(link)
	require.NoError(t, err, link)
	assert.True(t, u.Scheme == "" && u.Host == "", link)
	if strings.HasPrefix(link, "#") {
		return
	}
	parts := strings.Split(u.EscapedPath(), "/")
	first := []string{"", "assets", "messages", "unknown", "providers", "optouts", "analyser", "costs", "sign-in", "sign-out"}
	assert.True(t, len(parts) > 1 && parts[0] == "" && slices.Contains(first, parts[1]), link)
	assert.LessOrEqual(t, len(parts), 4, "a value has become more than one segment: %s", link)
	assert.NotContains(t, parts[1:], "..", link)
}

// What was put in is shown, and is not lost or changed on the way.
func TestViewsShowHostileTextsAsTheyAre(t *testing.T) {
	documents := rendered(t)
	for name, want := range map[string]int{
		"messages": 36, "message": 28, "unknown": 14, "providers": 20, "optouts": 19, "analyser": 17, "costs": 13, "sign-in": 6, "error": 2,
	} {
		doc, err := html.Parse(strings.NewReader(documents[name]))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, htmltest.Count(doc), want, name)
	}
	for name, path := range map[string]string{
		"message": "/messages/" + url.PathEscape(htmltest.Hostile) + "/settle", "providers": "/providers/" + url.PathEscape(htmltest.Hostile) + "/override",
	} {
		assert.True(t, strings.Contains(documents[name], `action="`+html.EscapeString(path)+`"`), "%s: %s", name, path)
	}
}
