package plugin

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/anysms/anysms/provider"
)

// Defaults of [Config].
const (
	DefaultStartTimeout   = 10 * time.Second
	DefaultTimeout        = time.Minute
	DefaultVerdictGrace   = 250 * time.Millisecond
	DefaultHealthInterval = 10 * time.Second
	DefaultHealthTimeout  = 3 * time.Second
	DefaultRestarts       = 5
	DefaultRestartWindow  = 5 * time.Minute
)

// Values of [Config].TLS.
const (
	TLSAuto = "auto" // mutual TLS with certificates made for this run
	TLSOff  = "off"  // plain text, only over a unix socket in a private directory of the host
)

// Driver makes providers from configuration. Its Open starts the program.
var Driver = provider.NewDriver("plugin", "A driver that runs as a separate program, in any language", New)

// Config holds the settings. Either Path or Name selects the program.
type Config struct {
	Path     string            `json:"path" doc:"path of the program, with a path separator, such as ./acme-driver; PATH is not searched"`
	Name     string            `json:"name" doc:"name of a program in the plugins directory, without path separators"`
	Dir      string            `json:"dir" doc:"plugins directory, used with name"`
	Args     []string          `json:"args" doc:"arguments; must not contain a credential"`
	Env      map[string]string `json:"env" doc:"environment variables, which are otherwise empty; must not contain a credential"`
	SHA256   string            `json:"sha256" doc:"SHA-256 checksum of the file in hex; does not cover a script's interpreter"`
	TLS      string            `json:"tls" doc:"auto (default), or off for plugins without certificates, only over unix sockets"`
	Settings json.RawMessage   `json:"config" doc:"the driver's own settings, sent only after the handshake"`

	StartTimeout   provider.Duration `json:"start_timeout" doc:"maximum time from start to ready; default 10s"`
	Timeout        provider.Duration `json:"timeout" doc:"for calls without a deadline; default 1m"`
	Unary          bool              `json:"unary" doc:"one gRPC call per send, even if the plugin supports the faster stream; default false"`
	VerdictGrace   provider.Duration `json:"verdict_grace" doc:"how long after its deadline a caller waits for the plugin's result, which tells whether anything was sent; default 250ms"`
	HealthInterval provider.Duration `json:"health_interval" doc:"time between health checks; default 10s"`
	HealthTimeout  provider.Duration `json:"health_timeout" doc:"timeout of a health check, and of a send's response after its deadline; a plugin that takes longer is killed; default 3s"`
	Restarts       int               `json:"restarts" doc:"maximum number of restarts within restart_window; default 5, -1 = none"`
	RestartWindow  provider.Duration `json:"restart_window" doc:"see restarts; default 5m"`

	// Logger receives the plugin's output and the supervisor's events; nil =
	// slog.Default().
	Logger *slog.Logger `json:"-"`
}

// String names the program and reveals neither settings nor environment.
func (c Config) String() string { return "plugin{" + cmp.Or(c.Path, c.Name) + "}" }

// GoString redacts like String.
func (c Config) GoString() string { return c.String() }

// LogValue redacts like String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

func (c *Config) validate() error {
	for name, d := range map[string]provider.Duration{
		"start_timeout": c.StartTimeout, "timeout": c.Timeout, "health_interval": c.HealthInterval, "verdict_grace": c.VerdictGrace,
		"health_timeout": c.HealthTimeout, "restart_window": c.RestartWindow,
	} {
		if d < 0 {
			return provider.ConfigErrorf(name, "%s is negative; want a duration such as 10s", d)
		}
	}
	switch {
	case c.Restarts < -1:
		return provider.ConfigErrorf("restarts", "%d is below -1; want a number of restarts, or -1 for none", c.Restarts)
	case c.TLS != "" && c.TLS != TLSAuto && c.TLS != TLSOff:
		return provider.ConfigErrorf("tls", "%q; want %s or %s", c.TLS, TLSAuto, TLSOff)
	case len(c.Settings) > 0 && !json.Valid(c.Settings):
		return provider.ConfigErrorf("config", "is not JSON")
	}
	if c.SHA256 != "" {
		if sum, err := hex.DecodeString(c.SHA256); err != nil || len(sum) != checksumSize {
			return provider.ConfigErrorf("sha256", "%q is not a SHA-256 checksum; want 64 hexadecimal digits", c.SHA256)
		}
	}
	return nil
}

// file finds the program and checks whether it may be run.
func (c *Config) file() (string, error) {
	switch {
	case c.Path != "" && c.Name != "":
		return "", provider.ConfigErrorf("name", "must not be set together with path")
	case c.Path != "":
		if filepath.Base(c.Path) == c.Path {
			return "", provider.ConfigErrorf("path", "%q has no path separator; want a file such as ./%s, or name and dir", c.Path, c.Path)
		}
		return checkFile("path", c.Path)
	case c.Name != "":
		if c.Dir == "" {
			return "", provider.ConfigErrorf("dir", "is missing; want the directory that contains %q", c.Name)
		}
		if err := checkName(c.Name); err != nil {
			return "", err
		}
		return checkFile("name", filepath.Join(c.Dir, c.Name))
	}
	return "", provider.ConfigErrorf("path", "is missing; want the plugin's program, such as ./acme-driver")
}

func (c *Config) restarts() int {
	switch c.Restarts {
	case 0:
		return DefaultRestarts
	case -1:
		return 0
	}
	return c.Restarts
}

func (c *Config) logger() *slog.Logger {
	if c.Logger != nil {
		return c.Logger
	}
	return slog.Default()
}
