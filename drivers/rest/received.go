package rest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf16"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

// Received reads a request to the recipe's send or batch call back into the
// values that it was filled with, by the names of templates: to, text, from and
// so on, one map for each message. The recipient is E.164 with its plus where
// the vendor's form of it allows. It is what a fake of the vendor is made of.
//
// A request that the recipe could not have made, one with an unknown key or
// without a constant of the recipe, is an error.
func (r *Recipe) Received(req *http.Request, body []byte) ([]map[string]string, error) {
	err := errors.New("the path is that of no send")
	if r.Send.Request.leadsTo(req) {
		var one map[string]string
		if one, err = r.receivedBy(&r.Send.Request, req, body, nil); err == nil {
			return []map[string]string{r.plainValues(one)}, nil
		}
	}
	if r.Batch == nil || !r.Batch.Request.leadsTo(req) {
		return nil, err
	}
	var each []map[string]string
	if _, err := r.receivedBy(&r.Batch.Request, req, body, &each); err != nil {
		return nil, err
	}
	for i := range each {
		each[i] = r.plainValues(each[i])
	}
	return each, nil
}

// leadsTo compares method and path; what stands for a name may be anything.
func (r *request) leadsTo(req *http.Request) bool {
	got := strings.Split(req.URL.EscapedPath(), "/")
	var b strings.Builder
	for _, p := range r.Path.parts {
		b.WriteString(p.literal)
		if p.names != nil {
			b.WriteByte(0)
		}
	}
	want := strings.Split(b.String(), "/")
	if r.method() != req.Method || len(got) != len(want) {
		return false
	}
	for i := range want {
		before, after, name := strings.Cut(want[i], "\x00")
		if !name && got[i] != want[i] || !strings.HasPrefix(got[i], before) || !strings.HasSuffix(got[i], after) {
			return false
		}
	}
	return true
}

func (r *Recipe) receivedBy(spec *request, req *http.Request, body []byte, each *[]map[string]string) (map[string]string, error) {
	m := &matcher{found: make(map[string]string), each: each}
	query := ownValues(req.URL.Query(), r.Auth.Query)
	if err := m.match(spec.Query, query, "query"); err != nil {
		return nil, err
	}
	switch {
	case spec.Form != nil:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, err
		}
		return m.found, m.match(spec.Form, ownValues(form, r.Auth.Body), "form")
	case spec.JSON != nil:
		tree, err := readJSON(body)
		if err != nil {
			return nil, err
		}
		if members, ok := tree.(map[string]any); ok && r.Auth.Body != nil {
			for _, key := range r.Auth.Body.keys {
				delete(members, key)
			}
		}
		return m.found, m.match(spec.JSON, tree, "json")
	case spec.XML != nil:
		tree, err := readXML(body)
		if err != nil {
			return nil, err
		}
		return m.found, m.match(spec.XML, tree, "xml")
	}
	return m.found, nil
}

// ownValues are a form's values without the credentials among them.
func ownValues(values url.Values, credentials *tree) map[string]any {
	all := make(map[string]any, len(values))
	for key, list := range values {
		if len(list) == 1 {
			all[key] = list[0]
			continue
		}
		many := make([]any, len(list))
		for i, v := range list {
			many[i] = v
		}
		all[key] = many
	}
	if credentials != nil {
		for _, key := range credentials.keys {
			delete(all, key)
		}
	}
	return all
}

// matcher walks a request beside the tree that made it.
type matcher struct {
	found map[string]string
	each  *[]map[string]string
}

func (m *matcher) match(t *tree, v any, at string) error {
	if t == nil {
		if members, ok := v.(map[string]any); ok && len(members) == 0 {
			return nil
		}
		return fmt.Errorf("%s: was not expected", at)
	}
	switch t.kind {
	case treeLeaf:
		if name := t.leaf.name(); name != "" {
			m.found[name] = wordOf(v)
		}
		return nil
	case treeConstant:
		if wordOf(t.constant) != wordOf(v) {
			return fmt.Errorf("%s: got %q, want %q", at, wordOf(v), wordOf(t.constant))
		}
		return nil
	case treeEach:
		return m.matchEach(t.children[0], v, at)
	case treeList:
		return m.matchList(t, v, at)
	}
	return m.matchMap(t, v, at)
}

