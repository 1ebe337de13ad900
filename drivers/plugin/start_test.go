package plugin_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
)

func TestStartFails(t *testing.T) {
	for program, want := range map[string]string{
		"silent":  "not ready within start_timeout",
		"dead":    "no licence for +***",
		"wordy":   "the licence has expired",
		"garbage": "Hello, World!",
		"endless": "Unrecognized remote plugin message",
		"newer":   "Plugin version: 2, Client versions: [1]",
		"nocert":  "tls: off",
		"open":    "want a loopback address",
	} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			c := config(t, program, `{}`)
			if program == "silent" {
				c.StartTimeout = provider.Duration(200 * time.Millisecond)
			}
			_, err := plugin.New(c)
			require.ErrorContains(t, err, want)
			assert.NotContains(t, err.Error(), "306900000001")
		})
	}
}

func TestOpenFails(t *testing.T) {
	for settings, want := range map[string]string{
		`{"token": "bad"}`:     "config.token: must not be bad",
		`{"tokn": "x"}`:        "config.tokn: unknown key (did you mean \"token\"?); want one of banner, boast, grow, token, url",
		`{"token": "explode"}`: "the driver panicked",
		`{"boast": true}`:      `capability "balance" is set, but *plugin_test.odd does not implement provider.BalanceReader`,
	} {
		t.Run(settings, func(t *testing.T) {
			t.Parallel()
			_, err := plugin.New(config(t, "odd", settings))
			require.ErrorContains(t, err, want)
		})
	}
	_, err := plugin.New(config(t, "liar", `"nothing"`))
	require.ErrorContains(t, err, "did not send its capabilities")
}

// The host speaks version 1, the plugin 1 and 2.
func TestOlderHost(t *testing.T) {
	t.Parallel()
	p := open(t, config(t, "both", `{}`))
	assert.Equal(t, 1, p.Describe().Protocol)
	assert.Equal(t, "newer", ask(t, p, "x"))
}

func TestWithoutTLSOnlyInOurDirectory(t *testing.T) {
	t.Parallel()
	c := config(t, "outside", `{}`)
	c.TLS = plugin.TLSOff
	_, err := plugin.New(c)
	require.ErrorContains(t, err, "PLUGIN_UNIX_SOCKET_DIR")

	c = config(t, "open", `{}`)
	c.TLS = plugin.TLSOff
	_, err = plugin.New(c)
	require.ErrorContains(t, err, "without TLS it must be a unix socket")
}

// Neither the host's environment nor its input nor the settings are where others
// could read them.
func TestCleanEnvironment(t *testing.T) {
	t.Setenv("OTHER_VENDORS_TOKEN", "abcdef")
	c := config(t, "odd", `{"token": "k3y-of-acme"}`)
	c.Env["ACME_REGION"] = "eu"
	p := open(t, c)
	environment := ask(t, p, "environment")
	assert.Contains(t, environment, "ACME_REGION=eu")
	assert.NotContains(t, environment, "OTHER_VENDORS_TOKEN")
	assert.NotContains(t, environment, "k3y-of-acme")
	for line := range strings.Lines(environment) {
		if name, _, isVariable := strings.Cut(line, "="); isVariable {
			assert.Regexp(t, `^(SYSTEMROOT|ACME_REGION|GORACE|ANYSMS_PLUGIN|PLUGIN_[A-Z_]+|[A-Za-z0-9+/]*)$`, name)
		}
	}
	assert.Equal(t, "0 EOF", ask(t, p, "stdin"))
}

func TestCredentialsInSight(t *testing.T) {
	c := config(t, "odd", `{"token": "k3y-of-acme"}`)
	c.Args = append(c.Args, "--token=k3y-of-acme")
	_, err := plugin.New(c)
	require.ErrorContains(t, err, "args[1]: contains the value of config.token")
	assert.NotContains(t, err.Error(), "k3y")

	c = config(t, "odd", `{"token": "k3y-of-acme"}`)
	c.Env = map[string]string{"TOKEN": "k3y-of-acme"}
	_, err = plugin.New(c)
	require.ErrorContains(t, err, "env.TOKEN: contains the value of config.token")
}

