package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// planter writes the text of a file with faults planted.
type planter struct {
	plan   *plan
	source *source
	keep   map[*fault]bool
}

func (w *planter) offset(at token.Pos) int { return w.plan.fset.Position(at).Offset }

// plain returns the text of a node without a fault.
func (w *planter) plain(n ast.Node) string {
	return string(w.source.text[w.offset(n.Pos()):w.offset(n.End())])
}

// between returns the text between two positions, with faults in the nodes of root.
func (w *planter) between(from, to token.Pos, root ast.Node) string {
	var b strings.Builder
	at := w.offset(from)
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil || n == root {
			return true
		}
		faults := w.kept(n)
		if len(faults) == 0 {
			return true
		}
		b.Write(w.source.text[at:w.offset(n.Pos())])
		b.WriteString(w.switched(n, faults))
		at = w.offset(n.End())
		return false
	})
	b.Write(w.source.text[at:w.offset(to)])
	return b.String()
}

func (w *planter) kept(n ast.Node) []*fault {
	var kept []*fault
	for _, f := range w.source.faults[n] {
		if w.keep[f] && !f.alone {
			kept = append(kept, f)
		}
	}
	return kept
}

// inner is the text of a node below one that has faults.
func (w *planter) inner(n ast.Node) string {
	if faults := w.kept(n); len(faults) > 0 {
		return w.switched(n, faults)
	}
	return w.between(n.Pos(), n.End(), n)
}

// switched is the text of a node with its faults. A negation needs no function around
// the expression, and none keeps a call of recover where it works.
func (w *planter) switched(n ast.Node, faults []*fault) string {
	switch n := n.(type) {
	case *ast.IncDecStmt:
		f := faults[0]
		return fmt.Sprintf("func() { if plantedFault(%d) { %s%s } else { %s%s } }()", f.id, w.plain(n.X), f.to, w.inner(n.X), f.from)
	case *ast.UnaryExpr:
		f := faults[0]
		if f.kind == "NEGATION_LOST" {
			return fmt.Sprintf("((!%s) != plantedFault(%d))", w.inner(n.X), f.id)
		}
		return fmt.Sprintf("(func() %s { if plantedFault(%d) { return %s%s }; return %s%s }())",
			w.plan.typeName(w.source, n), f.id, f.to, w.plain(n.X), f.from, w.inner(n.X))
	case *ast.BinaryExpr:
		text := fmt.Sprintf("%s %s %s", w.inner(n.X), n.Op, w.inner(n.Y))
		var others strings.Builder
		for _, f := range faults {
			if f.kind == "CONDITIONALS_NEGATION" {
				text = fmt.Sprintf("(%s) != plantedFault(%d)", text, f.id)
			} else {
				fmt.Fprintf(&others, "if plantedFault(%d) { return %s %s %s }; ", f.id, w.plain(n.X), f.to, w.plain(n.Y))
			}
		}
		if others.Len() == 0 {
			return "(" + text + ")"
		}
		return fmt.Sprintf("(func() %s { %sreturn %s }())", w.plan.typeName(w.source, n), &others, text)
	}
	panic("a fault in a node of another kind")
}

// switchFile is added to the package. It also records which faults a test reaches.
const switchFile = `package %s

import (
	"os"
	"strconv"
	"sync/atomic"
)

var (
	plantedOne, _  = strconv.Atoi(os.Getenv("PLANTED_FAULT"))
	plantedRecord  = os.Getenv("PLANTED_RECORD")
	plantedReached [%d]atomic.Bool
)

func plantedFault(id int) bool {
	if plantedRecord != "" {
		plantedReach(id)
	}
	return plantedOne == id
}

func plantedReach(id int) {
	if plantedReached[id].Swap(true) {
		return
	}
	file, err := os.OpenFile(plantedRecord, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if _, err := file.WriteString(strconv.Itoa(id) + "\n"); err != nil {
		panic(err)
	}
}
`
