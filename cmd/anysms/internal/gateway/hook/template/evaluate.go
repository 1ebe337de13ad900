package template

import (
	"slices"
	"strings"
	"text/template/parse"
)

// pipe returns what a pipeline makes, and sets the variables that it declares.
func (x *execution) pipe(dot any, p *parse.PipeNode) (any, error) {
	var value any
	var piped []any // what the command before has made
	for _, command := range p.Cmds {
		var err error
		if value, err = x.command(dot, command, piped); err != nil {
			return nil, err
		}
		piped = []any{value}
	}
	for _, v := range p.Decl {
		if p.IsAssign {
			x.set(v.Ident[0], value)
		} else {
			x.variables = append(x.variables, variable{v.Ident[0], value})
		}
	}
	return value, nil
}

func (x *execution) command(dot any, command *parse.CommandNode, piped []any) (any, error) {
	if name, ok := command.Args[0].(*parse.IdentifierNode); ok {
		return x.call(dot, name, command.Args[1:], piped)
	}
	return x.operand(dot, command.Args[0])
}

func (x *execution) operand(dot any, n parse.Node) (any, error) {
	if err := x.spend(n, 1); err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case *parse.DotNode:
		return dot, nil
	case *parse.NilNode:
		return nil, nil
	case *parse.BoolNode:
		return n.True, nil
	case *parse.StringNode:
		return n.Text, nil
	case *parse.NumberNode:
		value, _ := constant(n)
		return value, nil
	case *parse.FieldNode:
		return x.fields(n, dot, "", n.Ident)
	case *parse.VariableNode:
		return x.fields(n, x.get(n.Ident[0]), n.Ident[0], n.Ident[1:])
	case *parse.ChainNode:
		value, err := x.operand(dot, n.Node)
		if err != nil {
			return nil, err
		}
		return x.fields(n, value, "("+n.Node.String()+")", n.Field)
	case *parse.IdentifierNode:
		return x.call(dot, n, nil, nil)
	case *parse.PipeNode:
		return x.pipe(dot, n)
	}
	return nil, x.template.errorAt(n, "%s is not available", n)
}

// fields follows names from a value; from is how the template writes the value.
func (x *execution) fields(n parse.Node, value any, from string, names []string) (any, error) {
	for i, name := range names {
		object, ok := value.(map[string]any)
		if !ok {
			before := strings.Join(append([]string{from}, names[:i]...), ".")
			if before == "" {
				before = "."
			}
			return nil, x.template.errorAt(n, "%s is %s and has no field %s", before, kindOf(value), name)
		}
		if value, ok = object[name]; !ok {
			return nil, x.template.errorAt(n, "the payload has no %s.%s", from, strings.Join(names[:i+1], "."))
		}
	}
	return value, nil
}

// call calls a function with its arguments, of which a piped one is the last.
func (x *execution) call(dot any, name *parse.IdentifierNode, args []parse.Node, piped []any) (any, error) {
	if name.Ident == "and" || name.Ident == "or" {
		return x.decide(dot, name.Ident == "or", args, piped)
	}
	values := make([]any, 0, len(args)+len(piped))
	for _, arg := range args {
		value, err := x.operand(dot, arg)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	value, err := functions[name.Ident].call(append(values, piped...))
	if err != nil {
		return nil, x.template.errorAt(name, "%s: %v", name.Ident, err)
	}
	text, _ := value.(string)
	return value, x.spend(name, 1+len(text)/64)
}

// decide returns the first argument whose truth is the wanted one, or the last. The
// others are not evaluated.
func (x *execution) decide(dot any, wanted bool, args []parse.Node, piped []any) (value any, err error) {
	for _, arg := range args {
		if value, err = x.operand(dot, arg); err != nil || truth(value) == wanted {
			return value, err
		}
	}
	if len(piped) > 0 {
		return piped[0], nil
	}
	return value, nil
}

// place finds the innermost variable of a name, which the parser has seen declared.
func (x *execution) place(name string) *any {
	for i := range slices.Backward(x.variables) {
		if x.variables[i].name == name {
			return &x.variables[i].value
		}
	}
	return new(any)
}

func (x *execution) get(name string) any        { return *x.place(name) }
func (x *execution) set(name string, value any) { *x.place(name) = value }
