package template_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// generator writes random templates over the payload of the tests.
type generator struct {
	random *rand.Rand
	names  int // of variables
}

func (g *generator) one(of ...string) string { return of[g.random.IntN(len(of))] }

// list writes some nodes; variables are those in scope.
func (g *generator) list(depth int, variables []string) string {
	var b strings.Builder
	for range 1 + g.random.IntN(3) {
		kind := g.random.IntN(10)
		switch {
		case depth == 0 || kind < 3:
			fmt.Fprintf(&b, "{{%s}}", g.pipe(2, variables))
		case kind == 3:
			b.WriteString(g.one("a", " b ", "\n", "{{- /* c */ -}}", "é"))
		case kind == 4:
			name := fmt.Sprintf("$v%d", g.names)
			g.names++
			fmt.Fprintf(&b, "{{%s := %s}}", name, g.pipe(2, variables))
			variables = append(variables, name)
		case kind == 5 && len(variables) > 0:
			fmt.Fprintf(&b, "{{%s = %s}}", g.one(variables...), g.pipe(2, variables))
		case kind == 6:
			fmt.Fprintf(&b, "{{if %s}}%s{{else if %s}}%s{{end}}", g.pipe(2, variables), g.list(depth-1, variables), g.pipe(1, variables), g.list(depth-1, variables))
		case kind == 7:
			fmt.Fprintf(&b, "{{with %s}}%s{{else}}%s{{end}}", g.pipe(2, variables), g.list(depth-1, variables), g.list(depth-1, variables))
		default:
			b.WriteString(g.loop(depth, variables))
		}
	}
	return b.String()
}

func (g *generator) loop(depth int, variables []string) string {
	over := g.one(".words", ".alerts", ".labels", "$.words", "$.alerts", "$.none", ".tags", "3", ".three", "nil | and .none", g.operand(1, variables))
	declared, inside := "", variables
	switch g.random.IntN(4) {
	case 0:
		name := fmt.Sprintf("$v%d", g.names)
		g.names++
		declared, inside = name+" := ", append(slices.Clip(inside), name)
	case 1:
		name := fmt.Sprintf("$v%d", g.names)
		g.names++
		declared, inside = "$i"+name[1:]+", "+name+" := ", append(slices.Clip(inside), name, "$i"+name[1:])
	case 2:
		if len(variables) > 0 {
			declared = g.one(variables...) + " = "
		}
	}
	end := ""
	if g.random.IntN(3) == 0 {
		end = fmt.Sprintf("{{if %s}}{{%s}}{{end}}", g.pipe(1, inside), g.one("break", "continue"))
	}
	return fmt.Sprintf("{{range %s%s}}%s%s%s{{else}}%s{{end}}", declared, over, g.list(depth-1, inside), end, g.list(0, inside), g.list(depth-1, variables))
}

func (g *generator) pipe(depth int, variables []string) string {
	source := g.operand(depth, variables)
	if g.random.IntN(3) == 0 {
		source = g.call(depth, variables)
	}
	for range g.random.IntN(5) / 3 {
		source += " | " + g.one("upper", "lower", "trim", "len", "not", "print", "truncate 3", "printf `%v`", "eq 3", "and 1", "or 0", "or .zero", "urlquery", "index .words", "slice .status", "println")
	}
	return source
}

func (g *generator) operand(depth int, variables []string) string {
	kind := g.random.IntN(12)
	switch {
	case kind == 0:
		return "."
	case kind == 1:
		return g.one("1", "0", "-2", "1.5", "`x`", `"y z"`, "true", "false", "0x1e", "1e3", "'a'", "2.0", "0.5")
	case kind < 4 && len(variables) > 0:
		return g.one(variables...)
	case kind == 4 && len(variables) > 0:
		return g.one(variables...) + g.one(".name", ".a", ".b.c")
	case kind == 5 && depth > 0:
		return "(" + g.pipe(depth-1, variables) + ")" + g.one("", "", ".name", ".a")
	case kind == 6:
		return g.one("$", ".status", ".labels.a", ".three", "$.missing", ".alerts", "(index $.alerts 0).name", "(index $.nulls 0)")
	}
	return g.one("$.status", "$.status", "$.empty", "$.greek", "$.three", "$.zero", "$.half", "$.low", "$.high", "$.yes", "$.no", "$.alerts",
		"$.words", "$.none", "$.labels", "$.labels.a", "$.bare", ".status", ".labels.missing", ".status.x", ".name", ".tags")
}

func (g *generator) call(depth int, variables []string) string {
	if depth == 0 {
		return g.operand(0, variables)
	}
	arg := func() string { return g.operand(depth-1, variables) }
	count := func(least int) string {
		var b strings.Builder
		for range least + g.random.IntN(2) {
			b.WriteString(" " + arg())
		}
		return b.String()
	}
	switch g.random.IntN(8) {
	case 0:
		return g.one("upper ", "lower ", "trim ", "not ", "len ") + arg()
	case 1:
		return g.one("and", "or", "print", "println", "urlquery", "index") + count(1)
	case 2:
		return g.one("eq", "eq", "ne", "lt", "le", "gt", "ge") + " " + arg() + " " + arg()
	case 3:
		return "index " + g.one(".words", ".labels", ".alerts", ".status") + " " + g.one("0", "1", "9", "`a`", "`c`", ".three", arg())
	case 4:
		return "slice " + g.one(".words", ".status", ".greek", arg()) + g.one("", " 1", " 1 2", " 2 1", " 0 3 3", " 0 9", " 1.0")
	case 5:
		return "printf " + g.one("`%v`", "`%5v|%-4v`", "`%.1f`", "`%d`", "`%q`", "`%s %s`", "`%03d`", "`%c%%`", "`%t`", "`%6.2f`") + count(1)
	case 6:
		return "field " + g.one(". ", "$ ", arg()+" ") + g.one("`status`", "`x|labels.a`", "`alerts.1.name`", "`half|yes`", "`words.7|no`", "`words`")
	}
	return "truncate " + g.one("2", "0", "-1", "5", ".three", arg()) + " " + arg()
}
