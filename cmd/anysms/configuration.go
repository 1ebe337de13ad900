package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

// configEnv names the configuration where --config does not.
const configEnv = "ANYSMS_CONFIG"

const defaultConfig = "anysms.yaml"

// configFlag is --config and finds the configuration.
type configFlag struct{ path string }

func (c *configFlag) addTo(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.path, "config", "", "the configuration (default $"+configEnv+", else ./"+defaultConfig+")")
}

// load reads and checks the configuration. Its providers are open.
func (c *configFlag) load(ctx context.Context) (*config.Config, error) {
	path, err := c.find()
	if err != nil {
		return nil, err
	}
	return config.Load(ctx, path, registry(), nil)
}

func (c *configFlag) find() (string, error) {
	if c.path != "" {
		return c.path, nil
	}
	if path := os.Getenv(configEnv); path != "" {
		return path, nil
	}
	if _, err := os.Stat(defaultConfig); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("no configuration: there is no %s here; give --config or set %s (\"anysms --help\" shows one)", defaultConfig, configEnv)
	}
	return defaultConfig, nil
}

// ask opens the configuration for one question to one of its providers.
func (c *configFlag) ask(ctx context.Context, name string, question func(*config.Config, provider.Provider) error) error {
	conf, err := c.load(ctx)
	if err != nil {
		return err
	}
	defer conf.Close()
	p, err := conf.Provider(name)
	if err != nil {
		return err
	}
	return vendorAnswer(name, question(conf, p.Upstream.Provider))
}

// vendorAnswer gives the error of a call to a vendor its exit code, unless it has
// one.
func vendorAnswer(name string, err error) error {
	if err == nil {
		return nil
	}
	if decided, ok := errors.AsType[*exitError](err); ok {
		return decided
	}
	code := exitRefused
	if provider.CodeOf(err) == provider.Indeterminate {
		code = exitUnknown
	}
	return &exitError{code: code, cause: fmt.Errorf("%s: %w", name, err)}
}
