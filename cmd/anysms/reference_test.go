//go:build references

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/conformance/golden"
)

// docs/cli.md is what the command prints; .ci/references.sh writes it.
func TestReference(t *testing.T) {
	got := anysms(t, "man", "--markdown")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	golden.Check(t, filepath.Join("..", "..", "docs", "cli.md"), got.stdout)
}

// docs/design.md says how many modules of others each package links.
func TestReferenceDependencies(t *testing.T) {
	atRoot(t)
	table := "| package | modules |\n|---|---|\n"
	for _, name := range []string{
		"provider", "encoding/segment", "drivers/phonify", "drivers/apifon", "drivers/zoomconnect", "drivers/rest", "drivers/smpp", "drivers/plugin",
		"router/rates", "router/numbering", "router", "router/config", "router/otp", "router/guard", "router/ledger", "router/queue",
		"router/redisstore", "router/ledger/sqlite", "router/ledger/postgres", "router/queue/riverqueue", "conformance", "cmd/anysms",
	} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./"+name).Output()
		require.NoError(t, err, name)
		modules := strings.Fields(string(out))
		slices.Sort(modules)
		table += fmt.Sprintf("| `%s` | %d |\n", name, len(slices.Compact(modules))-1) // without this one
	}
	documentBlock(t, "docs/design.md", "dependencies", "<!-- end -->", func(string) string { return table })
}
