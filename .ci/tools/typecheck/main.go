// Typecheck checks packages with their tests, and all that they import down to the
// standard library, for a system on which this machine cannot run them. It reports
// what the compiler would refuse, in about a tenth of the compiler's time, as it
// generates no code:
//
//	GOOS=darwin GOARCH=arm64 typecheck ./...
package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/tools/go/packages"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "typecheck:", err)
		os.Exit(1)
	}
}

func run(patterns []string) error {
	if len(patterns) == 0 {
		return errors.New("want patterns of packages, such as ./...")
	}
	roots, err := packages.Load(&packages.Config{
		// Syntax for all of them, not only for the roots: otherwise the imports would be compiled.
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
			packages.NeedDeps | packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax,
		Tests: true,
	}, patterns...)
	if err != nil {
		return err
	}
	checked, faults := 0, 0
	packages.Visit(roots, nil, func(p *packages.Package) {
		checked++
		for _, fault := range p.Errors {
			faults++
			fmt.Println(fault)
		}
	})
	if faults > 0 {
		return fmt.Errorf("%d errors", faults)
	}
	fmt.Printf("  %d packages\n", checked)
	return nil
}
