package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// place is where gremlins says a fault is: its kind, and FILE:LINE:COLUMN of the operator.
type place struct{ kind, at string }

// fault is one token that another replaces.
type fault struct {
	id     int
	kind   string
	file   string // from the root of the repository
	line   int
	column int
	offset int
	text   string // the line, for people and for mutants.txt
	from   token.Token
	to     token.Token // token.ILLEGAL: the operator is left out
	node   ast.Node
	source *source
	alone  bool // needs its own binary
}

// key is the fault's line in mutants.txt.
func (f *fault) key() string {
	return fmt.Sprintf("%s %s %d: %s", f.file, f.kind, f.column, f.text)
}

func (f *fault) String() string {
	return fmt.Sprintf("%s at %s:%d:%d: %s", f.kind, f.file, f.line, f.column, f.text)
}

// source is a file of the package.
type source struct {
	name   string // from the root of the repository
	path   string
	text   []byte
	file   *ast.File
	faults map[ast.Node][]*fault
}

// target is the package whose code gets faults, and those whose tests count.
type target struct {
	name  string
	dir   string
	files []string // none: all
	tests []string
}

func newTarget(name string) (*target, error) {
	code, tests, _ := strings.Cut(name, "+")
	t := &target{name: name, dir: code}
	if strings.HasSuffix(code, ".go") {
		t.files = strings.Split(code, ",")
		t.dir = path.Dir(t.files[0])
	}
	t.tests = []string{t.dir}
	if tests != "" {
		t.tests = append(t.tests, strings.Split(tests, "+")...)
	}
	if _, err := os.Stat(t.dir); err != nil {
		return nil, err
	}
	return t, nil
}

// plan is what may be planted in a target.
type plan struct {
	target  *target
	pkg     string // its name in Go
	fset    *token.FileSet
	info    *types.Info
	types   *types.Package
	sources []*source
	faults  []*fault
}

// load parses and checks the package, and finds the faults in it that are listed.
func (t *target) load(listed map[place]bool) (*plan, error) {
	p := &plan{target: t, fset: token.NewFileSet()}
	names, imports, err := packages(t.dir)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		s := &source{name: path.Join(t.dir, name), faults: make(map[ast.Node][]*fault)}
		if s.path, err = filepath.Abs(s.name); err != nil {
			return nil, err
		}
		if s.text, err = os.ReadFile(s.path); err != nil {
			return nil, err
		}
		if s.file, err = parser.ParseFile(p.fset, s.path, s.text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			return nil, err
		}
		files = append(files, s.file)
		p.sources = append(p.sources, s)
	}
	p.pkg = files[0].Name.Name
	p.info = &types.Info{Types: make(map[ast.Expr]types.TypeAndValue)}
	config := types.Config{Importer: importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		if imports[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(imports[path])
	})}
	if p.types, err = config.Check(t.dir, p.fset, files, p.info); err != nil {
		return nil, err
	}
	for _, s := range p.sources {
		if len(t.files) == 0 || slices.Contains(t.files, s.name) {
			p.find(s, listed)
		}
	}
	if len(p.faults) == 0 {
		return nil, errors.New("no faults to plant")
	}
	return p, nil
}

// packages returns the files of the package in dir, and the export data of what it imports.
func packages(dir string) (files []string, imports map[string]string, err error) {
	var diagnostics bytes.Buffer
	list := exec.Command("go", "list", "-export", "-deps", "-json=Export,ImportPath,GoFiles,DepOnly", "./"+dir)
	list.Stderr = &diagnostics
	out, err := list.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("go list: %w: %s", err, &diagnostics)
	}
	imports = make(map[string]string)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg struct {
			Export, ImportPath string
			GoFiles            []string
			DepOnly            bool
		}
		if err := d.Decode(&pkg); errors.Is(err, io.EOF) {
			return files, imports, nil
		} else if err != nil {
			return nil, nil, err
		}
		imports[pkg.ImportPath] = pkg.Export
		if !pkg.DepOnly {
			files = pkg.GoFiles
		}
	}
}

