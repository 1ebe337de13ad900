package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/drivers/builtin"
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

// ConfigEnv names the configuration where --config does not.
const ConfigEnv = "ANYSMS_CONFIG"

const defaultConfig = "anysms.yaml"

// ConfigFlag is the flag --config.
type ConfigFlag struct {
	Path string // as given; "" = $ANYSMS_CONFIG, else ./anysms.yaml
}

// AddTo adds the flag.
func (c *ConfigFlag) AddTo(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.Path, "config", "", "configuration `FILE` (default $"+ConfigEnv+", else ./"+defaultConfig+")")
}

// Load reads and checks the configuration. Its providers are open.
func (c *ConfigFlag) Load(ctx context.Context) (*config.Config, error) {
	return c.load(ctx, nil)
}

// LoadOffline is [ConfigFlag.Load] for commands that send nothing and contact no
// vendor. An environment variable that is not set is not an error: a placeholder
// takes its place. It returns the names of these variables, also with an error.
func (c *ConfigFlag) LoadOffline(ctx context.Context) (conf *config.Config, unset []string, err error) {
	getenv := func(name string) (string, bool) {
		value, set := os.LookupEnv(name)
		if set {
			return value, true
		}
		if !slices.Contains(unset, name) {
			unset = append(unset, name)
		}
		return "UNSET_" + name, true
	}
	conf, err = c.load(ctx, &config.Options{Getenv: getenv})
	return conf, unset, err
}

func (c *ConfigFlag) load(ctx context.Context, opts *config.Options) (*config.Config, error) {
	path, err := c.find()
	if err != nil {
		return nil, err
	}
	return config.Load(ctx, path, Registry(), opts)
}

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
	if _, err := os.Stat(defaultConfig); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("no configuration: there is no %s in this directory; give --config or set %s (\"anysms --help\" shows an example)", defaultConfig, ConfigEnv)
	}
	return defaultConfig, nil
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
