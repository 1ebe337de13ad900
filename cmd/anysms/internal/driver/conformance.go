package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

// conformanceFlags are the flags of conformance.
type conformanceFlags struct {
	driver, plugin, recipe string
	config, provider       string
	settings, replies      string
	secrets, skip          []string
	format                 cli.OneOf
	list, allowUnproven    bool
}

func (a *app) conformanceCommand() *cobra.Command {
	p := conformanceFlags{format: cli.OneOf{Words: []string{"text", "json", "junit", "markdown", "badge"}}}
	cmd := &cobra.Command{
		Use:     "conformance (--driver D | --plugin PATH | --recipe FILE | --config F --provider P | --list)",
		GroupID: cli.GroupSetUp,
		Short:   "Run the conformance suite against a driver",
		Long: `Run a driver against a server on this machine that accepts and rejects messages,
drops connections, stalls, and sends broken replies, and check that the driver
reports the true outcome of each message. Nothing leaves the machine.

The settings come from a JSON file (--settings) or from a provider of a
configuration (--config F --provider P). The server's address replaces {{url}} in
them, or becomes base_url.

--replies names a directory with the vendor's replies: raw HTTP responses, one
file per outcome, such as accepted.http and invalid_recipient.http, each starting
with a line "# source: …". A recipe has them as its fixtures.

The verdict is "unproven" if no case failed but the driver claims a capability
for which there is no reply file: see conformance/README.md for their names.

Exit code 0: conformant, or unproven with --allow-unproven. 1: a case of level must
failed, or unproven. 2: the suite could not run.`,
		Example: `  anysms conformance --driver acme --settings acme.json --replies testdata/conformance
  anysms conformance --plugin ./acme-driver --settings acme.json --replies testdata/conformance --secret api_key
  anysms conformance --recipe acme.yaml --format junit
  anysms conformance --list
  anysms conformance new --driver acme`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := errors.Join(cli.AtMostOne(cmd, "driver", "plugin", "recipe", "list"), cli.AtMostOne(cmd, "settings", "config"))
			if err != nil {
				return err
			}
			return a.conformance(cmd.Context(), p)
		},
	}
	cmd.AddCommand(a.conformanceNewCommand())
	f := cmd.Flags()
	f.StringVar(&p.driver, "driver", "", "`NAME` of the driver; with --config, selects its only provider there")
	f.StringVar(&p.plugin, "plugin", "", "`PATH` of a plugin, a driver that is a program")
	f.StringVar(&p.recipe, "recipe", "", "`FILE` of a recipe, or the name of a built-in one")
	f.StringVar(&p.config, "config", "", "configuration `FILE` to take a provider's settings from")
	f.StringVar(&p.provider, "provider", "", "with --config: `NAME` of the provider")
	f.StringVar(&p.settings, "settings", "", "JSON `FILE` with the driver's settings")
	f.StringVar(&p.replies, "replies", "", "`DIRECTORY` with the vendor's replies")
	f.StringSliceVar(&p.secrets, "secret", nil, "`NAME` of a plugin's setting that must never appear in errors or logs")
	f.StringArrayVar(&p.skip, "skip", nil, "skip a case: `ID=REASON`; may be repeated")
	p.format.AddTo(cmd, "format", "text, json, junit (XML), markdown (a table) or badge (a line for a README)")
	f.BoolVar(&p.allowUnproven, "allow-unproven", false, "capabilities without reply files are no failure")
	f.BoolVar(&p.list, "list", false, "list the cases and exit")
	for flag, names := range map[string][]string{"driver": cli.Registry().Names(), "recipe": rest.Builtin()} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(names, cobra.ShellCompDirectiveDefault)) // just defined
	}
	completeConfigured(cmd, &p)
	return cmd
}

func (a *app) conformance(ctx context.Context, p conformanceFlags) error {
	if p.list {
		return a.listCases(p.format.Value)
	}
	name, h, err := p.harness(ctx)
	if err != nil {
		return err
	}
	if h.Skip, err = skips(p.skip); err != nil {
		return err
	}
	h.AllowUnproven = p.allowUnproven
	report := conformance.Check(ctx, h)
	if err := interrupted(ctx); err != nil {
		return err
	}
	report.Name = name
	if err := a.printReport(report, p.format.Value); err != nil {
		return err
	}
	switch {
	case report.Problem != "":
		return &cli.ExitError{Code: cli.ExitUsage}
	case !report.OK():
		return &cli.ExitError{Code: cli.ExitRefused}
	}
	return nil
}

