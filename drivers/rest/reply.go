package rest

import (
	"bytes"
	"errors"
	"regexp"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider/httpcall"
)

var errNotText = errors.New("the response is not the expected text")

// reply is the form of a response: JSON (the default), XML, or a text that a
// regular expression parses. All three become the same kind of tree, so that
// paths mean the same everywhere.
type reply struct {
	xml  bool
	text *regexp.Regexp
}

// UnmarshalYAML reads "json", "xml" or {text: expression}.
func (r *reply) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		r.xml = n.Value == "xml"
		return nil
	}
	var form struct {
		Text pattern `yaml:"text"`
	}
	if err := n.Decode(&form); err != nil {
		return err
	}
	for i, name := range form.Text.SubexpNames() {
		if i > 0 && name == "" {
			return form.Text.at.Fault("every group needs a name, (?P<id>…), for use in paths; write a group without one as (?:…)")
		}
	}
	r.text = form.Text.Regexp
	return nil
}

// groups are the keys that paths into a text may use; nil = any key.
func (r *reply) groups() []string {
	if r.text == nil {
		return nil
	}
	return r.text.SubexpNames()[1:]
}

// read decodes a response to a tree of map[string]any, []any, string,
// json.Number, bool and nil.
func (r *reply) read(resp *httpcall.Response) (any, error) {
	if err := resp.Readable(); err != nil {
		return nil, err
	}
	return r.parse(resp.Body)
}

func (r *reply) parse(body []byte) (any, error) {
	switch {
	case r.text != nil:
		return readText(body, r.text)
	case r.xml:
		return request.ReadXML(body)
	}
	return request.ReadJSON(body)
}

// readText maps the expression's group names to what they matched.
func readText(body []byte, expression *regexp.Regexp) (any, error) {
	match := expression.FindSubmatch(bytes.TrimSpace(body))
	if match == nil {
		return nil, errNotText
	}
	groups := make(map[string]any, len(match))
	for i, name := range expression.SubexpNames() {
		if i > 0 && match[i] != nil {
			groups[name] = string(match[i])
		}
	}
	return groups, nil
}
