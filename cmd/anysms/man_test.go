package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/conformance/golden"
)

func TestMan(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "share", "man1")
	got := anysms(t, "man", dir)
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, "manual pages in "+dir)
	page := func(name string) string {
		content, err := os.ReadFile(filepath.Join(dir, name+".1"))
		require.NoError(t, err)
		return string(content)
	}
	golden.Check(t, filepath.Join("testdata", "anysms-status.1"), page("anysms-status"))

	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		text := page(strings.ReplaceAll(cmd.CommandPath(), " ", "-"))
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden {
				return // it only says that the command does not take it
			}
			assert.Contains(t, text, `\-\-`+strings.ReplaceAll(f.Name, "-", `\-`), cmd.CommandPath())
		})
		for _, r := range text {
			if r > 126 {
				t.Errorf("%s: %q is not ASCII", cmd.CommandPath(), r)
			}
		}
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				visit(sub)
			}
		}
	}
	visit(newRoot(&cli.App{}))
}

// The formatter that people have understands the pages.
func TestManPagesFormat(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed")
	}
	dir := t.TempDir()
	require.Equal(t, cli.ExitDone, anysms(t, "man", dir).code)
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	require.NoError(t, err)
	require.Greater(t, len(pages), 30)
	cmd := exec.Command(groff, append([]string{"-man", "-Tutf8", "-ww", "-rLL=100n"}, pages...)...)
	var warnings strings.Builder
	cmd.Stderr = &warnings
	shown, err := cmd.Output()
	require.NoError(t, err)
	assert.Empty(t, warnings.String())
	for _, want := range []string{"at_most_once", "Γεια σου", "$ANYSMS_CONFIG", `"Hi {name}"`} {
		assert.Contains(t, string(shown), want)
	}
}
