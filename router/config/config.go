// Package config reads a YAML file into a router.
//
// Every error names the file and the line, the setting, and what would be
// right. ${VAR} inside a string is replaced by the environment's value, $${ is
// a literal ${, and {file: path} reads a secret from a file. Paths are relative
// to the file that holds them.
package config

import (
	"context"
	"errors"
	"io"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// Config is a configuration that was read and checked. Its providers are open.
type Config struct {
	Path          string // "" = it was not read from a file
	DefaultRegion string // for numbers without a calling code; "" = none
	Rates         string // path of the rate card; "" = none

	Providers []Provider
	Options   router.Options
}

// Provider is a configured provider.
type Provider struct {
	router.Provider
	Driver string
	Line   int
}

// Options says where values come from.
type Options struct {
	// Getenv looks up ${VAR}; nil = os.LookupEnv.
	Getenv func(name string) (string, bool)
}

// Error is a mistake in a configuration.
type Error struct {
	File   string
	Line   int    // 0 = not known
	Path   string // "providers.athens.token"
	Reason string // what is wrong and what would be right
}

// Error is "file:line: path: reason".
func (e *Error) Error() string { return e.Reason }

// Load reads a file. A mistake in it is an [*Error].
func Load(ctx context.Context, path string, drivers *provider.Registry, opts *Options) (*Config, error) {
	return nil, errors.ErrUnsupported
}

// Read is Load for a stream; name stands in errors, and paths are relative to
// dir.
func Read(ctx context.Context, r io.Reader, name, dir string, drivers *provider.Registry, opts *Options) (*Config, error) {
	return nil, errors.ErrUnsupported
}

// Router makes the router; closing it closes the providers.
func (c *Config) Router() (*router.Router, error) { return nil, errors.ErrUnsupported }

// Provider finds a provider by its name.
func (c *Config) Provider(name string) (*Provider, error) { return nil, errors.ErrUnsupported }

// Only makes a router over one provider alone, without its routes.
func (c *Config) Only(name string) (*router.Router, error) { return nil, errors.ErrUnsupported }

// Findings lists what is allowed but surely not meant.
func (c *Config) Findings() []Finding { return nil }

// Finding is a warning about a setting.
type Finding struct {
	Line   int    `json:"line"`
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Close closes the providers, for those who make no router.
func (c *Config) Close() error { return nil }
