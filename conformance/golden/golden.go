// Package golden compares what a test makes with a file of its testdata.
// "go test -update" writes the files instead; look at the difference before
// committing it.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// Update reports whether the files are to be written.
func Update() bool { return *update }

// Check fails the test if got is not what the file holds.
func Check(t testing.TB, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run the test with -update to write it", err)
	}
	if line, w, g, differ := firstDifference(string(want), got); differ {
		t.Errorf("%s:%d differs; run the test with -update to write it anew\nwant: %q\n got: %q", file, line, w, g)
	}
}

// firstDifference finds the first line that differs.
func firstDifference(want, got string) (line int, w, g string, differ bool) {
	if want == got {
		return 0, "", "", false
	}
	wants, gots := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	for line < len(wants) && line < len(gots) && wants[line] == gots[line] {
		line++
	}
	return line + 1, quoted(wants, line), quoted(gots, line), true
}

// quoted is a line of the list, or says that there are no more.
func quoted(lines []string, i int) string {
	if i >= len(lines) || lines[i] == "" {
		return "(end of file)"
	}
	return strings.TrimSuffix(lines[i], "\n")
}
