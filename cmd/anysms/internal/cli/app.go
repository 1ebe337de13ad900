// Package cli holds what every command of anysms shares: the streams, the output
// formats, the exit codes, the configuration, and how words, numbers and progress
// are shown.
package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/router/config"
)

// The groups of commands in the help.
const (
	GroupSend  = "send"
	GroupCost  = "cost"
	GroupSetUp = "setup"
)

// App is the streams that the commands read from and write to. Data goes to Out,
// diagnostics and progress to Err.
type App struct {
	In       io.Reader
	Out, Err io.Writer
}

// Run executes one command line of root and returns its exit code.
func (a *App) Run(ctx context.Context, root *cobra.Command, args []string) int {
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && strings.HasPrefix(err.Error(), "required flag(s)") { // cobra's own check
		err = seeHelp(cmd, err)
	}
	code, message := exitCode(err)
	// Libraries say only that a context was canceled, in the middle of their texts; the
	// cause says by which signal.
	if cause := context.Cause(ctx); cause != nil {
		message = strings.ReplaceAll(message, context.Canceled.Error(), cause.Error())
	}
	if message != "" {
		for line := range strings.SplitSeq("anysms: "+message, "\n") {
			fmt.Fprintln(a.Err, Harmless(line))
		}
	}
	return code
}

// PrintJSON writes one line of JSON. Characters are not escaped beyond what
// JSON needs.
func (a *App) PrintJSON(v any) error {
	encoder := json.NewEncoder(a.Out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// LoadOffline loads the configuration for a command that sends nothing and contacts
// no vendor, and warns about environment variables that are not set.
func (a *App) LoadOffline(ctx context.Context, c *ConfigFlag) (*config.Config, error) {
	conf, unset, err := c.LoadOffline(ctx)
	if len(unset) > 0 {
		fmt.Fprintf(a.Err, "warning: environment variables not set, a real send would fail: %s\n", strings.Join(unset, ", "))
	}
	return conf, err
}
