package driver

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed skeleton
var skeletonFiles embed.FS

// skeleton is a driver to start from.
type skeleton struct {
	Name   string // of the driver and its package
	Title  string // of the vendor
	Import string // path of the package
}

func (a *app) conformanceNewCommand() *cobra.Command {
	var s skeleton
	var dir string
	cmd := &cobra.Command{
		Use:   "new --driver NAME",
		Short: "Write a driver in Go to start from, with its harness and reply files",
		Long: `Write the package of a driver in Go: settings, client, codes, provider, and the test
that runs the conformance suite, with reply files of a made-up vendor.

It compiles, and its test fails where the vendor's documents are needed: first the
cases codes.*, as the table of codes is empty. Replace the reply files by copies
from the vendor's documents, each naming its source, and let the test lead.

A driver in another language is a plugin: see "anysms plugin proto". A vendor with
one HTTP call and JSON, XML or text replies may need no code: see "anysms recipe new".`,
		Example: "  anysms conformance new --driver acme\n  anysms conformance new --driver acme --dir internal/acme --import example.com/shop/internal/acme\n  go test ./acme",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := s.check(); err != nil {
				return err
			}
			dir = cmp.Or(dir, s.Name)
			s.Import = cmp.Or(s.Import, importPath(dir), s.Name)
			files, err := s.files()
			if err != nil {
				return err
			}
			return a.writeSkeleton(dir, files)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.Name, "driver", "", "`NAME` of the driver: lower-case letters and digits")
	f.StringVar(&dir, "dir", "", "new `DIRECTORY` to write; default the driver's name")
	f.StringVar(&s.Import, "import", "", "import `PATH` of the package; default from go.mod here or above")
	return cmd
}

var driverName = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

func (s *skeleton) check() error {
	switch {
	case s.Name == "":
		return errors.New("no name given: want --driver NAME, such as --driver acme")
	case !driverName.MatchString(s.Name) || token.IsKeyword(s.Name):
		return fmt.Errorf("--driver %q: want a name for a Go package: lower-case letters and digits, beginning with a letter, such as acme", s.Name)
	}
	s.Title = strings.ToUpper(s.Name[:1]) + s.Name[1:]
	return nil
}

// files returns the package's files by their paths below its directory.
func (s *skeleton) files() (map[string][]byte, error) {
	placeholders := strings.NewReplacer("{{.Name}}", s.Name, "{{.Title}}", s.Title, "{{.Import}}", s.Import)
	files := make(map[string][]byte)
	err := fs.WalkDir(skeletonFiles, "skeleton", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := skeletonFiles.ReadFile(name)
		if err != nil {
			return err
		}
		name = strings.TrimSuffix(strings.TrimPrefix(name, "skeleton/"), ".tmpl")
		if dir, file := path.Split(name); dir == "replies/" {
			name = "testdata/conformance/" + file
		}
		files[name] = []byte(placeholders.Replace(string(text)))
		return nil
	})
	return files, err
}

// writeSkeleton writes the files to a new directory.
func (a *app) writeSkeleton(dir string, files map[string][]byte) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s exists and is not empty; want a new directory: --dir", dir)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, files[name], 0o644); err != nil {
			return err
		}
		fmt.Fprintln(a.Out, file)
	}
	if !filepath.IsAbs(dir) {
		dir = "./" + filepath.ToSlash(dir)
	}
	fmt.Fprintln(a.Err, "next: go test "+dir)
	return nil
}

// importPath derives the import path of a directory from the go.mod above it; "" =
// there is none.
func importPath(dir string) string {
	full, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for root := filepath.Dir(full); ; root = filepath.Dir(root) {
		source, err := os.ReadFile(filepath.Join(root, "go.mod"))
		if err == nil {
			below, err := filepath.Rel(root, full)
			if err != nil {
				return ""
			}
			return path.Join(modulePath(string(source)), filepath.ToSlash(below))
		}
		if root == filepath.Dir(root) {
			return ""
		}
	}
}

// modulePath reads the module line of a go.mod.
func modulePath(source string) string {
	for line := range strings.Lines(source) {
		if module, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
			return strings.Trim(strings.TrimSpace(module), `"`)
		}
	}
	return ""
}
