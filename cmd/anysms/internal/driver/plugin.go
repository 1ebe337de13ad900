package driver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
)

// pluginsDir is the default plugins directory.
const pluginsDir = "plugins"

// pluginInfo describes a plugin.
type pluginInfo struct {
	Name     string             `json:"name"` // of the file
	Path     string             `json:"path"`
	SHA256   string             `json:"sha256"`
	Driver   string             `json:"driver,omitempty"`
	Doc      string             `json:"doc,omitempty"`
	Version  string             `json:"version,omitempty"`
	Protocol int                `json:"protocol,omitempty"`
	Settings []provider.Setting `json:"settings,omitempty"`
	Problem  string             `json:"problem,omitempty"`
}

const pluginHelp = `A driver can be a separate program, in any language. A configuration names it by
its file:

  providers:
    acme: {driver: plugin, path: ./acme-driver, sha256: "…", config: {token: "${ACME_TOKEN}"}}

or by its name in a plugins directory: {driver: plugin, name: acme-driver, dir: ./plugins}.
For these commands the directory is --dir, else $ANYSMS_PLUGINS, else ./plugins.
inspect and verify run the program without settings and contact no vendor.`

func (a *app) pluginCommand() *cobra.Command {
	cmd := cli.Parent("plugin", cli.GroupSetUp, "List, inspect and verify plugins: drivers that are separate programs", pluginHelp,
		a.pluginListCommand(), a.pluginInspectCommand(), a.pluginVerifyCommand(), a.pluginProtoCommand())
	cmd.Aliases = []string{"plugins"}
	return cmd
}

func (a *app) pluginProtoCommand() *cobra.Command {
	var descriptors bool
	cmd := &cobra.Command{
		Use:   "proto",
		Short: "Print the plugin protocol, a .proto file, to write a driver in another language",
		Example: `  anysms plugin proto > driver.proto
  anysms plugin proto --descriptors > driver.binpb`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if descriptors {
				_, err := a.Out.Write(plugin.Descriptors())
				return err
			}
			_, err := io.WriteString(a.Out, plugin.Proto())
			return err
		},
	}
	cmd.Flags().BoolVar(&descriptors, "descriptors", false, "print it compiled: a FileDescriptorSet, for languages that load descriptors at run time")
	return cmd
}

// addDir adds the flag that names the plugins directory.
func addDir(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", cmp.Or(os.Getenv("ANYSMS_PLUGINS"), pluginsDir), "plugins `DIRECTORY`")
}

func (a *app) pluginListCommand() *cobra.Command {
	var dir string
	var format cli.Format
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the programs in the plugins directory, without running them",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return a.listPlugins(dir, format) },
	}
	addDir(cmd, &dir)
	format.AddTo(cmd)
	return cmd
}

func (a *app) listPlugins(dir string, format cli.Format) error {
	names, err := plugin.List(dir)
	if err != nil {
		return err
	}
	all := []pluginInfo{}
	var rows [][]string
	for _, name := range names {
		path := filepath.Join(dir, name)
		sum, err := plugin.Checksum(path)
		if err != nil {
			return err
		}
		all = append(all, pluginInfo{Name: name, Path: path, SHA256: sum})
		rows = append(rows, []string{name, sum})
	}
	if format.JSON() {
		return a.PrintJSON(all)
	}
	if len(names) == 0 {
		fmt.Fprintf(a.Err, "no plugins in the directory %q\n", dir)
	}
	return a.Table(rows)
}

func (a *app) pluginInspectCommand() *cobra.Command {
	var dir string
	var args, env []string
	var tls string
	var format cli.Format
	cmd := &cobra.Command{
		Use:     "inspect (NAME | PATH)",
		Short:   "Run a plugin and show its description",
		Example: "  anysms plugin inspect acme-driver\n  anysms plugin inspect ./acme-driver --tls off",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			c := plugin.Config{Args: args, TLS: tls, Env: environmentOf(env)}
			return a.inspectPlugin(cmd.Context(), c, names[0], dir, format)
		},
	}
	addDir(cmd, &dir)
	addRunFlags(cmd, &args, &env, &tls)
	format.AddTo(cmd)
	return cmd
}

// addRunFlags adds the flags for how the program is run, as in a configuration.
func addRunFlags(cmd *cobra.Command, args, env *[]string, tls *string) {
	cmd.Flags().StringArrayVar(args, "arg", nil, "`ARGUMENT` for the program; may be repeated")
	cmd.Flags().StringArrayVar(env, "env", nil, "`NAME` of an environment variable to pass to the program; may be repeated")
	cmd.Flags().StringVar(tls, "tls", plugin.TLSAuto, "`MODE`: auto, or off for plugins without TLS")
}

