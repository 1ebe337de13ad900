package provider_test

import (
	"bytes"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExportedTypes checks that users can name the types of every exported
// field and function: none is unexported or from an internal package.
func TestExportedTypes(t *testing.T) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", `{{.ImportPath}} {{.Export}}`, module+"...").Output()
	require.NoError(t, err)
	export := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		export[path] = file
	}
	packages := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		content, err := os.ReadFile(export[path])
		return io.NopCloser(bytes.NewReader(content)), err
	})
	for path := range export {
		own, inside := strings.CutPrefix(path, module)
		if !inside || strings.Contains(own, "internal") || within(own, "cmd", "examples") {
			continue
		}
		pkg, err := packages.Import(path)
		require.NoError(t, err)
		for _, name := range pkg.Scope().Names() {
			if object := pkg.Scope().Lookup(name); object.Exported() {
				checkExported(t, own+"."+name, object)
			}
		}
	}
}

func checkExported(t *testing.T, where string, object types.Object) {
	t.Helper()
	named, isType := object.Type().(*types.Named)
	if _, declared := object.(*types.TypeName); !declared || !isType {
		checkType(t, where, object.Type())
		return
	}
	if s, ok := named.Underlying().(*types.Struct); ok {
		for field := range s.Fields() {
			if field.Exported() || field.Embedded() {
				checkType(t, where+"."+field.Name(), field.Type())
			}
		}
	}
	for method := range named.Methods() {
		if method.Exported() {
			checkType(t, where+"."+method.Name(), method.Type())
		}
	}
}

func checkType(t *testing.T, where string, typ types.Type) {
	t.Helper()
	switch typ := types.Unalias(typ).(type) {
	case *types.Named:
		name := typ.Obj()
		if name.Pkg() == nil {
			return
		}
		internal := strings.HasPrefix(name.Pkg().Path(), module) && strings.Contains(name.Pkg().Path(), "/internal/")
		assert.False(t, internal || !name.Exported(), "%s is or needs a %s.%s, which users cannot name", where, name.Pkg().Path(), name.Name())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel, map
		checkType(t, where, typ.Elem())
		if m, ok := typ.(*types.Map); ok {
			checkType(t, where, m.Key())
		}
	case *types.Signature:
		for _, list := range []*types.Tuple{typ.Params(), typ.Results()} {
			for v := range list.Variables() {
				checkType(t, where, v.Type())
			}
		}
	}
}
