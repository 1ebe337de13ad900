// Package config reads a router's configuration from a YAML file.
//
//	providers:                       # name: the driver's settings and the router's
//	  athens: {driver: apifon, base_url: "https://…", token: "${APIFON_TOKEN}", sender: Example}
//	  usa:    {driver: phonify, base_url: "https://…", api_key: {file: phonify.key}, rate_limit: 10}
//	router:
//	  default_region: GR             # of numbers without a calling code; see numbering.Parse
//	  routes:
//	    - {name: greece, match: {countries: [GR]}, providers: [athens, usa]}
//	    - {name: others, providers: [usa, {name: athens, sender: vendor}]}
//	rates: rates.csv
//	guards:                          # which messages may be sent: package guard
//	  countries: {allow: [GR, CY]}
//	  velocity: [{per: number, max: 5, window: 1h}]
//
// Every error names the file, the line and the setting, and says what would be
// right. ${VAR} inside a string is replaced by the value of the environment
// variable, $${ is a literal ${, and {file: path} reads a secret from a file,
// without its last newline. Paths are relative to the directory of the file.
//
// A key that is left out has its default. A number that is 0 is off where that is
// possible (no limit, none, never), and else an error.
package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/suggest"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/rates"
)

// Config is a configuration that was read and checked. Its providers are open:
// Close closes them.
type Config struct {
	Path          string           // as passed to Load; the name passed to Read
	DefaultRegion string           // for numbers without a calling code; "" = none
	Rates         string           // path of the rate card; "" = none
	Currencies    rates.Currencies // for comparing prices
	Ledger        Ledger
	OTP           OTP
	Queue         map[provider.Class]Lane // for queue.Options.Lanes
	Guards        *guard.Policy           // that Options.Guard is; nil = none
	// CountInDatabase reports that the guards want their counters in the ledger's
	// database. The program that opens it calls Guards.Use; until then they count in
	// memory.
	CountInDatabase bool
	// CountInRedis is the server in which the guards want their counters and the rates of
	// senders. The program that connects to it calls Guards.Use and Guards.ShareRates.
	CountInRedis Redis

	Providers []Provider // in the order of the file
	Options   router.Options

	router   *router.Router
	ends     []func() error // of OnClose
	lines    lines
	card     *rates.Card // nil = none
	unpriced []Warning   // money budgets that some providers cannot keep
	secrets  []string    // the settings that hold a secret as it is
	mode     fs.FileMode // of the file; 0 = not known
}

// Redis says where a Redis server is. The package connects to none.
type Redis struct {
	URL provider.Secret // redis:// or rediss://, for redis.ParseURL, with a password perhaps; "" = none
	Key provider.Secret // for the hashes of what is counted; "" = none
}

// Ledger says where the ledger of messages is. The package opens none: the databases are
// linked only by programs that use one.
type Ledger struct {
	Database string // path of an SQLite file, or postgres://…; "" = none
	KeyFile  string // for ledger.LoadKey
	Options  ledger.Options
}

// Postgres reports whether the database is a PostgreSQL server.
func (l *Ledger) Postgres() bool { return isPostgres(l.Database) }

// Provider is a configured provider.
type Provider struct {
	router.Upstream
	Driver string
	Line   int

	unencrypted string // the path of a setting that allows plain http; "" = none does
}

// Options configure Load and Read. A nil Options means the defaults.
type Options struct {
	// Getenv looks up ${VAR}; nil = os.LookupEnv.
	Getenv func(name string) (string, bool)
	// Serve is what the section "serve" is read into, a pointer to a struct with json
	// tags. If it has a method Check() error, that checks it. nil = the section, which
	// is the gateway's, is not looked at.
	Serve any
}

// Load reads a file, opens its providers with the drivers of the registry, and
// checks everything. A mistake in the file is an [*Error].
func Load(ctx context.Context, path string, drivers *provider.Registry, opts *Options) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	c, err := Read(ctx, f, path, filepath.Dir(path), drivers, opts)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil {
		c.mode = info.Mode().Perm()
	}
	return c, nil
}

// maxSize bounds what Read reads.
const maxSize = 4 << 20

// Read is [Load] for a stream. The name is that of the file in errors; paths are
// relative to dir.
func Read(ctx context.Context, r io.Reader, name, dir string, drivers *provider.Registry, opts *Options) (*Config, error) {
	source, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("configuration: %s: %w", name, err)
	}
	if len(source) > maxSize {
		return nil, fmt.Errorf("configuration: %s: is larger than %d bytes", name, maxSize)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	d := &document{name: name, dir: dir, getenv: os.LookupEnv, lines: make(lines)}
	if opts != nil && opts.Getenv != nil {
		d.getenv = opts.Getenv
	}
	if opts != nil {
		d.serve = opts.Serve
	}
	if drivers == nil {
		drivers = new(provider.Registry)
	}
	c, err := d.read(ctx, source, drivers)
	if err != nil {
		return nil, d.locate(err)
	}
	return c, nil
}