func environmentOf(names []string) map[string]string {
	env := make(map[string]string, len(names))
	for _, name := range names {
		env[name] = os.Getenv(name)
	}
	return env
}

// inspect runs a plugin. A name with a path separator is a path, any other is
// looked up in the plugins directory.
func inspect(ctx context.Context, c plugin.Config, name, dir string) (pluginInfo, error) {
	path := name
	if filepath.Base(name) == name {
		c.Name, c.Dir = name, dir
		path = filepath.Join(dir, name)
	} else {
		c.Path = name
	}
	info := pluginInfo{Name: filepath.Base(name), Path: path}
	d, err := plugin.Inspect(ctx, c)
	if err != nil {
		return info, err
	}
	info.Driver, info.Doc, info.Version, info.Protocol, info.Settings = d.Name, d.Doc, d.Version, d.Protocol, d.Settings
	info.SHA256, err = plugin.Checksum(path)
	return info, err
}

func (a *app) inspectPlugin(ctx context.Context, c plugin.Config, name, dir string, format cli.Format) error {
	info, err := inspect(ctx, c, name, dir)
	if err != nil {
		return err
	}
	if format.JSON() {
		return a.PrintJSON(info)
	}
	rows := [][]string{
		{"driver", info.Driver}, {"doc", info.Doc}, {"version", cmp.Or(info.Version, "–")}, {"protocol", strconv.Itoa(info.Protocol)},
		{"path", info.Path}, {"sha256", info.SHA256},
	}
	for _, s := range info.Settings {
		rows = append(rows, []string{"setting " + s.Name, s.Type + "; " + s.Doc})
	}
	return a.Table(rows)
}

func (a *app) pluginVerifyCommand() *cobra.Command {
	var dir, sha256, tls string
	var args, env []string
	var format cli.Format
	cmd := &cobra.Command{
		Use:   "verify [NAME | PATH]...",
		Short: "Run plugins and check handshake, certificate, description, health and exit",
		Long: `Run plugins, by default all in the plugins directory, and check for each that the
file is executable and has the checksum --sha256, if given, that handshake and
certificates are valid, that both sides share a protocol version, that the
description is complete, that the health service responds, and that the program
exits when asked to. To test how the driver reports outcomes, use
"anysms conformance --plugin".

Exit code 0: all plugins pass. 1: at least one fails.`,
		Args: func(_ *cobra.Command, names []string) error {
			if sha256 != "" && len(names) != 1 {
				return errors.New("--sha256 is the checksum of a single plugin; name that plugin")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, names []string) error {
			c := plugin.Config{Args: args, TLS: tls, Env: environmentOf(env), SHA256: sha256}
			return a.verifyPlugins(cmd.Context(), c, names, dir, format)
		},
	}
	addDir(cmd, &dir)
	cmd.Flags().StringVar(&sha256, "sha256", "", "required `CHECKSUM` of the file, in hex")
	addRunFlags(cmd, &args, &env, &tls)
	format.AddTo(cmd)
	return cmd
}

func (a *app) verifyPlugins(ctx context.Context, c plugin.Config, names []string, dir string, format cli.Format) error {
	if len(names) == 0 {
		var err error
		if names, err = plugin.List(dir); err != nil {
			return err
		}
		if len(names) == 0 {
			return fmt.Errorf("no plugins in the directory %q; name a plugin, or give another --dir", dir)
		}
	}
	all := make([]pluginInfo, 0, len(names))
	var rows [][]string
	failed := false
	for _, name := range names {
		info, err := inspect(ctx, c, name, dir)
		if err == nil {
			err = checkDescription(info)
		}
		verdict := "ok"
		if err != nil {
			failed, verdict, info.Problem = true, "FAILED", err.Error()
		}
		all = append(all, info)
		rows = append(rows, []string{verdict, info.Name, cmp.Or(info.Problem, "driver "+info.Driver+", protocol "+strconv.Itoa(info.Protocol))})
	}
	if err := a.printPlugins(all, rows, format); err != nil {
		return err
	}
	if failed {
		return &cli.ExitError{Code: cli.ExitRefused}
	}
	return nil
}

func (a *app) printPlugins(all []pluginInfo, rows [][]string, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(all)
	}
	return a.Table(rows)
}

// checkDescription reports what is missing in a plugin's description.
func checkDescription(info pluginInfo) error {
	switch {
	case info.Driver == "":
		return errors.New("the driver name is empty")
	case info.Doc == "":
		return errors.New("the description is empty; want one sentence")
	}
	for i, s := range info.Settings {
		if s.Name == "" || s.Type == "" || s.Doc == "" {
			return fmt.Errorf("setting %d (%q): name, type and description must not be empty", i+1, s.Name)
		}
	}
	return nil
}
