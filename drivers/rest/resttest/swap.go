package resttest

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

// swapper puts values in the places of others.
type swapper []struct{ from, to string }

// inBody changes the values of a JSON body, and the first occurrence in any
// other.
func (s swapper) inBody(body []byte) []byte {
	tree, err := request.ReadJSON(body)
	if err != nil {
		for _, pair := range s {
			if pair.from != "" {
				body = bytes.Replace(body, []byte(pair.from), []byte(pair.to), 1)
			}
		}
		return body
	}
	for _, pair := range s {
		if pair.from == "" {
			continue
		}
		changed, found := swapTree(tree, pair.from, pair.to, false)
		if !found { // it is a part of a value
			changed, _ = swapTree(tree, pair.from, pair.to, true)
		}
		tree = changed
	}
	changed, err := json.Marshal(tree)
	if err != nil {
		return body
	}
	return changed
}

// swapTree changes the values that are equal to from, or those that contain it.
func swapTree(tree any, from, to string, within bool) (changed any, found bool) {
	switch v := tree.(type) {
	case map[string]any:
		for key, member := range v {
			one, here := swapTree(member, from, to, within)
			v[key], found = one, found || here
		}
		return v, found
	case []any:
		for i, member := range v {
			one, here := swapTree(member, from, to, within)
			v[i], found = one, found || here
		}
		return v, found
	}
	word, scalar := request.ScalarOf(tree)
	_, number := tree.(json.Number)
	switch {
	case !scalar || word != from && !(within && strings.Contains(word, from)):
		return tree, false
	case word != from:
		return strings.Replace(word, from, to, 1), true
	case number && json.Valid([]byte(to)):
		return json.Number(to), true
	}
	return to, true
}

// inCallback changes the values of a callback's query, form or body.
func (s swapper) inCallback(c *provider.Callback) *provider.Callback {
	changed := *c
	changed.Query = s.inValues(c.Query)
	if c.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		changed.Body = s.inBody(c.Body)
		return &changed
	}
	if form, err := url.ParseQuery(string(c.Body)); err == nil {
		changed.Body = []byte(s.inValues(form).Encode())
	}
	return &changed
}

func (s swapper) inValues(values url.Values) url.Values {
	changed := make(url.Values, len(values))
	for key, list := range values {
		for _, v := range list {
			for _, pair := range s {
				switch {
				case pair.from == "":
				case v == pair.from:
					v = pair.to
				case strings.HasPrefix(v, pair.from+","): // a list
					v = pair.to + strings.TrimPrefix(v, pair.from)
				}
			}
			changed.Add(key, v)
		}
	}
	return changed
}
