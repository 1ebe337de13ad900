package table

import (
	"fmt"
	"strings"
)

// Template makes texts from columns: "Hi {name}, …". A doubled brace is a literal
// one.
type Template struct {
	parts     []templatePart
	variables []string // in order of appearance, without repeats
}

// templatePart is a piece of text, or the value of a variable.
type templatePart struct {
	text     string
	variable int // index into variables; -1 = text
}

// ParseTemplate parses a template. The error names the byte offset.
func ParseTemplate(s string) (*Template, error) {
	t := new(Template)
	var text strings.Builder
	for at := 0; at < len(s); {
		switch c := s[at]; {
		case (c == '{' || c == '}') && at+1 < len(s) && s[at+1] == c:
			text.WriteByte(c)
			at += 2
		case c == '}':
			return nil, fmt.Errorf("template: unmatched } at byte %d; write }} for a literal brace", at)
		case c == '{':
			name, _, closed := strings.Cut(s[at+1:], "}")
			if !closed || strings.ContainsAny(name, "{\n") || strings.TrimSpace(name) == "" {
				return nil, fmt.Errorf("template: { at byte %d does not start a variable such as {name}; write {{ for a literal brace", at)
			}
			t.add(text.String(), name)
			text.Reset()
			at += len(name) + 2
		default:
			text.WriteByte(c)
			at++
		}
	}
	if text.Len() > 0 {
		t.parts = append(t.parts, templatePart{text.String(), -1})
	}
	return t, nil
}

func (t *Template) add(text, variable string) {
	if text != "" {
		t.parts = append(t.parts, templatePart{text, -1})
	}
	for i, name := range t.variables {
		if name == variable {
			t.parts = append(t.parts, templatePart{variable: i})
			return
		}
	}
	t.parts = append(t.parts, templatePart{variable: len(t.variables)})
	t.variables = append(t.variables, variable)
}

// Variables lists the columns that the template names, in order of appearance.
func (t *Template) Variables() []string { return t.variables }

// Find returns the indexes of the template's columns, in the order of Variables.
func (t *Template) Find(r Reader) ([]int, error) {
	at := make([]int, len(t.variables))
	for i, name := range t.variables {
		var err error
		if at[i], err = Find(r, name); err != nil {
			return nil, fmt.Errorf("template: {%s}: %s", name, err.Error()) // no flag names another column for it
		}
	}
	return at, nil
}

// Merge appends the text to buffer, with the variables replaced by their values.
// The variable at index without is left out; -1 leaves out none.
func (t *Template) Merge(buffer []byte, values []string, without int) []byte {
	for _, p := range t.parts {
		switch {
		case p.variable < 0:
			buffer = append(buffer, p.text...)
		case p.variable != without:
			buffer = append(buffer, values[p.variable]...)
		}
	}
	return buffer
}
