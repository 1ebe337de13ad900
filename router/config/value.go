package config

import (
	"encoding"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/provider"
)

// shape is the form that a value must get. YAML reads +306900000001 and 12345 as
// numbers; where text is wanted they stay as they are written.
type shape struct {
	scalar  scalar
	fields  map[string]shape // of a map with known keys
	element *shape           // of a list, or of a map with any keys
	opaque  bool             // read elsewhere
	secret  bool
	bare    string // the key of a single value, where a map is wanted
}

type scalar uint8

const (
	asWritten scalar = iota // as YAML reads it
	asText
	asValue // a number or bool, even from a variable
)

// shapeOf derives the shape from the Go type of the value.
func shapeOf(t reflect.Type) shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch p := reflect.PointerTo(t); {
	case t == reflect.TypeFor[json.RawMessage]():
		return shape{opaque: true}
	case p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return shape{scalar: asText, secret: t == reflect.TypeFor[provider.Secret]()}
	}
	switch t.Kind() {
	case reflect.Struct:
		fields := make(map[string]shape)
		for _, f := range reflect.VisibleFields(t) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
				fields[name] = shapeOf(f.Type)
			}
		}
		s := shape{fields: fields}
		if t == reflect.TypeFor[targetConfig]() {
			s.bare = "name"
		}
		return s
	case reflect.Slice, reflect.Map:
		element := shapeOf(t.Elem())
		return shape{element: &element}
	case reflect.String:
		return shape{scalar: asText}
	}
	return shape{scalar: asValue}
}

// settingShape is the shape of a driver's setting.
func settingShape(s provider.Setting) shape {
	switch s.Type {
	case "string", "secret", "duration":
		return shape{scalar: asText}
	case "number", "bool":
		return shape{scalar: asValue}
	}
	return shape{}
}

// value turns a node into what encoding/json marshals, with variables and secret
// files read, and records lines.
func (d *document) value(path string, n *yaml.Node, s shape, depth int) (any, error) {
	n = follow(n)
	if depth > maxDepth {
		return nil, provider.ConfigErrorf(path, "is nested too deeply")
	}
	switch {
	case s.opaque:
		return nil, nil
	case n.Kind == yaml.MappingNode:
		return d.mapping(path, n, s, depth)
	case s.fields != nil && s.bare == "" && n.ShortTag() != "!!null":
		return nil, provider.ConfigErrorf(path, "got %s, want a map of settings", kind(n))
	case n.Kind == yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for i, e := range n.Content {
			at := fmt.Sprintf("%s[%d]", path, i)
			d.lines[at] = e.Line
			v, err := d.value(at, e, s.of(""), depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	if s.bare != "" && n.ShortTag() != "!!null" {
		v, err := d.scalar(path, n, asText)
		return map[string]any{s.bare: v}, err
	}
	if s.secret {
		d.noteSecret(path, n)
	} else {
		d.notePassword(path, n)
	}
	return d.scalar(path, n, s.scalar)
}

// of returns the shape of the value of a key, or of an element of a list.
func (s shape) of(key string) shape {
	if known, ok := s.fields[key]; ok {
		return known
	}
	if s.element != nil {
		return *s.element
	}
	return shape{}
}

func (d *document) mapping(path string, n *yaml.Node, s shape, depth int) (any, error) {
	fields, err := d.fields(path, n, depth)
	if err != nil {
		return nil, err
	}
	if len(fields) == 1 && fields[0].key == "file" && s.fields == nil && s.element == nil {
		return d.secretFile(path, fields[0].value)
	}
	object := make(map[string]any, len(fields))
	for _, f := range fields {
		v, err := d.value(join(path, f.key), f.value, s.of(f.key), depth+1)
		if err != nil {
			return nil, err
		}
		object[f.key] = v
	}
	return object, nil
}

func (d *document) scalar(path string, n *yaml.Node, want scalar) (any, error) {
	tag := n.ShortTag()
	if tag == "!!null" {
		return nil, nil
	}
	text, err := d.expand(path, n.Value)
	switch {
	case err != nil:
		return nil, err
	case want == asText || want == asWritten && tag == "!!str":
		return text, nil
	case want == asValue && text != n.Value: // from a variable: read it as if it were written here
		n = &yaml.Node{Kind: yaml.ScalarNode, Value: text, Line: n.Line}
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return nil, provider.ConfigErrorf(path, "%q cannot be read", n.Value)
	}
	switch v.(type) {
	case bool, int, int64, uint64, float64, string:
		return v, nil
	}
	return text, nil // a date, or whatever else YAML has
}

// expand replaces variables.
func (d *document) expand(path, s string) (string, error) {
	var b strings.Builder
	for {
		at := strings.Index(s, "${")
		if at < 0 {
			b.WriteString(s)
			return b.String(), nil
		}
		if at > 0 && s[at-1] == '$' {
			b.WriteString(s[:at-1] + "${")
			s = s[at+2:]
			continue
		}
		name, rest, closed := strings.Cut(s[at+2:], "}")
		if !closed || name == "" {
			return "", provider.ConfigErrorf(path, "${ without a name and a closing brace; want ${NAME}, or $${ for a literal ${")
		}
		value, set := d.getenv(name)
		if !set {
			return "", provider.ConfigErrorf(path, "the environment variable %s is not set", name)
		}
		b.WriteString(s[:at] + value)
		s = rest
	}
}

// secretFile reads {file: path}.
func (d *document) secretFile(path string, n *yaml.Node) (any, error) {
	name, err := d.scalar(path, follow(n), asText)
	if err != nil {
		return nil, err
	}
	file, ok := name.(string)
	if !ok || file == "" {
		return nil, provider.ConfigErrorf(path, "file: want the path of a file")
	}
	content, err := os.ReadFile(d.resolve(file))
	if err != nil {
		return nil, provider.ConfigErrorf(path, "%v", err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r"), nil
}

// resolve resolves a path relative to the directory of the file.
func (d *document) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(d.dir, path)
}
