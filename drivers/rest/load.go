package rest

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider/suggest"
)

//go:embed recipes/*.yaml
var builtin embed.FS

// maxRecipe limits a recipe's file; maxNodes what its aliases may expand to.
const (
	maxRecipe = 1 << 20
	maxNodes  = 100_000
)

// Builtin returns the names of the built-in recipes.
func Builtin() []string {
	files, err := builtin.ReadDir("recipes")
	if err != nil {
		return nil
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(f.Name(), ".yaml")
	}
	slices.Sort(names)
	return names
}

// Source returns the text of a built-in recipe, or of a file.
func Source(name string) ([]byte, error) {
	if !isFile(name) {
		source, err := builtin.ReadFile("recipes/" + name + ".yaml")
		if err != nil {
			return nil, fmt.Errorf("unknown recipe %q%s; want a file that ends in .yaml or .yml, or one of %s", name, suggest.DidYouMean(name, Builtin()), strings.Join(Builtin(), ", "))
		}
		return source, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, maxRecipe+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return source, nil
}

func isFile(name string) bool {
	ext := filepath.Ext(name)
	return ext == ".yaml" || ext == ".yml" || strings.ContainsAny(name, `/\`)
}

// Load reads a built-in recipe by its name, or a file by its path. The error
// for a recipe with problems is a *[LoadError], which lists them all.
func Load(name string) (*Recipe, error) {
	source, err := Source(name)
	if err != nil {
		return nil, err
	}
	file := name
	if !isFile(name) {
		file += ".yaml"
	}
	return Parse(file, source)
}

// Parse reads a recipe; errors contain file as the file name.
func Parse(file string, source []byte) (*Recipe, error) {
	if len(source) > maxRecipe {
		return nil, &LoadError{File: file, Problems: []Problem{{Reason: fmt.Sprintf("is larger than %d bytes", maxRecipe)}}}
	}
	root, err := readYAML(source)
	if err != nil {
		return nil, loadError(file, nil, problemsOf(err))
	}
	if problems := validate(root); len(problems) > 0 {
		return nil, loadError(file, root, problems)
	}
	var f recipeFile
	if err := root.Decode(&f); err != nil {
		return nil, loadError(file, root, problemsOf(err))
	}
	r := f.recipe(file, source)
	fixtures, errs := fixture.Decode(&f.Fixtures)
	problems := r.check(fixtures)
	for _, err := range errs {
		problems = append(problems, problemsOf(err)...)
	}
	if len(problems) > 0 {
		return nil, loadError(file, root, problems)
	}
	for _, f := range fixtures {
		r.Fixtures = append(r.Fixtures, f.Name)
		if f.Sample != "" {
			r.samples++
		}
	}
	return r, nil
}

// readYAML reads exactly one document.
func readYAML(source []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	var doc yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("must not be empty; want a recipe (anysms recipe new writes one to start from)")
		}
		return nil, err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("contains more than one document")
	}
	return doc.Content[0], nil
}

// problemsOf converts an error from package yaml, or from this package through
// it.
func problemsOf(err error) []Problem {
	if f, ok := errors.AsType[*request.Fault](err); ok {
		return []Problem{problemOf(f)}
	}
	words := []string{err.Error()}
	if t, ok := errors.AsType[*yaml.TypeError](err); ok {
		words = t.Errors
	}
	problems := make([]Problem, len(words))
	for i, w := range words {
		w = strings.TrimPrefix(w, "yaml: ")
		p := Problem{Reason: w}
		var line int
		if n, err := fmt.Sscanf(w, "line %d:", &line); err == nil && n == 1 {
			_, rest, _ := strings.Cut(w, ": ")
			p = Problem{Line: line, Column: 1, Reason: rest}
		}
		problems[i] = p
	}
	return problems
}

//go:embed starter.yaml
var starter string

// Starter returns a commented recipe to start from; it is valid as it is.
func Starter(name string) ([]byte, error) {
	if !starterName.MatchString(name) {
		return nil, fmt.Errorf("%q is not a name of a recipe; want lower-case letters, digits and underscores, such as acme", name)
	}
	return []byte(strings.ReplaceAll(starter, "NAME", name)), nil
}

var starterName = regexp.MustCompile(`^[a-z0-9][a-z0-9_]*$`)
