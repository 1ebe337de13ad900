package golden_test

import (
	"path/filepath"
	"testing"

	"github.com/anysms/anysms/conformance/golden"
)

// render makes what the test is about.
func render() string { return "total: 3\n" }

// The test compares with testdata/report.txt; "go test -update" writes it.
func ExampleCheck() {
	_ = func(t *testing.T) {
		golden.Check(t, filepath.Join("testdata", "report.txt"), render())
	}
}
