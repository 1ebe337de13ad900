// Package htmltest checks pages that show what strangers wrote.
package htmltest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

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

// Parse parses a page. What a browser would have to mend is wrong: a tag that is not closed, or
// not in order, a comment, a NUL, and an attribute that runs anything.
func Parse(page string) (doc *html.Node, wrong []string) {
	if strings.Contains(page, "\x00") {
		wrong = append(wrong, "a NUL")
	}
	wrong = append(wrong, unbalanced(page)...)
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return new(html.Node), append(wrong, err.Error())
	}
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			wrong = append(wrong, fmt.Sprintf("the comment %q", n.Data))
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || strings.ContainsAny(a.Key, "\"'<`") {
				wrong = append(wrong, fmt.Sprintf("<%s %s>", n.Data, a.Key))
			}
		}
	}
	return doc, wrong
}

// unbalanced returns the first tag that is not closed, or not in order.
func unbalanced(page string) []string {
	void := []string{"meta", "link", "img", "input", "br", "hr"}
	var open []string
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				return []string{fmt.Sprintf("not closed: %v", open)}
			}
			return nil
		case html.StartTagToken:
			if name, _ := z.TagName(); !slices.Contains(void, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				return []string{fmt.Sprintf("</%s> within %v", name, open)}
			}
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
