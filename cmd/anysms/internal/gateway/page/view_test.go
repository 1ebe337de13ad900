package page

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"net/url"
	"reflect"
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
)

// hostile is what could break out of a text, an attribute or a URL, with a right-to-left
// override, a NUL, and bytes that are no UTF-8.
const hostile = "\"'><script>hit()</script><img src=x onerror=hit()></title></textarea><!-- {{.}} &amp; `javascript:hit()` ../..//?x=y#z \u202e\x00\xff"

// shown is what a browser makes of it, where spaces are kept.
var shown = strings.ReplaceAll(hostile, "\x00", "\ufffd")

// fill sets every value below v: texts are hostile, numbers are 2, lists have two items,
// pointers are set.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile)
	case reflect.Int, reflect.Int64:
		v.SetInt(2)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1_800_000_000, 0)))
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() || v.Type().Field(i).Anonymous {
				fill(v.Field(i))
			}
		}
	}
}

func filled[T any]() *T {
	v := new(T)
	fill(reflect.ValueOf(v).Elem())
	return v
}

// rendered are all views with hostile values everywhere, as documents, by name.
func rendered(t *testing.T) map[string]string {
	const key = "key-0123456789abcdef0123456789abcdef"
	scopes := []string{settings.ScopeAdmin, settings.ScopeAll, settings.ScopeOptOuts}
	p := &Page{Options: Options{
		Gate: apikey.NewGate(&settings.Serve{Keys: []settings.Key{{Name: hostile, Key: key, Scopes: scopes}}}), Version: hostile,
	}}
	v := &visit{Request: httptest.NewRequest("GET", "/?done=settled", nil), token: hostile}
	client, problem := p.Gate.Find(v.Request, key)
	require.Nil(t, problem)
	v.client = client

	local := func(s *string) { *s = "/?" + url.Values{"x": {hostile}}.Encode() }

	messages := filled[messageList]()
	local(&messages.Next)
	local(&messages.First)
	searched := *messages
	searched.Reached, searched.Items[1].To = time.Time{}, ""
	optouts := filled[optOutList]()
	local(&optouts.Next)
	summed := filled[costView]()
	summed.Pending = false
	pushed := filled[providerList]()
	pushed.Items[0].Callbacks.Asked, pushed.Items[1].Callbacks.URL = false, ""
	views := map[string]g.Node{
		"messages": messages.html(), "messages to the end": searched.html(), "message": filled[messageView]().html(v),
		"unknown": filled[unknownList]().html(v), "providers": filled[providerList]().html(v), "providers without": pushed.html(v),
		"optouts": optouts.html(v), "analyser": filled[analyserView]().html(v), "costs": summed.html(),
		"costs pending": (&costView{Pending: true}).html(), "sign-in": filled[signInForm]().html(),
		"empty messages": new(messageList).html(), "empty unknown": new(unknownList).html(v), "empty providers": new(providerList).html(v),
		"empty optouts": new(optOutList).html(v), "empty analyser": new(analyserView).html(v), "empty costs": new(costView).html(),
	}
	documents := make(map[string]string)
	for name, view := range views {
		var b bytes.Buffer
		require.NoError(t, p.layout(v, name, hostile, view).Render(&b))
		documents[name] = b.String()
	}
	w := httptest.NewRecorder()
	p.fail(&visit{Request: v.Request, w: w}, 400, hostile)
	documents["error"] = w.Body.String()
	return documents
}

// No value leaves its place: every tag is one of ours and is closed, no attribute runs
// anything, and every link leads to a path of the page.
func TestViewsKeepHostileTextsInTheirPlace(t *testing.T) {
	for name, document := range rendered(t) {
		t.Run(name, func(t *testing.T) {
			balanced(t, document)
			assert.False(t, strings.Contains(document, "\x00"))
			doc, err := html.Parse(strings.NewReader(document))
			require.NoError(t, err)
			for n := range doc.Descendants() {
				assert.NotEqual(t, html.CommentNode, n.Type, n.Data)
				for _, a := range n.Attr {
					assert.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.ContainsAny(a.Key, `"'<`), "<%s %s>", n.Data, a.Key)
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
		got := 0
		for n := range doc.Descendants() {
			if n.Type == html.TextNode && strings.Contains(n.Data, shown) {
				got++
			}
			for _, a := range n.Attr {
				if strings.Contains(a.Val, shown) {
					got++
				}
			}
		}
		assert.GreaterOrEqual(t, got, want, name)
	}
	for name, path := range map[string]string{
		"message": "/messages/" + url.PathEscape(hostile) + "/settle", "providers": "/providers/" + url.PathEscape(hostile) + "/override",
	} {
		assert.True(t, strings.Contains(documents[name], `action="`+html.EscapeString(path)+`"`), "%s: %s", name, path)
	}
}

// balanced checks that every tag is closed, in order, which a browser would mend in
// silence.
func balanced(t *testing.T, document string) {
	t.Helper()
	void := []string{"meta", "link", "img", "input", "br", "hr"}
	known := strings.Fields(`html head title body a header div nav span strong form button main h1 h2 h3 p label input select option
		table caption thead tbody tr th td time section dl dt dd ol ul li footer textarea code meter script meta link img`)
	var open []string
	z := html.NewTokenizer(strings.NewReader(document))
	for {
		switch z.Next() {
		case html.ErrorToken:
			assert.Empty(t, open, "tags that are not closed")
			return
		case html.StartTagToken:
			name, _ := z.TagName()
			require.Contains(t, known, string(name))
			if !slices.Contains(void, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			require.NotEmpty(t, open, "</%s>", name)
			require.Equal(t, open[len(open)-1], string(name), fmt.Sprint(open))
			open = open[:len(open)-1]
		}
	}
}