func TestChecksum(t *testing.T) {
	c := config(t, "odd", `{}`)
	sum, err := plugin.Checksum(c.Path)
	require.NoError(t, err)
	c.SHA256 = strings.ToUpper(sum)
	require.Equal(t, "ok", ask(t, open(t, c), "x"))

	c.SHA256 = strings.Repeat("0", 64)
	_, err = plugin.New(c)
	require.ErrorContains(t, err, "sha256: "+c.Path+" has the checksum "+sum)
}

func TestConfigErrors(t *testing.T) {
	dir := t.TempDir()
	plain := programFile(t, dir, "plain.exe", 0o755)
	for want, c := range map[string]plugin.Config{
		"path: is missing; want the plugin's program": {},
		"path: \"acme\" has no path separator":        {Path: "acme"},
		"not-there":                                   {Path: "./not-there"},
		"path: " + dir + " is not a file":             {Path: dir},
		"name: must not be set together with path":    {Path: plain, Name: "plain"},
		"dir: is missing":                             {Name: "plain"},
		"name: \"../plain\" is not a plain file name": {Name: "../plain", Dir: dir},
		"name: \"a\\\\b\" is not a plain file name":   {Name: `a\b`, Dir: dir},
		"name: \"..\" is not a plain file name":       {Name: "..", Dir: dir},
		"tls: \"on\"; want auto or off":               {Path: plain, TLS: "on"},
		"sha256: \"12\" is not a SHA-256 checksum":    {Path: plain, SHA256: "12"},
		"restarts: -2 is below -1":                    {Path: plain, Restarts: -2},
		"start_timeout: -1s is negative":              {Path: plain, StartTimeout: provider.Duration(-time.Second)},
		"config: is not JSON":                         {Path: plain, Settings: []byte("{")},
	} {
		_, err := plugin.New(c)
		var wrong *provider.ConfigError
		require.ErrorAs(t, err, &wrong, want)
		assert.ErrorContains(t, err, want)
	}
	names, err := plugin.List(filepath.Join(dir, "not-there"))
	require.NoError(t, err)
	assert.Empty(t, names)
}

func programFile(t *testing.T, dir, name string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"), mode))
	require.NoError(t, os.Chmod(path, mode))
	return path
}

func TestFilePermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits")
	}
	dir := t.TempDir()
	plain, loose := programFile(t, dir, "plain", 0o644), programFile(t, dir, "loose", 0o777)
	for path, want := range map[string]string{plain: " is not executable", loose: " is writable by everyone"} {
		_, err := plugin.New(plugin.Config{Path: path})
		require.ErrorContains(t, err, "path: "+path+want)
	}
	names, err := plugin.List(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"loose"}, names)
}

func TestInspect(t *testing.T) {
	t.Parallel()
	d, err := plugin.Inspect(context.Background(), config(t, "memory", ``))
	require.NoError(t, err)
	assert.Equal(t, "memory", d.Name)
	assert.Equal(t, 1, d.Protocol)
	assert.NotEmpty(t, d.Settings)

	_, err = plugin.Inspect(context.Background(), config(t, "stubborn", ``))
	require.ErrorContains(t, err, "did not exit within 2s")
}

func TestDriver(t *testing.T) {
	c := config(t, "odd", ``)
	p, err := plugin.Driver.Open(context.Background(), []byte(`{"path": `+strconv.Quote(c.Path)+`, "args": ["odd"], "config": {"token": "abc"}, "health_interval": "1s", "start_timeout": "1m", "health_timeout": "1m"}`))
	require.NoError(t, err)
	require.Equal(t, "ok", ask(t, p, "x"))
	require.NoError(t, provider.Close(p))

	_, err = plugin.Driver.Open(context.Background(), []byte(`{"pth": "./x"}`))
	require.ErrorContains(t, err, "pth: unknown key")
}
