package rest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/provider/httpcall"
)

// maxDepth bounds the nesting of answers and recipes.
const maxDepth = 64

var (
	errNotJSON  = errors.New("the answer is not the JSON that was expected")
	errNotXML   = errors.New("the answer is not the XML that was expected")
	errNotText  = errors.New("the answer is not the text that was expected")
	errTooDeep  = errors.New("the answer is nested too deep")
	errTrailing = errors.New("the answer has more after its end")
)

// reply is the form of an answer: JSON (the default), XML, or a text that a
// regular expression takes apart. All three become one kind of tree, so that
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
			return form.Text.at.problem("every group needs a name, (?P<id>…), which paths then use; a group without one is written (?:…)")
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

// read makes a tree of an answer. In it are map[string]any, []any, string,
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
		return readXML(body)
	}
	return readJSON(body)
}

func readJSON(body []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, errNotJSON
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return v, nil
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

// readXML makes an element with children a map, one without a string; repeated
// elements are a list. An attribute is the key "@name", text beside children or
// attributes the key "#text". The root element is the first key.
func readXML(body []byte) (any, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil, errNotXML
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		root, err := readElement(decoder, start, 0)
		if err != nil {
			return nil, err
		}
		return map[string]any{start.Name.Local: root}, nil
	}
}

func readElement(decoder *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	children := make(map[string]any)
	for _, a := range start.Attr {
		children["@"+a.Name.Local] = a.Value
	}
	var text strings.Builder
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil, errNotXML
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			child, err := readElement(decoder, token, depth+1)
			if err != nil {
				return nil, err
			}
			addChild(children, token.Name.Local, child)
		case xml.EndElement:
			word := strings.TrimSpace(text.String())
			if len(children) == 0 {
				return word, nil
			}
			if word != "" {
				children["#text"] = word
			}
			return children, nil
		}
	}
}

func addChild(children map[string]any, name string, child any) {
	before, repeated := children[name]
	if !repeated {
		children[name] = child
		return
	}
	if list, ok := before.([]any); ok {
		children[name] = append(list, child)
		return
	}
	children[name] = []any{before, child}
}
