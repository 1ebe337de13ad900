package setup

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/suggest"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/numbering"
)

const initHelp = `Write a configuration with one vendor, and check it with the vendor.

What the flags do not say is asked, one question in each line; replies can also come
from a pipe. A secret is not shown while it is typed. Instead of a value, ${NAME}
reads it from an environment variable whenever anysms starts.

The file is --config, else $ANYSMS_CONFIG, else ./anysms.yaml. It must not exist yet,
and only its owner can read it (mode 0600). After it was written, the vendor is asked
whether it accepts the credentials, if it offers that; no message is sent. The exit
code is 1 if it does not accept them.`

// initFlags are the flags of init.
type initFlags struct {
	conf         cli.ConfigFlag
	format       cli.Format
	vendor, name string
	set          []string
	sender       string
	region       string
	noCheck      bool
}

// initReport is the output of init.
type initReport struct {
	Path     string `json:"path"`
	Provider string `json:"provider"`
	Driver   string `json:"driver"`
	Check    string `json:"check"`             // accepted, failed, not_available or skipped
	Message  string `json:"message,omitempty"` // why it failed or was skipped
}

func (a *app) initCommand() *cobra.Command {
	var flags initFlags
	cmd := &cobra.Command{
		Use:     "init [--driver D] [--set KEY=VALUE]…",
		GroupID: cli.GroupSetUp,
		Short:   "Write a configuration for your vendor, and check it",
		Long:    initHelp,
		Example: `  anysms init
  anysms init --driver phonify --set 'api_key=${PHONIFY_API_KEY}' --region GR
  anysms init --driver twilio --set account_sid=AC… --set 'auth_token=${TWILIO_TOKEN}' --no-check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.initialize(cmd.Context(), &flags, cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.vendor, "driver", "", "`NAME` of a driver, or of a built-in recipe")
	_ = cmd.RegisterFlagCompletionFunc("driver", cobra.FixedCompletions(vendors(), cobra.ShellCompDirectiveNoFileComp)) // just defined
	f.StringVar(&flags.name, "name", "", "your `NAME` for the provider (default: that of the driver)")
	f.StringArrayVar(&flags.set, "set", nil, "a setting of the driver, `KEY=VALUE`; may be repeated")
	f.StringVar(&flags.sender, "sender", "", "default `SENDER`: a number, a short code or a name")
	f.StringVar(&flags.region, "region", "", "`COUNTRY` of numbers without a calling code, such as GR; international: only the plus sign is missing")
	f.BoolVar(&flags.noCheck, "no-check", false, "do not ask the vendor whether it accepts the credentials")
	flags.conf.AddTo(cmd)
	flags.format.AddTo(cmd)
	return cmd
}

// vendors are the names that --driver knows.
func vendors() []string {
	names := cli.Registry().Names()
	names = slices.DeleteFunc(names, func(name string) bool { return name == "rest" })
	for _, recipe := range rest.Builtin() {
		if !slices.Contains(names, recipe) { // a driver of its own can do more
			names = append(names, recipe)
		}
	}
	return names
}

func (a *app) initialize(ctx context.Context, flags *initFlags, cmd *cobra.Command) error {
	path := flags.conf.New()
	if _, err := os.Stat(path); err == nil {
		return exists(path)
	}
	p := newPrompt(a.In, a.Err)
	made, err := flags.account(ctx, p, cmd)
	if err != nil {
		return err
	}
	content, err := made.file()
	if err != nil {
		return err
	}
	unset := cli.Placeholders{}
	conf, err := config.Read(ctx, bytes.NewReader(content), path, filepath.Dir(path), cli.Registry(), &config.Options{Getenv: unset.Getenv})
	if err != nil {
		return err
	}
	defer conf.Close()
	if err := writeNew(path, content); err != nil {
		return err
	}
	report := initReport{Path: path, Provider: made.name, Driver: made.driver}
	switch {
	case flags.noCheck:
		report.Check = "skipped"
	case len(unset.Names) > 0:
		report.Check, report.Message = "skipped", "environment variables not set: "+strings.Join(unset.Names, ", ")
	default:
		report.Check, report.Message = check(ctx, &conf.Providers[0])
	}
	return a.printInit(&report, flags.format)
}

// check asks the vendor whether it accepts the credentials.
func check(ctx context.Context, p *config.Provider) (result, message string) {
	err := provider.Check(ctx, p.Upstream.Provider)
	switch {
	case err == nil:
		return "accepted", ""
	case errors.Is(err, errors.ErrUnsupported):
		return "not_available", ""
	}
	return "failed", cli.Reason(err)
}

func (a *app) printInit(r *initReport, format cli.Format) error {
	var failed error
	if r.Check == "failed" {
		failed = &cli.ExitError{Code: cli.ExitRefused}
	}
	if format.JSON() {
		return errors.Join(a.PrintJSON(r), failed)
	}
	lines := map[string]string{
		"accepted":      "The vendor accepts the credentials.",
		"not_available": "The vendor has no way to check the credentials without a message.",
		"skipped":       "The credentials were not checked with the vendor.",
		"failed":        "The credentials could not be checked: " + r.Message,
	}
	line := lines[r.Check]
	if r.Check == "skipped" && r.Message != "" {
		line = strings.TrimSuffix(line, ".") + ": " + r.Message
	}
	option := ""
	if r.Path != cli.DefaultConfig {
		option = " --config " + r.Path
	}
	_, err := fmt.Fprintf(a.Out, "%s was written: provider %s.\n%s\nTry:  anysms send%s --to +306900000001 --text Hello --dry-run\n", r.Path, r.Provider, line, option)
	return errors.Join(err, failed)
}

// account makes the account of what the flags say and what is asked.
func (f *initFlags) account(ctx context.Context, p *prompt, cmd *cobra.Command) (*account, error) {
	made := &account{settings: make(map[string]string), asked: make(map[string]bool)}
	if err := f.choose(ctx, p, made); err != nil {
		return nil, err
	}
	for _, pair := range f.set {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("--set %s; want KEY=VALUE", pair)
		}
		made.set(key, value)
	}
	if f.sender != "" {
		made.set("sender", f.sender)
	}
	if err := made.complete(ctx, p); err != nil {
		return nil, err
	}
	return made, f.options(ctx, p, made, cmd)
}

// choose finds the driver.
func (f *initFlags) choose(ctx context.Context, p *prompt, made *account) (err error) {
	all, vendor := vendors(), f.vendor
	if vendor == "" {
		fmt.Fprintf(p.out, "Vendors: %s\n(memory sends nothing; plugin is a driver of your own.)\n", strings.Join(all, ", "))
		if vendor, err = p.ask(ctx, "Vendor", false); err != nil {
			return missing(err, "--driver")
		}
	}
	if !slices.Contains(all, vendor) {
		return fmt.Errorf("unknown vendor %q%s; want one of %s", vendor, suggest.DidYouMean(vendor, all), strings.Join(all, ", "))
	}
	made.name, made.driver = cmp.Or(f.name, vendor), vendor
	if !slices.Contains(cli.Registry().Names(), vendor) {
		made.driver, made.recipe = "rest", vendor
		return made.describeRecipe()
	}
	d, err := cli.Registry().Driver(vendor)
	made.known = d.Settings
	return err
}

func (a *account) describeRecipe() error {
	r, err := rest.Load(a.recipe)
	if err != nil {
		return err
	}
	for _, s := range r.Settings {
		a.known = append(a.known, provider.Setting{Name: s.Name, Doc: s.Doc, Secret: s.Secret, Type: "string"})
	}
	d, err := cli.Registry().Driver(a.driver)
	a.known = append(a.known, d.Settings...)
	return err
}

func missing(err error, flag string) error {
	if errors.Is(err, errNoReply) {
		return fmt.Errorf("%s is missing", flag)
	}
	return err
}

// complete asks for what the driver cannot be opened without.
func (a *account) complete(ctx context.Context, p *prompt) error {
	tried := make(map[string]int)
	for {
		wrong, err := a.try(ctx)
		if wrong == nil {
			return err
		}
		key := wrong.Path
		_, given := a.settings[key]
		const mostTries = 3
		if tried[key]++; given && !a.asked[key] || tried[key] > mostTries {
			return fmt.Errorf("--set %w", wrong)
		}
		s := a.setting(key)
		fmt.Fprintf(p.out, "%s: %s\n", key, cmp.Or(s.Doc, wrong.Reason))
		if given {
			fmt.Fprintf(p.out, "  %s\n", wrong.Reason)
		}
		value, err := p.ask(ctx, key, s.Secret)
		if err != nil {
			return missing(err, "--set "+key+"=…")
		}
		a.set(key, value)
		a.asked[key] = true
	}
}

// try loads the configuration. wrong is the setting that the driver refuses.
func (a *account) try(ctx context.Context) (wrong *provider.ConfigError, err error) {
	content, err := a.file()
	if err != nil {
		return nil, err
	}
	var unset cli.Placeholders
	conf, err := config.Read(ctx, bytes.NewReader(content), "init", ".", cli.Registry(), &config.Options{Getenv: unset.Getenv})
	if err == nil {
		return nil, conf.Close()
	}
	found, ok := errors.AsType[*config.Error](err)
	if !ok {
		return nil, err
	}
	key, ours := strings.CutPrefix(found.Path, "providers."+a.name+".")
	if !ours || strings.ContainsAny(key, ".[") || strings.HasPrefix(found.Reason, "unknown key") {
		return nil, fmt.Errorf("%s: %s", found.Path, found.Reason)
	}
	return &provider.ConfigError{Path: key, Reason: found.Reason}, nil
}

// options asks for what most people set, if anything was asked at all.
func (f *initFlags) options(ctx context.Context, p *prompt, made *account, cmd *cobra.Command) error {
	given := cmd.Flags().Changed
	if p.asked && made.setting("sender").Doc != "" && !given("sender") {
		if err := made.askSender(ctx, p); err != nil {
			return err
		}
	}
	made.region = f.region
	if !p.asked || given("region") {
		if err := numbering.CheckRegion(made.region); err != nil {
			return fmt.Errorf("--region: %w", err)
		}
		return nil
	}
	for {
		region, err := p.ask(ctx, "Country of numbers without a calling code, such as GR (empty = none)", false)
		if err != nil && !errors.Is(err, errNoReply) {
			return err
		}
		wrong := numbering.CheckRegion(region)
		if wrong == nil {
			made.region = region
			return nil
		}
		fmt.Fprintf(p.out, "  %v\n", wrong)
	}
}

func (a *account) askSender(ctx context.Context, p *prompt) error {
	sender, err := p.ask(ctx, "Default sender (empty = none)", false)
	if err != nil && !errors.Is(err, errNoReply) {
		return err
	}
	if sender == "" {
		return nil
	}
	a.set("sender", sender)
	a.asked["sender"] = true
	return a.complete(ctx, p)
}