var (
	negations = map[token.Token]token.Token{
		token.EQL: token.NEQ, token.NEQ: token.EQL, token.LSS: token.GEQ,
		token.GEQ: token.LSS, token.GTR: token.LEQ, token.LEQ: token.GTR,
	}
	boundaries = map[token.Token]token.Token{
		token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	}
	sums = map[token.Token]token.Token{
		token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL, token.REM: token.MUL,
	}
	logical = map[token.Token]token.Token{token.LAND: token.LOR, token.LOR: token.LAND}
	steps   = map[token.Token]token.Token{token.INC: token.DEC, token.DEC: token.INC}
	// Gremlins calls a sum of two operands turned round both ARITHMETIC_BASE and
	// INVERT_NEGATIVES; here it is the first alone.
	signs = map[token.Token]token.Token{token.SUB: token.ADD}
	nots  = map[token.Token]token.Token{token.NOT: token.ILLEGAL}
)

// find collects the faults of a file.
func (p *plan) find(s *source, listed map[place]bool) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op == token.ADD && p.isString(n) {
				return true // does not compile
			}
			p.add(s, listed, n, n.OpPos, n.Op, "CONDITIONALS_NEGATION", negations)
			p.add(s, listed, n, n.OpPos, n.Op, "CONDITIONALS_BOUNDARY", boundaries)
			p.add(s, listed, n, n.OpPos, n.Op, "ARITHMETIC_BASE", sums)
			p.add(s, listed, n, n.OpPos, n.Op, "INVERT_LOGICAL", logical)
		case *ast.UnaryExpr:
			p.add(s, listed, n, n.OpPos, n.Op, "INVERT_NEGATIVES", signs)
			p.add(s, nil, n, n.OpPos, n.Op, "NEGATION_LOST", nots)
		case *ast.IncDecStmt:
			p.add(s, listed, n, n.TokPos, n.Tok, "INCREMENT_DECREMENT", steps)
		}
		return true
	})
}

// add adds a fault if it is listed, or if there is no list.
func (p *plan) add(s *source, listed map[place]bool, n ast.Node, at token.Pos, from token.Token, kind string, swaps map[token.Token]token.Token) {
	to, ok := swaps[from]
	if !ok {
		return
	}
	where := p.fset.Position(at)
	if listed != nil && !listed[place{kind, fmt.Sprintf("%s:%d:%d", s.name, where.Line, where.Column)}] {
		return
	}
	line := bytes.Split(s.text, []byte("\n"))[where.Line-1]
	f := &fault{
		id: len(p.faults) + 1, kind: kind, file: s.name, line: where.Line, column: where.Column,
		offset: where.Offset, text: strings.TrimSpace(string(line)), from: from, to: to, node: n, source: s,
	}
	if e, isExpr := n.(ast.Expr); isExpr {
		f.alone = p.info.Types[e].Value != nil || p.typeName(s, e) == ""
	}
	p.faults = append(p.faults, f)
	s.faults[n] = append(s.faults[n], f)
}

func (p *plan) isString(e ast.Expr) bool {
	t := p.info.TypeOf(e)
	if t == nil {
		return false
	}
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsString != 0
}

// typeName returns an expression's type as its file writes it, "" if it cannot.
func (p *plan) typeName(s *source, e ast.Expr) string {
	t := p.info.TypeOf(e)
	if t == nil {
		return ""
	}
	known := true
	name := types.TypeString(types.Default(t), func(pkg *types.Package) string {
		if pkg == p.types {
			return ""
		}
		for _, spec := range s.file.Imports {
			if strings.Trim(spec.Path.Value, `"`) != pkg.Path() {
				continue
			}
			if spec.Name != nil {
				return spec.Name.Name
			}
			return pkg.Name()
		}
		known = false
		return pkg.Name()
	})
	if !known {
		return ""
	}
	return name
}

// plant returns the file with all faults of keep behind the switch.
func (p *plan) plant(s *source, keep map[*fault]bool) []byte {
	w := planter{plan: p, source: s, keep: keep}
	return []byte(w.between(s.file.FileStart, s.file.FileEnd, s.file))
}

// swap returns the file with one fault and no switch.
func (p *plan) swap(f *fault) []byte {
	text := f.source.text
	to := ""
	if f.to != token.ILLEGAL {
		to = f.to.String()
	}
	return slices.Concat(text[:f.offset], []byte(to), text[f.offset+len(f.from.String()):])
}
