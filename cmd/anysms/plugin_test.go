package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/plugin"
)

// pluginsOf builds the Go example into a plugins directory, which also has a file
// that is not a plugin. Windows runs it for the sake of its name.
func pluginsOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(dir, "acme.exe"), "../../examples/plugin-go").CombinedOutput()
	require.NoError(t, err, string(out))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README"), []byte("no program"), 0o600))
	return dir
}

func TestPluginCommands(t *testing.T) {
	dir := pluginsOf(t)
	sum, err := plugin.Checksum(filepath.Join(dir, "acme.exe"))
	require.NoError(t, err)

	got := anysms(t, "plugin", "list", "--dir", dir)
	assert.Equal(t, outcome{stdout: "acme.exe  " + sum + "\n"}, got)

	got = anysms(t, "plugin", "inspect", "acme.exe", "--dir", dir, "--format", "json")
	require.Zero(t, got.code, got.stderr)
	var info struct {
		Driver, SHA256 string
		Protocol       int
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &info))
	assert.Equal(t, "acme", info.Driver)
	assert.Equal(t, sum, info.SHA256)
	assert.Equal(t, plugin.ProtocolVersion, info.Protocol)

	got = anysms(t, "plugin", "verify", "--dir", dir)
	assert.Equal(t, outcome{stdout: "ok  acme.exe  driver acme, protocol 1\n"}, got)

	got = anysms(t, "plugin", "verify", "acme.exe", "--dir", dir, "--sha256", sum[:63]+"x")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stdout, "FAILED  acme.exe  sha256:")

	got = anysms(t, "plugin", "verify", filepath.Join(dir, "README"))
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stdout, "is not executable")

	got = anysms(t, "plugin", "inspect", "../acme.exe", "--dir", dir)
	assert.Equal(t, cli.ExitUsage, got.code)

	got = anysms(t, "plugin", "verify", "--dir", t.TempDir())
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, "no plugins in")
}

// A message is sent through a plugin.
func TestSendThroughPlugin(t *testing.T) {
	dir := pluginsOf(t)
	conf := filepath.Join(dir, "anysms.yaml")
	require.NoError(t, os.WriteFile(conf, []byte(`
providers:
  acme: {driver: plugin, path: ./acme.exe, config: {base_url: "http://127.0.0.1:1", token: example}}
router:
  validation: shape
  retry: {max_attempts: 1}
  routes: [{name: all, providers: [acme]}]
`), 0o600))
	got := anysms(t, "send", "--config", conf, "--to", "+306900000001", "--text", "hello", "--format", "json")
	assert.Equal(t, cli.ExitRefused, got.code, got.stderr)
	assert.Contains(t, got.stdout, `"status":"not_sent"`, "nothing listens there: %s", got.stdout)
	assert.Contains(t, got.stdout, `"code":"unavailable"`)

	require.NoError(t, os.WriteFile(conf, []byte(`
providers:
  acme: {driver: plugin, path: ./acme.exe, config: {base_url: "http://127.0.0.1:1", tokn: example}}
router: {routes: [{name: all, providers: [acme]}]}
`), 0o600))
	got = anysms(t, "config", "check", "--config", conf)
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr+got.stdout, "config.tokn")
}
