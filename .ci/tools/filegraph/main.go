// Filegraph draws the graph between the files of one package and counts the edges
// that run against its main direction: an order of the files in which each uses
// only those after it.
//
//	go run -C .ci/tools ./filegraph -order filegraph/router.order ../../router
//
// It prints three graphs. In "calls" an edge leads from a file to another one
// whose functions or methods it calls or passes on; "functions" counts the same
// by pairs of functions; in "uses" an edge leads to any other file whose
// declarations are named: types, fields, constants and variables too. Tests are
// left out. It fails if more edges than -max run against the order, or if a file
// is missing in it.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	orderFile := flag.String("order", "", "`file` with the package's files, one a line, in the main direction")
	limit := flag.Int("max", 0, "how many edges of the graph \"calls\" may run against the order")
	flag.Parse()
	if err := run(flag.Arg(0), *orderFile, *limit); err != nil {
		fmt.Fprintln(os.Stderr, "filegraph:", err)
		os.Exit(1)
	}
}

func run(dir, orderFile string, limit int) error {
	p, err := load(dir)
	if err != nil {
		return err
	}
	order, err := readOrder(orderFile)
	if err != nil {
		return err
	}
	for _, name := range p.files {
		if _, ok := order[name]; !ok {
			return fmt.Errorf("%s is missing in %s", name, orderFile)
		}
	}
	calls, functions, uses := p.graphs()
	against := calls.against(order)
	fmt.Printf("%d files\n", len(p.files))
	fmt.Printf("calls:     %3d edges, %d against the order\n", len(calls), len(against))
	fmt.Printf("functions: %3d edges, %d against the order\n", len(functions), len(functions.against(order)))
	fmt.Printf("uses:      %3d edges, %d against the order\n", len(uses), len(uses.against(order)))
	for _, e := range uses.against(order) {
		fmt.Printf("  %s uses %s\n", e.from, e.to)
	}
	if len(against) > limit {
		return fmt.Errorf("%d calls run against the order of %s; at most %d may", len(against), orderFile, limit)
	}
	return nil
}

// readOrder reads the place of each file. Blank lines and what follows # do not
// count.
func readOrder(name string) (map[string]int, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	order := make(map[string]int)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line != "" {
			order[line] = len(order)
		}
	}
	return order, lines.Err()
}

// loaded is a package with its types.
type loaded struct {
	files  []string
	syntax []*ast.File
	fset   *token.FileSet
	types  *types.Package
	info   *types.Info
}

// load type-checks the package in dir against its compiled dependencies.
func load(dir string) (*loaded, error) {
	out, err := exec.Command("go", "list", "-C", dir, "-export", "-deps", "-json=ImportPath,Export,Dir,GoFiles,DepOnly", ".").Output()
	if err != nil {
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("go list: %s", bytes.TrimSpace(failed.Stderr))
		}
		return nil, err
	}
	p := &loaded{fset: token.NewFileSet(), info: &types.Info{Uses: make(map[*ast.Ident]types.Object)}}
	exports := make(map[string]string)
	var path string
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var listed struct {
			ImportPath, Export, Dir string
			GoFiles                 []string
			DepOnly                 bool
		}
		if err := decoder.Decode(&listed); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		exports[listed.ImportPath] = listed.Export
		if listed.DepOnly {
			continue
		}
		path, p.files = listed.ImportPath, listed.GoFiles
		for _, name := range listed.GoFiles {
			f, err := parser.ParseFile(p.fset, filepath.Join(listed.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			p.syntax = append(p.syntax, f)
		}
	}
	config := types.Config{Importer: importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	p.types, err = config.Check(path, p.fset, p.syntax, p.info)
	return p, err
}

// edge leads from a file to another one. In the graph of functions the two
// functions are named too.
type edge struct{ from, to, caller, callee string }

type graph map[edge]bool

func (p *loaded) graphs() (calls, functions, uses graph) {
	calls, functions, uses = make(graph), make(graph), make(graph)
	for _, f := range p.syntax {
		from := p.fileOf(f.Pos())
		for _, d := range f.Decls {
			caller := fmt.Sprint(d.Pos())
			ast.Inspect(d, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if !ok {
					return true
				}
				used := p.info.Uses[id]
				if used == nil || used.Pkg() != p.types {
					return true
				}
				to := p.fileOf(used.Pos())
				if to == from {
					return true
				}
				uses[edge{from: from, to: to}] = true
				if f, ok := used.(*types.Func); ok {
					calls[edge{from: from, to: to}] = true
					functions[edge{from, to, caller, f.FullName()}] = true
				}
				return true
			})
		}
	}
	return calls, functions, uses
}

func (p *loaded) fileOf(at token.Pos) string { return filepath.Base(p.fset.Position(at).Filename) }

// against lists the edges that lead to an earlier file.
func (g graph) against(order map[string]int) []edge {
	var list []edge
	for e := range maps.Keys(g) {
		if order[e.from] > order[e.to] {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b edge) int { return strings.Compare(a.from+" "+a.to, b.from+" "+b.to) })
	return list
}
