package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/drivers/builtin"
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

// ConfigEnv names the configuration where --config does not.
const ConfigEnv = "ANYSMS_CONFIG"

// DefaultConfig is the configuration that nothing names.
const DefaultConfig = "anysms.yaml"

// ConfigFlag is the flag --config.
type ConfigFlag struct {
	Path string // as given; "" = $ANYSMS_CONFIG, else ./anysms.yaml
	// Serve is the section serve of the configuration that was loaded.
	Serve settings.Serve
}

// AddTo adds the flag.
func (c *ConfigFlag) AddTo(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.Path, "config", "", "configuration `FILE` (default $"+ConfigEnv+", else ./"+DefaultConfig+")")
}

// Load reads and checks the configuration. Its providers are open.
func (c *ConfigFlag) Load(ctx context.Context) (*config.Config, error) {
	c.Serve = settings.Serve{}
	return c.load(ctx, &config.Options{})
}

// LoadOffline is [ConfigFlag.Load] for commands that send nothing and contact no
// vendor. An environment variable that is not set is not an error: a placeholder
// takes its place. It returns the names of these variables, also with an error.
func (c *ConfigFlag) LoadOffline(ctx context.Context) (conf *config.Config, unset []string, err error) {
	var missing Placeholders
	c.Serve = settings.Serve{Placeholder: placeholder}
	conf, err = c.load(ctx, &config.Options{Getenv: missing.Getenv})
	return conf, missing.Names, err
}

// placeholder precedes the name of a variable that is not set.
const placeholder = "UNSET_"

// Placeholders takes the place of environment variables that are not set.
type Placeholders struct {
	Names []string // of these variables, each once
}

// Getenv is os.LookupEnv, with a placeholder for a variable that is not set.
func (p *Placeholders) Getenv(name string) (string, bool) {
	value, set := os.LookupEnv(name)
	if set {
		return value, true
	}
	if !slices.Contains(p.Names, name) {
		p.Names = append(p.Names, name)
	}
	return placeholder + name, true
}

func (c *ConfigFlag) load(ctx context.Context, opts *config.Options) (*config.Config, error) {
	path, err := c.find()
	if err != nil {
		return nil, err
	}
	opts.Serve = &c.Serve
	conf, err := config.Load(ctx, path, Registry(), opts)
	if err != nil {
		return nil, err
	}
	if err := countInRedis(conf); err != nil {
		return nil, errors.Join(err, conf.Close())
	}
	if _, err := c.Serve.Endpoints(ctx, conf); err != nil {
		return nil, errors.Join(err, conf.Close())
	}
	return conf, nil
}

// New returns the path for a new configuration.
func (c *ConfigFlag) New() string { return cmp.Or(c.Path, os.Getenv(ConfigEnv), DefaultConfig) }

// Exists reports whether there is a configuration, wherever it is named.
func (c *ConfigFlag) Exists() bool {
	path, err := c.find()
	return err == nil && path != ""
}

func (c *ConfigFlag) find() (string, error) {
	if c.Path != "" {
		return c.Path, nil
	}
	if path := os.Getenv(ConfigEnv); path != "" {
		return path, nil
	}
	if _, err := os.Stat(DefaultConfig); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("no configuration: there is no %s in this directory; give --config or set %s; \"anysms init\" writes one", DefaultConfig, ConfigEnv)
	}
	return DefaultConfig, nil
}

// Registry returns the drivers that a configuration can name: the built-in ones,
// and the one for plugins.
func Registry() *provider.Registry {
	drivers := builtin.Registry()
	if err := drivers.Add(plugin.Driver); err != nil {
		panic(err) // duplicate name: a bug in this program
	}
	return drivers
}
