package request

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Fits reports whether a request has the method and the path, in which names
// match anything.
func (r *Request) Fits(req *http.Request) bool {
	got := strings.Split(req.URL.EscapedPath(), "/")
	var b strings.Builder
	for _, p := range r.Path.parts {
		b.WriteString(p.literal)
		if p.names != nil {
			b.WriteByte(0)
		}
	}
	want := strings.Split(b.String(), "/")
	if r.HTTPMethod() != req.Method || len(got) != len(want) {
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

// ReadBack finds the values that a request was filled with, by the names of
// templates; those of a batch's messages are in each. A request that could not
// have been built, one with an unknown key or without a constant, is an error.
func (r *Request) ReadBack(a *Auth, req *http.Request, body []byte) (values map[string]string, each []map[string]string, err error) {
	m := &matcher{found: make(map[string]string), each: &each}
	if err := m.match(r.Query, ownValues(req.URL.Query(), a.Query), "query"); err != nil {
		return nil, nil, err
	}
	switch {
	case r.Form != nil:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, nil, err
		}
		err = m.match(r.Form, ownValues(form, a.Body), "form")
		return m.found, each, err
	case r.JSON != nil:
		tree, err := ReadJSON(body)
		if err != nil {
			return nil, nil, err
		}
		if members, ok := tree.(map[string]any); ok && a.Body != nil {
			for _, key := range a.Body.keys {
				delete(members, key)
			}
		}
		err = m.match(r.JSON, tree, "json")
		return m.found, each, err
	case r.XML != nil:
		tree, err := ReadXML(body)
		if err != nil {
			return nil, nil, err
		}
		err = m.match(r.XML, tree, "xml")
		return m.found, each, err
	}
	return m.found, each, nil
}

// ownValues are a form's values without the credentials among them.
func ownValues(values url.Values, credentials *Tree) map[string]any {
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

// matcher compares a request with the tree that made it.
type matcher struct {
	found map[string]string
	each  *[]map[string]string
}

func (m *matcher) match(t *Tree, v any, at string) error {
	if t == nil {
		if members, ok := v.(map[string]any); ok && len(members) == 0 {
			return nil
		}
		return fmt.Errorf("%s: is not part of the request", at)
	}
	switch t.kind {
	case treeLeaf, treeConstant:
		if want, constant := t.word(); constant && WordOf(v) != want {
			return fmt.Errorf("%s: got %q, want %q", at, WordOf(v), want)
		}
		if name := t.leaf.Name(); name != "" {
			m.found[name] = WordOf(v)
		}
		return nil
	case treeIf:
		return m.match(t.children[0], v, at)
	case treeEach:
		return m.matchEach(t, v, at)
	case treeList:
		return m.matchList(t, v, at)
	}
	return m.matchMap(t, v, at)
}

// word returns the text of a constant node.
func (t *Tree) word() (word string, constant bool) {
	switch {
	case t.kind == treeConstant:
		return WordOf(t.constant), true
	case t.kind == treeLeaf && len(t.leaf.Names()) == 0:
		word, _ = t.leaf.Text(Scope{}, nil)
		return word, true
	}
	return "", false
}

func (m *matcher) matchEach(t *Tree, v any, at string) error {
	list, ok := v.([]any)
	if t.join != nil {
		list, ok = nil, true
		for part := range strings.SplitSeq(WordOf(v), *t.join) {
			list = append(list, part)
		}
	}
	if !ok || m.each == nil {
		return fmt.Errorf("%s: want a list", at)
	}
	for i, one := range list {
		own := &matcher{found: make(map[string]string)}
		if err := own.match(t.children[0], one, fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return err
		}
		*m.each = append(*m.each, own.found)
	}
	return nil
}

func (m *matcher) matchList(t *Tree, v any, at string) error {
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

func (m *matcher) matchMap(t *Tree, v any, at string) error {
	members, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: want a map", at)
	}
	known := make(map[string]*Tree, len(t.keys))
	spread := ""
	for i, key := range t.keys {
		child := t.children[i]
		if child.kind == treeSpread {
			spread = child.leaf.Name()
			continue
		}
		known[key] = child
		_, sent := members[key]
		if _, constant := child.word(); constant && !sent {
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
			m.found[spread+"."+key] = WordOf(value)
		default:
			return fmt.Errorf("%s: unknown key %s", at, key)
		}
	}
	return nil
}
