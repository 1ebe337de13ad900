package page_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
)

// What is shown is sound HTML: nothing inline, nothing from elsewhere, and what a screen
// reader needs.
func TestMarkup(t *testing.T) {
	l := newLab(t, &settings.Serve{Keys: keys()})
	check := func(b *browser, path string, got answer) {
		t.Helper()
		assert.Contains(t, got.header.Get("Content-Security-Policy"), "default-src 'none'", path)
		assert.NotContains(t, got.header.Get("Content-Security-Policy"), "unsafe", path)
		assert.Equal(t, "no-store", got.header.Get("Cache-Control"), path)
		markup(t, path, got.body)
	}
	b := l.as(opsKey)
	for _, path := range views {
		check(b, path, b.get(path))
	}
	l.fill()
	for _, path := range append([]string{"/messages/" + l.ids[8], "/messages/" + l.ids[9], "/?tag=" + url.QueryEscape(evil), "/messages/x"}, views...) {
		got := b.get(path)
		assert.Equal(t, path == "/messages/x", got.status != http.StatusOK, "%s: %d", path, got.status)
		check(b, path, got)
		assert.NotContains(t, got.body, "<img src=x", path)
	}
	check(b, "analysis", b.act("/analyser", url.Values{"text": {evil + "’"}}))
	check(b, "wrong number", b.act("/optouts/add", url.Values{"number": {evil}}))
	out := l.browser()
	check(out, "sign-in", out.get("/sign-in?next="+url.QueryEscape("/"+evil)))
}

// markup checks a document.
func markup(t *testing.T, path, body string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	require.NoError(t, err)
	count := make(map[string]int)
	ids := make(map[string]bool)
	labelled := make(map[string]bool)
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "label" {
			labelled[attribute(n, "for")] = true
		}
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		count[n.Data]++
		for _, a := range n.Attr {
			assert.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "style", "%s: <%s %s>", path, n.Data, a.Key)
			if a.Key == "src" || a.Key == "href" || a.Key == "action" {
				assert.Regexp(t, `^[/#]([^/]|$)`, a.Val, path)
			}
			if a.Key == "id" {
				assert.False(t, ids[a.Val], "%s: duplicate id %s", path, a.Val)
				ids[a.Val] = true
			}
		}
		switch n.Data {
		case "script":
			assert.NotEmpty(t, attribute(n, "src"), path)
			assert.Nil(t, n.FirstChild, path)
		case "style":
			assert.Fail(t, "inline style", path)
		case "table":
			assert.NotNil(t, child(n, "caption"), "%s: a table without a caption", path)
		case "th":
			assert.NotEmpty(t, attribute(n, "scope"), path)
		case "img":
			assert.True(t, has(n, "alt"), path)
		case "input", "select", "textarea":
			ok := attribute(n, "type") == "hidden" || n.Parent.Data == "label" || labelled[attribute(n, "id")]
			assert.True(t, ok, "%s: %s %s has no label", path, n.Data, attribute(n, "name"))
		}
	}
	for _, one := range []string{"main", "h1", "header", "footer", "title"} {
		assert.Equal(t, 1, count[one], "%s: <%s>", path, one)
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

func child(n *html.Node, name string) *html.Node {
	for c := range n.ChildNodes() {
		if c.Data == name {
			return c
		}
	}
	return nil
}
