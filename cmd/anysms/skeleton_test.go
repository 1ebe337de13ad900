package main

import (
	"encoding/json"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// The skeleton compiles, and its test fails in the table of codes alone, which only the
// vendor's documents can fill.
func TestConformanceNew(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a driver")
	}
	dir := filepath.Join(t.TempDir(), "acme")
	got := anysms(t, "conformance", "new", "--driver", "acme", "--dir", dir, "--import", "github.com/anysms/anysms/drivers/acme")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, filepath.Join(dir, "testdata", "conformance", "accepted.http"))
	again := anysms(t, "conformance", "new", "--driver", "acme", "--dir", dir)
	assert.Equal(t, cli.ExitUsage, again.code)
	assert.Contains(t, again.stderr, "not empty")

	test := filepath.Join(t.TempDir(), "acme.test")
	overlay := overlayOf(t, dir, filepath.Join("..", "..", "drivers", "acme"))
	goTool(t, "test", "-vet=off", "-ldflags=-s -w", "-overlay", overlay, "-c", "-o", test, "../../drivers/acme")
	run := exec.CommandContext(t.Context(), test)
	run.Dir = dir
	out, err := run.CombinedOutput()
	require.Error(t, err)
	var failed []string
	for _, match := range regexp.MustCompile(`--- FAIL: TestConformance/(\S+)`).FindAllSubmatch(out, -1) {
		failed = append(failed, string(match[1]))
	}
	slices.Sort(failed)
	assert.Equal(t, []string{"codes.insufficient_funds", "codes.invalid_recipient", "codes.opted_out", "codes.sender_rejected"}, failed, "%s", out)
}

// overlayOf makes the Go files of a directory appear in another to the go command.
func overlayOf(t *testing.T, dir, at string) string {
	t.Helper()
	at, err := filepath.Abs(at)
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	replace := make(map[string]string)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		formatted, err := format.Source(source)
		require.NoError(t, err)
		assert.Equal(t, string(formatted), string(source), file)
		replace[filepath.Join(at, filepath.Base(file))] = file
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(overlay, text, 0o600))
	return overlay
}

func goTool(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in PATH")
	}
	out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	require.NoError(t, err, "go %s\n%s", strings.Join(args, " "), out)
}

func TestConformanceNewUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no name":    {nil, "want --driver NAME"},
		"capitals":   {[]string{"--driver", "Acme"}, "lower-case letters and digits"},
		"a keyword":  {[]string{"--driver", "func"}, "want a name for a Go package"},
		"a path":     {[]string{"--driver", "a/b"}, "want a name for a Go package"},
		"not a file": {[]string{"--driver", "acme", "more"}, "unexpected argument"},
	} {
		t.Run(name, func(t *testing.T) {
			got := anysms(t, append([]string{"conformance", "new"}, test.args...)...)
			assert.Equal(t, cli.ExitUsage, got.code, got.stdout)
			assert.Contains(t, got.stderr, test.want)
		})
	}
}

func TestPluginProto(t *testing.T) {
	want, err := os.ReadFile("../../drivers/plugin/internal/driverv1/driver.proto")
	require.NoError(t, err)
	for _, name := range []string{"plugin", "plugins"} {
		assert.Equal(t, string(want), anysms(t, name, "proto").stdout)
	}
	want, err = os.ReadFile("../../drivers/plugin/internal/driverv1/driver.binpb")
	require.NoError(t, err)
	assert.Equal(t, string(want), anysms(t, "plugin", "proto", "--descriptors").stdout)
}