func (m *matcher) matchEach(t *tree, v any, at string) error {
	list, ok := v.([]any)
	if !ok || m.each == nil {
		return fmt.Errorf("%s: want a list", at)
	}
	for i, one := range list {
		own := &matcher{found: make(map[string]string)}
		if err := own.match(t, one, fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return err
		}
		*m.each = append(*m.each, own.found)
	}
	return nil
}

func (m *matcher) matchList(t *tree, v any, at string) error {
	list, ok := v.([]any)
	if !ok && len(t.children) == 1 {
		list = []any{v} // one value in a form
	}
	if len(list) != len(t.children) {
		return fmt.Errorf("%s: got %d elements, want %d", at, len(list), len(t.children))
	}
	for i, one := range list {
		if err := m.match(t.children[i], one, fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return err
		}
	}
	return nil
}

func (m *matcher) matchMap(t *tree, v any, at string) error {
	members, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: want a map", at)
	}
	known := make(map[string]*tree, len(t.keys))
	spread := ""
	for i, key := range t.keys {
		child := t.children[i]
		if child.kind == treeSpread {
			spread = child.leaf.name()
			continue
		}
		known[key] = child
		_, sent := members[key]
		if !sent && child.kind == treeConstant {
			return fmt.Errorf("%s: %s is missing", at, key)
		}
	}
	for key, value := range members {
		child := known[key]
		switch {
		case child != nil:
			if err := m.match(child, value, at+"."+key); err != nil {
				return err
			}
		case spread != "":
			m.found[spread+"."+key] = wordOf(value)
		default:
			return fmt.Errorf("%s: the key %s is not known", at, key)
		}
	}
	return nil
}

// plainValues undoes how the vendor wants numbers and texts written.
func (r *Recipe) plainValues(values map[string]string) map[string]string {
	if to, ok := values["to"]; ok && r.Write.To.As != "national" {
		if n, err := e164.ParseDigits(strings.TrimPrefix(strings.TrimPrefix(to, "+"), "00")); err == nil {
			values["to"] = n.String()
		}
	}
	flag, _ := r.Write.Encoding.write(segment.UCS2)
	if r.Write.Text.UCS2 == utf16Hex && flag != nil && values["encoding"] == wordOf(flag) {
		if text, err := fromUTF16Hex(values["text"]); err == nil {
			values["text"] = text
		}
	}
	return values
}

func fromUTF16Hex(s string) (string, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b)%2 != 0 {
		return "", errors.New("not UTF-16 in hexadecimal")
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
	}
	return string(utf16.Decode(units)), nil
}

// Authentic reports whether a request to a call with these credentials proves
// whose it is, as the recipe says. Access tokens of OAuth2 are not judged.
func (r *Recipe) Authentic(req *http.Request, body []byte, settings map[string]string) bool {
	s := scope{settings: settings}
	want := httpcall.Request{Header: make(http.Header), Query: make(url.Values)}
	r.Auth.apply(&want, s)
	for key, list := range want.Header {
		if req.Header.Get(key) != list[0] {
			return false
		}
	}
	query := req.URL.Query()
	for key, list := range want.Query {
		if query.Get(key) != list[0] {
			return false
		}
	}
	if r.Auth.Body == nil {
		return true
	}
	filled, _ := r.Auth.Body.fill(s, nil)
	given := query
	if form, err := url.ParseQuery(string(body)); err == nil && len(body) > 0 {
		given = form
	}
	if tree, err := readJSON(body); err == nil {
		if members, ok := tree.(map[string]any); ok {
			given = make(url.Values)
			for key, v := range members {
				given.Set(key, wordOf(v))
			}
		}
	}
	for key, list := range formValues(filled) {
		if given.Get(key) != list[0] {
			return false
		}
	}
	return true
}
