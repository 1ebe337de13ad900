package request

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Template is a string of a recipe with names in braces, "Bearer {token}". It
// is parsed once, when the recipe is loaded; the values of names are inserted
// and never parsed again, so a text that contains "{to}" is sent as it is. "{{"
// and "}}" are literal braces, "{a|b}" is the first of the names that has a
// value.
type Template struct {
	parts    []part
	Position Position
}

// part is a literal or names, of which the first with a value is used.
type part struct {
	literal string
	names   []string
}

// UnmarshalYAML parses the string.
func (t *Template) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return FaultAt(n, "want a string such as \"/messages/{id}\"")
	}
	parts, err := parseTemplate(n.Value)
	if err != nil {
		return FaultAt(n, "%v", err)
	}
	*t = Template{parts: parts, Position: At(n)}
	return nil
}

func parseTemplate(s string) ([]part, error) {
	var parts []part
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			parts = append(parts, part{literal: literal.String()})
			literal.Reset()
		}
	}
	for s != "" {
		switch {
		case strings.HasPrefix(s, "{{"), strings.HasPrefix(s, "}}"):
			literal.WriteByte(s[0])
			s = s[2:]
		case s[0] == '}':
			return nil, errors.New("a \"}\" without \"{\"; a literal brace is written twice: }}")
		case s[0] == '{':
			name, rest, closed := strings.Cut(s[1:], "}")
			if !closed || slices.ContainsFunc(strings.Split(name, "|"), isNoName) {
				return nil, fmt.Errorf("%q is not a name in braces such as {to}; a literal brace is written twice: {{", "{"+name)
			}
			flush()
			parts = append(parts, part{names: strings.Split(name, "|")})
			s = rest
		default:
			end := strings.IndexAny(s, "{}")
			if end < 0 {
				end = len(s)
			}
			literal.WriteString(s[:end])
			s = s[end:]
		}
	}
	flush()
	return parts, nil
}

// isNoName reports whether s is anything but lower-case words, digits and
// underscores, with dots between them.
func isNoName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || i > 0 && (c == '_' || c == '.' || c >= '0' && c <= '9') {
			continue
		}
		return true
	}
	return s == ""
}

// Names lists the names in the template.
func (t *Template) Names() []string {
	var names []string
	for _, p := range t.parts {
		names = append(names, p.names...)
	}
	return names
}

// Name returns the template's name if it is only one name, else "".
func (t *Template) Name() string {
	if len(t.parts) == 1 && len(t.parts[0].names) == 1 {
		return t.parts[0].names[0]
	}
	return ""
}

// Value fills the template. A template that is only one name keeps the type of
// the value. It is absent if one of its names has no value.
func (t *Template) Value(s Scope) (v any, present bool) {
	if len(t.parts) == 1 && t.parts[0].names != nil {
		return s.first(t.parts[0].names)
	}
	text, present := t.Text(s, nil)
	return text, present
}

// Text fills the template as a string; escape, if set, is applied to the values.
func (t *Template) Text(s Scope, escape func(string) string) (text string, present bool) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.names == nil {
			b.WriteString(p.literal)
			continue
		}
		v, ok := s.first(p.names)
		if !ok {
			return "", false
		}
		word := WordOf(v)
		if escape != nil {
			word = escape(word)
		}
		b.WriteString(word)
	}
	return b.String(), true
}

// Scope holds the values of names: a recipe's settings, and the values of one
// call. A value is a string, a json.Number, a bool, or members to spread.
type Scope struct {
	Settings map[string]string
	Values   map[string]any
}

// first returns the value of the first name that has one.
func (s Scope) first(names []string) (any, bool) {
	for _, name := range names {
		if v, ok := s.Lookup(name); ok {
			return v, true
		}
	}
	return nil, false
}

// Lookup returns a value of the call, else a setting.
func (s Scope) Lookup(name string) (any, bool) {
	if v, ok := s.Values[name]; ok {
		return v, true
	}
	v, ok := s.Settings[name]
	return v, ok
}
