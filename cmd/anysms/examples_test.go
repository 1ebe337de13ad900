package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// word is an argument of a command line in a shell, perhaps in quotes.
var word = regexp.MustCompile(`'[^']*'|"[^"]*"|[^\s'"]+`)

// command cuts a line of an example before its description, comment, pipe or redirection,
// and splits it.
func command(line string) (args []string) {
	line, _, _ = strings.Cut(line, "   ")
	for _, w := range word.FindAllString(line, -1) {
		if strings.HasPrefix(w, "#") || strings.ContainsAny(w[:1], "|<>&;") {
			break
		}
		args = append(args, strings.Trim(w, `'"`))
	}
	return args
}

// TestExamplesOfHelp parses each command line that a help text shows, as the program does
// before it runs it.
func TestExamplesOfHelp(t *testing.T) {
	checked := 0
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Example + "\n" + cmd.Long) {
			rest, shown := strings.CutPrefix(line, "  anysms ")
			if !shown {
				continue
			}
			checked++
			root := newRoot(&cli.App{}) // flags keep what they were set to
			target, args, err := root.Find(command(rest))
			require.NoError(t, err, line)
			assert.True(t, target.Runnable(), line)
			require.NoError(t, target.ParseFlags(args), line)
			assert.NoError(t, target.ValidateArgs(target.Flags().Args()), line)
			assert.NoError(t, target.ValidateRequiredFlags(), line)
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(newRoot(&cli.App{}))
	assert.Greater(t, checked, 50)
}
