package template

import (
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"text/template/parse"
)

// execution is one run of a template.
type execution struct {
	template  *Template
	out       strings.Builder
	variables []variable // the innermost last
	steps     int
}

type variable struct {
	name  string
	value any
}

// How a list ends early, inside a range.
var (
	errBreak    = errors.New("break")
	errContinue = errors.New("continue")
)

// spend counts steps.
func (x *execution) spend(n parse.Node, steps int) error {
	if x.steps += steps; x.steps > MaxSteps {
		return x.template.errorAt(n, "the template took more than %d steps", MaxSteps)
	}
	return nil
}

func (x *execution) write(n parse.Node, text string) error {
	if x.out.Len()+len(text) > MaxText {
		return x.template.errorAt(n, "the template wrote more than %d bytes", MaxText)
	}
	x.out.WriteString(text)
	return nil
}

// forget ends the scope of the variables that came after the first ones.
func (x *execution) forget(first int) { x.variables = x.variables[:first] }

func (x *execution) list(dot any, list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	for _, n := range list.Nodes {
		if err := x.node(dot, n); err != nil {
			return err
		}
	}
	return nil
}

func (x *execution) node(dot any, n parse.Node) error {
	if err := x.spend(n, 1); err != nil {
		return err
	}
	switch n := n.(type) {
	case *parse.TextNode:
		return x.write(n, string(n.Text))
	case *parse.ActionNode:
		return x.action(dot, n.Pipe)
	case *parse.IfNode:
		return x.branch(dot, &n.BranchNode)
	case *parse.WithNode:
		return x.branch(dot, &n.BranchNode)
	case *parse.RangeNode:
		return x.loop(dot, n)
	case *parse.BreakNode:
		return errBreak
	case *parse.ContinueNode:
		return errContinue
	}
	return x.template.errorAt(n, "%s is not available", n)
}

// action writes what a pipeline makes, or sets variables.
func (x *execution) action(dot any, p *parse.PipeNode) error {
	value, err := x.pipe(dot, p)
	if err != nil || len(p.Decl) > 0 {
		return err
	}
	if value == nil {
		return x.template.errorAt(p, "%s is null and has no text", p)
	}
	return x.write(p, textOf(value))
}

// branch is if and with; the latter sets the dot.
func (x *execution) branch(dot any, b *parse.BranchNode) error {
	defer x.forget(len(x.variables))
	value, err := x.pipe(dot, b.Pipe)
	switch {
	case err != nil:
		return err
	case !truth(value):
		return x.list(dot, b.ElseList)
	case b.NodeType == parse.NodeWith:
		return x.list(value, b.List)
	}
	return x.list(dot, b.List)
}

func (x *execution) loop(dot any, r *parse.RangeNode) error {
	defer x.forget(len(x.variables))
	over, err := x.pipe(dot, r.Pipe)
	if err != nil {
		return err
	}
	items, err := x.items(r.Pipe, over)
	if err != nil {
		return err
	}
	scope, empty := len(x.variables), true
	for key, item := range items {
		empty = false
		if err := x.spend(r, 1); err != nil {
			return err
		}
		x.setLoopVariables(r.Pipe, key, item)
		err := x.list(item, r.List)
		x.forget(scope)
		if errors.Is(err, errBreak) {
			return nil
		}
		if err != nil && !errors.Is(err, errContinue) {
			return err
		}
	}
	if empty {
		return x.list(dot, r.ElseList)
	}
	return nil
}

// setLoopVariables sets $item, or $key and $item, which the pipeline has declared.
func (x *execution) setLoopVariables(p *parse.PipeNode, key, item any) {
	if len(p.Decl) == 0 {
		return
	}
	if len(p.Decl) == 2 {
		x.set(p.Decl[0].Ident[0], key)
	}
	x.set(p.Decl[len(p.Decl)-1].Ident[0], item)
}

// items lists what a range goes over, with indexes or names.
func (x *execution) items(p *parse.PipeNode, over any) (iter.Seq2[any, any], error) {
	switch over := over.(type) {
	case nil:
		return func(func(any, any) bool) {}, nil
	case []any:
		return listItems(over), nil
	case map[string]any:
		return objectItems(over), x.spend(p, len(over)) // it sorts
	case int64:
		if len(p.Decl) < 2 {
			return countItems(over), nil
		}
		return nil, x.template.errorAt(p, "a range over a number sets one variable, not two")
	}
	return nil, x.template.errorAt(p, "range: want a list, an object or a whole number, not %s", kindOf(over))
}

func listItems(list []any) iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for i, item := range list {
			if !yield(int64(i), item) {
				return
			}
		}
	}
}

func objectItems(object map[string]any) iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			if !yield(name, object[name]) {
				return
			}
		}
	}
}

func countItems(n int64) iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for i := range n {
			if !yield(nil, i) {
				return
			}
		}
	}
}
