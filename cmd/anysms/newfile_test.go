package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// An output file gets its name when it is complete, and never replaces the input.
func TestWrittenFiles(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.csv"), filepath.Join(dir, "out")
	const rows = "to,text\n+306971234567,Hello\n"
	require.NoError(t, os.WriteFile(in, []byte(rows), 0o600))
	files := func() (names []string) {
		list, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, f := range list {
			names = append(names, f.Name())
		}
		return names
	}
	for _, flag := range []string{"--annotate", "--report"} {
		got := anysms(t, "analyse", "--file", in, flag, in)
		assert.Equal(t, cli.ExitUsage, got.code)
		assert.Contains(t, got.stderr, flag+" "+in+" is the input file")
		content, err := os.ReadFile(in)
		require.NoError(t, err)
		assert.Equal(t, rows, string(content), "%s leaves the input alone", flag)

		got = anysms(t, "analyse", "--file", in, flag, filepath.Join(dir, "none", "out"))
		assert.Equal(t, cli.ExitUsage, got.code)
		assert.Contains(t, got.stderr, filepath.Join("none", "out")+": ")
		assert.Empty(t, got.stdout, "reported before the file is read")

		require.NoError(t, os.WriteFile(out, []byte("old"), 0o600))
		assert.Equal(t, cli.ExitUsage, anysms(t, "analyse", "--file", in, "--text-column", "none", flag, out).code)
		content, err = os.ReadFile(out)
		require.NoError(t, err)
		assert.Equal(t, "old", string(content), "%s of a file that cannot be used", flag)

		assert.Equal(t, cli.ExitDone, anysms(t, "analyse", "--file", in, flag, out).code)
		content, err = os.ReadFile(out)
		require.NoError(t, err)
		assert.Greater(t, len(content), len(rows))
		assert.Equal(t, []string{"in.csv", "out"}, files())
	}

	require.NoError(t, os.Remove(out))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr strings.Builder
	code := run(ctx, []string{"analyse", "--file", in, "--annotate", out}, strings.NewReader(""), &stdout, &stderr)
	assert.Equal(t, cli.ExitRefused, code)
	assert.Contains(t, stderr.String(), "in.csv: interrupted")
	assert.Equal(t, []string{"in.csv"}, files())
}