// interrupted is the error of a run that ended early: cases that did not run are no
// faults of the driver.
func interrupted(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return &cli.ExitError{Code: cli.ExitRefused, Cause: errors.New("interrupted; not all cases were run")}
}

func (a *app) listCases(format string) error {
	switch cases := conformance.Catalogue(); format {
	case "json":
		return a.PrintJSON(cases)
	case "markdown":
		return conformance.WriteCatalogueTable(a.Out, cases)
	case "junit", "badge":
		return fmt.Errorf("--list has no format %s; want text, json or markdown", format)
	default:
		return conformance.WriteCatalogue(a.Out, cases)
	}
}

func (a *app) printReport(r conformance.Report, format string) error {
	switch format {
	case "json":
		return r.WriteJSON(a.Out)
	case "junit":
		return r.WriteJUnit(a.Out)
	case "markdown":
		return r.WriteMarkdown(a.Out)
	case "badge":
		return r.WriteBadge(a.Out)
	}
	return r.WriteText(a.Out)
}

func skips(list []string) (map[string]string, error) {
	all := make(map[string]string, len(list))
	for _, s := range list {
		id, reason, ok := strings.Cut(s, "=")
		if !ok || reason == "" {
			return nil, fmt.Errorf("--skip %s: want ID=REASON, such as text.control=\"the vendor strips them\"", s)
		}
		all[id] = reason
	}
	return all, nil
}

// harness returns the harness that the flags describe, and its name.
func (p *conformanceFlags) harness(ctx context.Context) (name string, h conformance.Harness, err error) {
	if p.recipe != "" {
		h, err = p.recipeHarness()
		return p.recipe, h, err
	}
	d, settings, err := p.account(ctx)
	if err != nil {
		return "", h, err
	}
	if h, err = conformance.ForDriver(d, settings); err != nil {
		return "", h, err
	}
	if err := p.tryOpen(h); err != nil {
		return "", h, err
	}
	h.Secrets = append(h.Secrets, p.secretValues(settings)...)
	if p.replies != "" {
		if _, err := os.Stat(p.replies); err != nil {
			return "", h, fmt.Errorf("--replies: %w", err)
		}
		h.Replies = os.DirFS(p.replies)
	}
	name = d.Name
	if p.plugin != "" {
		name = p.plugin
	}
	return name, h, nil
}

func (p *conformanceFlags) recipeHarness() (conformance.Harness, error) {
	if p.replies != "" || p.settings != "" || p.config != "" {
		return conformance.Harness{}, errors.New("--replies, --settings and --config are for drivers and plugins: a recipe has its settings and replies as fixtures")
	}
	r, err := rest.Load(p.recipe)
	if err != nil {
		return conformance.Harness{}, err
	}
	return RecipeHarness(r)
}

// RecipeHarness returns the harness of a recipe, made from its fixtures.
func RecipeHarness(r *rest.Recipe) (conformance.Harness, error) {
	a, err := resttest.NewAccount(r)
	if err != nil {
		return conformance.Harness{}, err
	}
	return conformance.Harness{
		Open: a.Open, OpenTimeout: a.OpenTimeout, Replies: a.Replies, Secrets: a.Secrets, Extra: a.Extra, Text: a.Text, Numbers: a.Numbers, OtherRequests: a.OtherRequests,
	}, nil
}

// account returns the driver and its settings.
func (p *conformanceFlags) account(ctx context.Context) (provider.Driver, json.RawMessage, error) {
	if p.config != "" {
		return p.configured(ctx)
	}
	name := p.driver
	if p.plugin != "" {
		name = "plugin"
	}
	if name == "" {
		return provider.Driver{}, nil, errors.New("no driver given: want --driver, --plugin, --recipe, or --config with --provider")
	}
	d, err := cli.Registry().Driver(name)
	if err != nil {
		return d, nil, err
	}
	settings, err := p.readSettings()
	if err != nil || p.plugin == "" {
		return d, settings, err
	}
	settings, err = pluginSettings(p.plugin, settings)
	return d, settings, err
}