// Router returns the router over all providers, always the same one. Closing it
// closes the providers.
func (c *Config) Router() *router.Router { return c.router }

// Provider returns the provider with a name.
func (c *Config) Provider(name string) (*Provider, error) {
	names := make([]string, 0, len(c.Providers))
	for i := range c.Providers {
		if c.Providers[i].Name == name {
			return &c.Providers[i], nil
		}
		names = append(names, c.Providers[i].Name)
	}
	return nil, fmt.Errorf("unknown provider %q%s; the providers in %s are: %s", name, suggest.DidYouMean(name, names), c.Path, strings.Join(names, ", "))
}

// Upstreams returns all providers as [router.New] takes them, in the order of the file.
// Every router over them closes the same providers.
func (c *Config) Upstreams() []router.Upstream {
	list := make([]router.Upstream, 0, len(c.Providers))
	for i := range c.Providers {
		list = append(list, c.Providers[i].Upstream)
	}
	return list
}

// NewRouter returns a router of its own over all providers, with options that began as
// [Config.Options]; or over the only provider with a name, without routes. Closing this
// router or [Config.Router] closes the providers.
func (c *Config) NewRouter(only string, opts router.Options) (*router.Router, error) {
	if only == "" {
		return router.New(c.Upstreams(), &opts)
	}
	p, err := c.Provider(only)
	if err != nil {
		return nil, err
	}
	opts.Routes = nil
	return router.New([]router.Upstream{p.Upstream}, &opts)
}

// Warning is a warning about a setting.
type Warning struct {
	Line   int    `json:"line"` // 0 = not known
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Warnings lists settings that are allowed but hardly meant, or that weaken security,
// in the order of their lines.
func (c *Config) Warnings() []Warning {
	list := append(c.exposed(), c.unpriced...)
	list = append(list, c.senderWarnings()...)
	for _, f := range c.router.Warnings() {
		path := inFile(f.Path)
		list = append(list, Warning{Line: c.lines.of(path), Path: path, Reason: f.Reason})
	}
	for i := range c.Providers {
		if path := c.Providers[i].unencrypted; path != "" {
			list = append(list, Warning{Line: c.lines.of(path), Path: path, Reason: "credentials and texts may travel unencrypted over http, in the private network"})
		}
	}
	slices.SortStableFunc(list, func(a, b Warning) int { return a.Line - b.Line })
	return list
}

// Close closes the router and its providers, then does what Release does.
func (c *Config) Close() error {
	return errors.Join(c.router.Close(context.Background()), c.Release())
}

// Release does what OnClose has added, once. A program that has the providers in a router of
// its own, and has closed that, calls it instead of Close.
func (c *Config) Release() (err error) {
	for _, end := range c.ends {
		err = errors.Join(err, end())
	}
	c.ends = nil
	return err
}

// OnClose adds what Close does at last.
func (c *Config) OnClose(f func() error) { c.ends = append(c.ends, f) }

// Error is a mistake in a configuration. It holds no secret.
type Error struct {
	File   string
	Line   int    // 0 = not known
	Path   string // the setting: "providers.athens.token"; "" = the whole
	Reason string // what is wrong and what would be right
}

// Error returns "file:line: path: reason".
func (e *Error) Error() string {
	s := e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d", e.Line)
	}
	if e.Path != "" {
		s += ": " + e.Path
	}
	return s + ": " + e.Reason
}

// Errorf returns a mistake at a setting that a program finds in a configuration after it was
// read. path is such as "serve.listen".
func (c *Config) Errorf(path, format string, args ...any) *Error {
	return &Error{File: c.Path, Line: c.lines.of(path), Path: path, Reason: fmt.Sprintf(format, args...)}
}

// Warningf returns a warning about a setting, as Errorf does an error.
func (c *Config) Warningf(path, format string, args ...any) Warning {
	return Warning{Line: c.lines.of(path), Path: path, Reason: fmt.Sprintf(format, args...)}
}

// locate finds the line of a mistake.
func (d *document) locate(err error) error {
	if wrong, ok := errors.AsType[*provider.ConfigError](err); ok {
		return &Error{File: d.name, Line: d.lines.of(wrong.Path), Path: wrong.Path, Reason: wrong.Reason}
	}
	return err
}

// inFile turns a path of package router into one of the file.
func inFile(path string) string {
	if path == "" || path == "providers" || strings.HasPrefix(path, "providers.") {
		return path
	}
	return "router." + path
}
