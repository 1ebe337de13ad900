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

// proving is what the conformance command is told.
type proving struct {
	driver, plugin, recipe string
	config, provider       string
	settings, replies      string
	secrets, skip          []string
	format                 cli.OneOf
	list                   bool
}

func (a *app) conformanceCommand() *cobra.Command {
	p := proving{format: cli.OneOf{Words: []string{"text", "json", "junit", "markdown"}}}
	cmd := &cobra.Command{
		Use:     "conformance (--driver D | --plugin PATH | --recipe FILE | --config F --provider P | --list)",
		GroupID: cli.GroupSetUp,
		Short:   "Prove a driver against a server that fails in every way",
		Long: `Run a driver against a server on this machine that answers, refuses, lies, drops
and floods as real networks do, and check that what the driver says of each
message is true. Nothing leaves the machine.

The settings come from a JSON file (--settings) or from a provider of a
configuration (--config F --provider P). The server's address takes the place of
{{url}} in them, or becomes base_url.

--replies names a folder with the vendor's answers: raw HTTP responses, one file
per outcome, such as accepted.http and invalid_recipient.http, each beginning with
a line "# source: …". Recipes bring theirs as fixtures.

Exit code 0: conformant. 1: a case of level must failed. 2: it could not be run.`,
		Example: `  anysms conformance --driver acme --settings acme.json --replies testdata/conformance
  anysms conformance --plugin ./acme-driver --settings acme.json --replies testdata/conformance --secret api_key
  anysms conformance --recipe acme.yaml --format junit
  anysms conformance --list`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.prove(cmd.Context(), p) },
	}
	f := cmd.Flags()
	f.StringVar(&p.driver, "driver", "", "the driver's name; with --config, its one provider there")
	f.StringVar(&p.plugin, "plugin", "", "a driver that is a program: its path")
	f.StringVar(&p.recipe, "recipe", "", "a recipe: its file, or a built-in name")
	f.StringVar(&p.config, "config", "", "take the settings from a provider of this configuration")
	f.StringVar(&p.provider, "provider", "", "which provider of --config")
	f.StringVar(&p.settings, "settings", "", "JSON file with the driver's settings")
	f.StringVar(&p.replies, "replies", "", "folder with the vendor's answers")
	f.StringSliceVar(&p.secrets, "secret", nil, "name of a setting of a plugin that must never be shown")
	f.StringArrayVar(&p.skip, "skip", nil, "leave a case out: ID=REASON")
	p.format.AddTo(cmd, "format", "text, json, junit (XML) or markdown (a table)")
	f.BoolVar(&p.list, "list", false, "list the cases instead")
	cmd.MarkFlagsMutuallyExclusive("driver", "plugin", "recipe", "list")
	cmd.MarkFlagsMutuallyExclusive("settings", "config")
	return cmd
}

func (a *app) prove(ctx context.Context, p proving) error {
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
	report := conformance.Check(ctx, h)
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

func (a *app) listCases(format string) error {
	switch cases := conformance.Catalogue(); format {
	case "json":
		return a.PrintJSON(cases)
	case "markdown":
		return conformance.WriteCatalogueTable(a.Out, cases)
	case "junit":
		return errors.New("--list has no form junit; want text, json or markdown")
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

// harness is what the flags describe, and its name.
func (p *proving) harness(ctx context.Context) (name string, h conformance.Harness, err error) {
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

func (p *proving) recipeHarness() (conformance.Harness, error) {
	if p.replies != "" || p.settings != "" || p.config != "" {
		return conformance.Harness{}, errors.New("a recipe brings its settings and answers as fixtures: --replies, --settings and --config are for drivers and plugins")
	}
	r, err := rest.Load(p.recipe)
	if err != nil {
		return conformance.Harness{}, err
	}
	a, err := resttest.NewAccount(r)
	if err != nil {
		return conformance.Harness{}, err
	}
	return conformance.Harness{Open: a.Open, Replies: a.Replies, Secrets: a.Secrets, Text: a.Text}, nil
}

// account is the driver and its settings.
func (p *proving) account(ctx context.Context) (provider.Driver, json.RawMessage, error) {
	if p.config != "" {
		return p.configured(ctx)
	}
	name := p.driver
	if p.plugin != "" {
		name = "plugin"
	}
	if name == "" {
		return provider.Driver{}, nil, errors.New("which driver? give --driver, --plugin, --recipe, or --config with --provider")
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

func (p *proving) readSettings() (json.RawMessage, error) {
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

// pluginSettings puts a plugin's own settings into those of the bridge.
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

// secretValues are the values of the settings that --secret names.
func (p *proving) secretValues(settings json.RawMessage) []string {
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

// configured finds the provider in a configuration, and its settings as its
// driver gets them.
func (p *proving) configured(ctx context.Context) (provider.Driver, json.RawMessage, error) {
	listening, err := listen(cli.Registry())
	if err != nil {
		return provider.Driver{}, nil, err
	}
	conf, err := config.Load(ctx, p.config, listening, nil)
	if err != nil {
		return provider.Driver{}, nil, err
	}
	defer conf.Close()
	chosen, err := p.choose(conf)
	if err != nil {
		return provider.Driver{}, nil, err
	}
	h, ok := chosen.Upstream.Provider.(*heard)
	if !ok {
		return provider.Driver{}, nil, fmt.Errorf("provider %s: its settings are not known", chosen.Name)
	}
	return h.driver, h.settings, nil
}

// choose finds the provider that --provider or --driver means.
func (p *proving) choose(conf *config.Config) (*config.Provider, error) {
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
		return nil, fmt.Errorf("%s has %d providers with the driver %q; say which with --provider", conf.Path, len(found), p.driver)
	}
	return found[0], nil
}

// heard is a provider that remembers what it was opened with.
type heard struct {
	provider.Provider
	driver   provider.Driver
	settings json.RawMessage
}

func (h *heard) Close() error { return provider.Close(h.Provider) }

// listen gives drivers whose providers are [heard].
func listen(drivers *provider.Registry) (*provider.Registry, error) {
	var listening provider.Registry
	for _, name := range drivers.Names() {
		d, err := drivers.Driver(name)
		if err != nil {
			return nil, err
		}
		listener := d
		listener.Open = func(ctx context.Context, settings json.RawMessage) (provider.Provider, error) {
			p, err := d.Open(ctx, settings)
			if err != nil {
				return nil, err
			}
			return &heard{p, d, settings}, nil
		}
		if err := listening.Add(listener); err != nil {
			return nil, err
		}
	}
	return &listening, nil
}
