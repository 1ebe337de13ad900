package template

import (
	"maps"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/anysms/anysms/provider/suggest"
)

// checkList and the functions below find what is wrong with a template whatever the
// payload is.
func (t *Template) checkList(list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	for _, n := range list.Nodes {
		if err := t.checkNode(n); err != nil {
			return err
		}
	}
	return nil
}

func (t *Template) checkNode(n parse.Node) error {
	switch n := n.(type) {
	case *parse.TextNode, *parse.BreakNode, *parse.ContinueNode:
		return nil
	case *parse.ActionNode:
		return t.checkPipe(n.Pipe)
	case *parse.IfNode:
		return t.checkBranch(&n.BranchNode)
	case *parse.WithNode:
		return t.checkBranch(&n.BranchNode)
	case *parse.RangeNode:
		return t.checkBranch(&n.BranchNode)
	}
	return t.errorAt(n, "%s is not available", n)
}

func (t *Template) checkBranch(b *parse.BranchNode) error {
	if err := t.checkPipe(b.Pipe); err != nil {
		return err
	}
	if err := t.checkList(b.List); err != nil {
		return err
	}
	return t.checkList(b.ElseList)
}

func (t *Template) checkPipe(p *parse.PipeNode) error {
	for i, command := range p.Cmds {
		piped := 0
		if i > 0 {
			piped = 1
		}
		if err := t.checkCommand(command, piped); err != nil {
			return err
		}
	}
	return nil
}

func (t *Template) checkCommand(command *parse.CommandNode, piped int) error {
	first, args := command.Args[0], command.Args[1:]
	for _, arg := range args {
		if err := t.checkOperand(arg); err != nil {
			return err
		}
	}
	switch first := first.(type) {
	case *parse.IdentifierNode:
		return t.checkCall(first, args, piped)
	case *parse.NilNode:
		return t.errorAt(first, "nil alone is nothing to write")
	}
	if len(args)+piped > 0 {
		return t.errorAt(first, "%s is not a function and takes no arguments", first)
	}
	return t.checkOperand(first)
}

func (t *Template) checkOperand(n parse.Node) error {
	switch n := n.(type) {
	case *parse.PipeNode:
		return t.checkPipe(n)
	case *parse.ChainNode:
		return t.checkOperand(n.Node)
	case *parse.IdentifierNode:
		return t.checkCall(n, nil, 0)
	case *parse.NumberNode:
		if _, ok := constant(n); !ok {
			return t.errorAt(n, "%s: want a whole number of 64 bits or a decimal one", n)
		}
	}
	return nil
}

func (t *Template) checkCall(name *parse.IdentifierNode, args []parse.Node, piped int) error {
	f, found := functions[name.Ident]
	if !found {
		names := slices.Sorted(maps.Keys(functions))
		return t.errorAt(name, "unknown function %q%s; want one of %s",
			name.Ident, suggest.DidYouMean(name.Ident, names), strings.Join(names, ", "))
	}
	given := len(args) + piped
	if given < f.min || f.max >= 0 && given > f.max {
		return t.errorAt(name, "%s has %d arguments; want %s", name.Ident, given, f.arity())
	}
	if name.Ident != "printf" {
		return nil
	}
	if len(args) == 0 || args[0].Type() != parse.NodeString {
		return t.errorAt(name, `the first argument of printf must be a format in quotes, such as "%%.2f"`)
	}
	return nil
}
