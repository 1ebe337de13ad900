package template

import (
	"errors"
	"fmt"
	"strings"
	"text/template/parse"
	"unicode/utf8"
)

const (
	// MaxText is how many bytes a template may write.
	MaxText = 16 << 10
	// MaxSteps is how many steps an execution may take: one for each part of the
	// template, each time that it is come to, and for each 64 bytes that a function makes.
	MaxSteps = 100_000
)

// Template is a parsed template. It is safe for concurrent use.
type Template struct {
	source string
	root   *parse.ListNode
}

// Parse reads a template and checks all that does not depend on a payload. Errors
// begin with the place, as "template:LINE:COLUMN" or "template:LINE".
func Parse(source string) (*Template, error) {
	tree := parse.New("template")
	tree.Mode = parse.SkipFuncCheck // by check, which names the functions that there are
	trees := make(map[string]*parse.Tree)
	if _, err := tree.Parse(source, "", "", trees); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "template: "))
	}
	for _, other := range trees {
		if other != tree {
			return nil, errors.New("define and block are not available")
		}
	}
	t := &Template{source: source, root: tree.Root}
	return t, t.checkList(t.root)
}

// Execute makes the text for a payload: decoded JSON whose values are nil, bool,
// string, int64, json.Number, []any and map[string]any. Errors begin with the place in
// the template, as "template:LINE:COLUMN".
func (t *Template) Execute(payload map[string]any) (string, error) {
	x := &execution{template: t, variables: []variable{{"$", payload}}}
	if err := x.list(payload, t.root); err != nil {
		return "", err
	}
	return x.out.String(), nil
}

// errorAt makes an error about a part of the template.
func (t *Template) errorAt(n parse.Node, format string, args ...any) error {
	before := t.source[:start(n)]
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return fmt.Errorf("template:%d:%d: %s", line, column, fmt.Sprintf(format, args...))
}

// start is where a part of the template begins. The parser places fields of fields at
// the second dot.
func start(n parse.Node) parse.Pos {
	switch n := n.(type) {
	case *parse.FieldNode:
		if len(n.Ident) > 1 {
			return n.Pos - parse.Pos(len("."+n.Ident[0]))
		}
	case *parse.VariableNode:
		if len(n.Ident) > 1 {
			return n.Pos - parse.Pos(len(n.Ident[0]))
		}
	}
	return n.Position()
}
