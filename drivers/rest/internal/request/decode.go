package request

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxDepth bounds the nesting of responses and recipes.
const MaxDepth = 64

var (
	errNotJSON  = errors.New("the response is not the expected JSON")
	errNotXML   = errors.New("the response is not the expected XML")
	errTooDeep  = errors.New("the response is nested too deeply")
	errTrailing = errors.New("the response has data after its end")
)

// ReadJSON makes a tree of one JSON value: map[string]any, []any, string,
// json.Number, bool and nil.
func ReadJSON(body []byte) (any, error) {
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

// ReadXML decodes an element with children to a map, and one without to a
// string, white space included; repeated elements are a list. An attribute is the key "@name", text
// next to children or attributes the key "#text". The root element is the first
// key.
func ReadXML(body []byte) (any, error) {
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
	if depth > MaxDepth {
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
			if len(children) == 0 {
				return text.String(), nil
			}
			if strings.TrimSpace(text.String()) != "" {
				children["#text"] = text.String()
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

// WordOf returns a scalar as text: a number as the vendor wrote it. Lists, maps
// and null have none.
func WordOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// ScalarOf returns a scalar as text; ok is false for anything else.
func ScalarOf(v any) (text string, ok bool) {
	switch v.(type) {
	case nil, []any, map[string]any:
		return "", false
	}
	return WordOf(v), true
}

// PlainScalar returns a scalar of a recipe as JSON has it.
func PlainScalar(n *yaml.Node) (any, *Fault) {
	switch n.Tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value), nil
		}
		return nil, FaultAt(n, "%s is not a number as JSON writes it; quote it if it is a string", n.Value)
	}
	return n.Value, nil
}
