package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/provider"
)

func TestVersion(t *testing.T) {
	got := anysms(t, "version")
	assert.Equal(t, cli.ExitDone, got.code)
	assert.Regexp(t, `^anysms \S+ .*go1\.`, got.stdout)
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(anysms(t, "version", "--format", "json").stdout), &v))
	assert.NotEmpty(t, v["version"])
	assert.NotEmpty(t, v["go"])
}

func TestDrivers(t *testing.T) {
	got := anysms(t, "drivers")
	assert.Equal(t, cli.ExitDone, got.code)
	for _, name := range []string{"apifon", "memory", "phonify", "zoomconnect"} {
		assert.Contains(t, "\n"+got.stdout, "\n"+name+" ")
	}
	type driverInfo struct {
		Name     string
		Settings []provider.Setting
	}
	var all []driverInfo
	require.NoError(t, json.Unmarshal([]byte(anysms(t, "drivers", "--format", "json").stdout), &all))
	assert.Equal(t, cli.Registry().Names()[0], all[0].Name)

	var one driverInfo
	require.NoError(t, json.Unmarshal([]byte(anysms(t, "drivers", "phonify", "--format", "json").stdout), &one))
	for _, s := range one.Settings {
		assert.Equal(t, s.Name == "api_key" || s.Name == "proxy", s.Secret, s.Name)
		assert.NotEmpty(t, s.Doc, s.Name)
	}
}

func TestProviders(t *testing.T) {
	v := startVendors(t)
	got := anysms(t, "providers", "--config", v.config, "--format", "json")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	var all []struct {
		Name, Driver  string
		MaxCharacters int `json:"max_characters"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &all))
	require.Len(t, all, 2)
	assert.Equal(t, "athens", all[0].Name)
	assert.Equal(t, "apifon", all[0].Driver)
	assert.Equal(t, 160, all[1].MaxCharacters)

	got = anysms(t, "providers", "--config", v.config)
	assert.Contains(t, got.stdout, "160 characters")
	v.untouched(t)
}

func TestConfigCheckAsksNobody(t *testing.T) {
	v := startVendors(t)
	got := anysms(t, "config", "check", "--config", v.config)
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, "is valid: 2 providers, 1 route\n")
	v.untouched(t)
}

// Shell completion completes the values of flags, and file names.
func TestCompletion(t *testing.T) {
	for args, want := range map[string]string{
		"send --class ":          "otp\ntransactional\nmarketing\n:4\n",
		"send --delivery ":       "at_most_once\nreconcile\nat_least_once\n:4\n",
		"route explain --class ": "otp\ntransactional\nmarketing\n:4\n",
		"resolve --as ":          "accepted\nnot_sent\n:4\n",
		"analyse --delimiter ":   "comma\nsemicolon\ntab\nnone\n:4\n",
		"analyse --charset ":     strings.Join(source.Charsets(), "\n") + "\n:4\n",
		"analyse --require ":     "gsm7\n:4\n",
		"conformance --format ":  "text\njson\njunit\nmarkdown\nbadge\n:4\n",
		"drivers ":               strings.Join(cli.Registry().Names(), "\n") + "\n:4\n",
		"send --file ":           ":0\n",
		"rates check ":           ":0\n",
	} {
		got := anysms(t, append([]string{"__complete"}, strings.Split(args, " ")...)...)
		assert.Equal(t, cli.ExitDone, got.code)
		assert.Equal(t, want, got.stdout, args)
	}
}

func TestMistypedCommandIsGuessed(t *testing.T) {
	got := anysms(t, "sned")
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, "send")
}

func TestWithoutArgumentsItTeaches(t *testing.T) {
	got := anysms(t)
	assert.Equal(t, cli.ExitDone, got.code)
	assert.Equal(t, anysms(t, "--help").stdout, got.stdout)
}

// The vendors' callbacks are listed, without their secrets.
func TestConfigCheckCallbacks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`providers:
  asked: {driver: rest, recipe: kannel, base_url: "http://127.0.0.1:9", username: foo, password: s3cretS3cret, callback_token: 0123456789abcdef}
  entered: {driver: rest, recipe: seven, base_url: "http://127.0.0.1:9", api_key: s3cretS3cret, signing_key: s1gningS1gning}
  none: {driver: rest, recipe: kannel, base_url: "http://127.0.0.1:9", username: foo, password: s3cretS3cret}
database: anysms.db
serve: {public_url: https://sms.example.com/gateway}
`), 0o600))
	got := anysms(t, "config", "check", "--config", path)
	require.Equal(t, 0, got.code, got.stderr)
	assert.Contains(t, got.stdout, "  callbacks of asked: the vendor is given https://sms.example.com/gateway/callbacks/asked/{token} with each message")
	assert.Contains(t, got.stdout, "  callbacks of entered: enter https://sms.example.com/gateway/callbacks/entered/{token} at the vendor")
	assert.NotContains(t, got.stdout, "callbacks of none")
	assert.NoFileExists(t, filepath.Join(filepath.Dir(path), "anysms.db"), "a check makes no database")

	got = anysms(t, "config", "check", "--config", path, "--format", "json")
	var report struct {
		Callbacks []struct {
			Provider, URL string
			Asked         bool
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &report))
	require.Len(t, report.Callbacks, 2)
	assert.True(t, report.Callbacks[0].Asked)
	assert.Equal(t, "https://sms.example.com/gateway/callbacks/entered/{token}", report.Callbacks[1].URL)
}

// A URL without a token is shown as it is, and what anybody can call is warned of, or refused.
func TestConfigCheckOpenCallbacks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.yaml")
	check := func(callbacks string) outcome {
		t.Helper()
		yaml := "providers:\n  fake: {driver: memory}\nserve:\n  public_url: https://sms.example.com\n  callbacks: {" + callbacks + "}\n"
		require.NoError(t, os.WriteFile(path, []byte(yaml), 0o600))
		return anysms(t, "config", "check", "--config", path)
	}
	got := check("fake: {token: false, from: [192.0.2.1]}")
	require.Equal(t, 0, got.code, got.stderr)
	assert.Contains(t, got.stdout, "  callbacks of fake: enter https://sms.example.com/callbacks/fake at the vendor\n")
	assert.NotContains(t, got.stdout, "warning")
	got = check("fake: {token: false, insecure_callbacks: true}")
	require.Equal(t, 0, got.code, got.stderr)
	assert.Contains(t, got.stdout, path+":5: serve.callbacks.fake.insecure_callbacks: warning: anybody who knows the gateway's address can report")
	got = check("fake: {token: false}")
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.stderr, path+":5: serve.callbacks.fake.token: false: anybody could report deliveries and replies")
	got = check("fkae: {token: false}")
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.stderr, path+`:5: serve.callbacks.fkae: unknown provider (did you mean "fake"?)`)
}