func (p *conformanceFlags) readSettings() (json.RawMessage, error) {
	if p.settings == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(p.settings)
	if err != nil {
		return nil, fmt.Errorf("--settings: %w", err)
	}
	if !json.Valid(raw) {
		return nil, fmt.Errorf("--settings: %s is not JSON", p.settings)
	}
	return raw, nil
}

// pluginSettings puts a plugin's own settings into those of the driver plugin.
func pluginSettings(path string, own json.RawMessage) (json.RawMessage, error) {
	inner := make(map[string]any)
	if len(own) > 0 {
		if err := json.Unmarshal(own, &inner); err != nil {
			return nil, errors.New("--settings: want a JSON object")
		}
	}
	if !strings.Contains(string(own), conformance.URLPlaceholder) {
		inner["base_url"] = conformance.URLPlaceholder
	}
	return json.Marshal(map[string]any{"path": path, "config": inner})
}

// secretValues returns the values of the settings that --secret names.
func (p *conformanceFlags) secretValues(settings json.RawMessage) []string {
	var outer struct {
		Config map[string]any `json:"config"`
	}
	if json.Unmarshal(settings, &outer) != nil {
		return nil
	}
	var values []string
	for _, name := range p.secrets {
		if v, ok := outer.Config[name].(string); ok && v != "" {
			values = append(values, v)
		}
	}
	return values
}

// configured finds the provider in a configuration, and returns its driver and the
// settings that the driver is opened with.
func (p *conformanceFlags) configured(ctx context.Context) (provider.Driver, json.RawMessage, error) {
	recording, err := record(cli.Registry())
	if err != nil {
		return provider.Driver{}, nil, err
	}
	conf, err := config.Load(ctx, p.config, recording, nil)
	if err != nil {
		return provider.Driver{}, nil, err
	}
	defer conf.Close()
	chosen, err := p.choose(conf)
	if err != nil {
		return provider.Driver{}, nil, err
	}
	opened, ok := provider.As[*recorded](chosen.Upstream.Provider)
	if !ok {
		return provider.Driver{}, nil, fmt.Errorf("provider %s: its settings were not recorded", chosen.Name)
	}
	return opened.driver, opened.settings, nil
}

// completeConfigured completes --provider with the names in the file of --config.
func completeConfigured(cmd *cobra.Command, p *conformanceFlags) {
	_ = cmd.RegisterFlagCompletionFunc("provider", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		conf := cli.ConfigFlag{Path: p.config}
		return conf.Providers(), cobra.ShellCompDirectiveNoFileComp
	})
}

// choose finds the provider that --provider or --driver selects.
func (p *conformanceFlags) choose(conf *config.Config) (*config.Provider, error) {
	if p.provider != "" {
		return conf.Provider(p.provider)
	}
	var found []*config.Provider
	for i := range conf.Providers {
		if conf.Providers[i].Driver == p.driver {
			found = append(found, &conf.Providers[i])
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s has %d providers with driver %q; choose one with --provider", conf.Path, len(found), p.driver)
	}
	return found[0], nil
}

// recorded is a provider with the driver and the settings that it was opened with.
type recorded struct {
	provider.Provider
	driver   provider.Driver
	settings json.RawMessage
}

func (r *recorded) Unwrap() provider.Provider { return r.Provider }

// record returns drivers whose providers are [recorded].
func record(drivers *provider.Registry) (*provider.Registry, error) {
	var recording provider.Registry
	for _, name := range drivers.Names() {
		d, err := drivers.Driver(name)
		if err != nil {
			return nil, err
		}
		recorder := d
		recorder.Open = func(ctx context.Context, settings json.RawMessage) (provider.Provider, error) {
			p, err := d.Open(ctx, settings)
			if err != nil {
				return nil, err
			}
			return &recorded{p, d, settings}, nil
		}
		if err := recording.Add(recorder); err != nil {
			return nil, err
		}
	}
	return &recording, nil
}
