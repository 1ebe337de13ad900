// Package htmltest checks pages that show what strangers wrote.
package htmltest

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// Hostile is what could break out of a text, an attribute or a URL, with a right-to-left
// override and a NUL.
const Hostile = "\"'><script>hit()</script><img src=x onerror=hit()></title></textarea></style><!-- {{.}} &amp; `javascript:hit()` ../..//?x=y#z \u202e\x00"

// Shown is what a browser makes of Hostile in a page that has it in its place.
var Shown = strings.ReplaceAll(Hostile, "\x00", "\ufffd")

// Filled returns a value with Hostile in every exported text, 2 in every number, two items
// in every list, and no nil pointer.
func Filled[T any]() *T {
	v := new(T)
	fill(reflect.ValueOf(v).Elem())
	return v
}

func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(Hostile)
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

// Sound parses a page, and fails the test unless it is what a browser need not mend: every
// tag closed, in order; no comment, and no attribute that runs anything.
func Sound(t *testing.T, page string) *html.Node {
	t.Helper()
	assert.False(t, strings.Contains(page, "\x00"), "a NUL")
	closed(t, page)
	doc, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	for n := range doc.Descendants() {
		assert.NotEqual(t, html.CommentNode, n.Type, n.Data)
		for _, a := range n.Attr {
			assert.False(t, strings.HasPrefix(a.Key, "on") || strings.ContainsAny(a.Key, "\"'<`"), "<%s %s>", n.Data, a.Key)
		}
	}
	return doc
}

func closed(t *testing.T, page string) {
	t.Helper()
	void := []string{"meta", "link", "img", "input", "br", "hr"}
	var open []string
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			assert.Empty(t, open, "tags that are not closed")
			return
		case html.StartTagToken:
			if name, _ := z.TagName(); !slices.Contains(void, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			require.NotEmpty(t, open, "</%s>", name)
			require.Equal(t, open[len(open)-1], string(name), "within %v", open)
			open = open[:len(open)-1]
		}
	}
}

// Count returns how many texts and attributes of a page show Hostile as it is.
func Count(doc *html.Node) int {
	count := 0
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && strings.Contains(n.Data, Shown) {
			count++
		}
		for _, a := range n.Attr {
			if strings.Contains(a.Val, Shown) {
				count++
			}
		}
	}
	return count
}
