package config_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/builtin"
	"github.com/anysms/anysms/router/config"
)

func TestWarningsOfSecrets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	t.Setenv("API_KEY", "from outside")
	path := filepath.Join(t.TempDir(), "anysms.yaml")
	source := `providers:
  a: {driver: phonify, api_key: plain}
  b: {driver: phonify, api_key: "${API_KEY}"}
  c:
    driver: rest
    recipe: twilio
    account_sid: AC00000000000000000000000000000000
    auth_token: plain
guards:
  counters: redis://redis.example.com:6379
  counters_key: plain plain plain
  velocity: [{per: number, max: 1, window: 1h}]
`
	warned := func(mode os.FileMode) (at []string) {
		require.NoError(t, os.WriteFile(path, []byte(source), 0o600))
		require.NoError(t, os.Chmod(path, mode))
		c, err := config.Load(t.Context(), path, builtin.Registry(), nil)
		require.NoError(t, err)
		defer c.Close()
		for _, w := range c.Warnings() {
			assert.NotZero(t, w.Line)
			assert.NotContains(t, w.Reason, "plain")
			assert.Contains(t, w.Reason, "chmod 600")
			at = append(at, w.Path)
		}
		return at
	}
	assert.Equal(t, []string{"providers.a.api_key", "providers.c.auth_token", "guards.counters_key"}, warned(0o644))
	assert.Equal(t, []string{"providers.a.api_key", "providers.c.auth_token", "guards.counters_key"}, warned(0o640))
	assert.Empty(t, warned(0o600))
}

// A password in the address of a server is a secret too.
func TestWarningsOfPasswordsInURLs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	t.Setenv("PW", "from-outside")
	const (
		database = "database: "
		counters = "guards:\n  velocity: [{per: number, max: 1, window: 1h}]\n  counters: "
	)
	for _, c := range []struct{ yaml, warned string }{
		{database + "postgres://anysms:plain@db.example.com/sms?sslmode=verify-full", "database"},
		{database + "postgresql://anysms@db.example.com/sms?sslmode=verify-full&password=plain", "database"},
		{database + "postgres://anysms:plain@${PW}/sms", "database"},
		{database + "'postgres://anysms:${PW}@db.example.com/sms'", ""},
		{database + "'postgres://anysms@db.example.com/sms?password=${PW}'", ""},
		{database + "postgres://anysms@db.example.com/sms", ""},
		{database + "postgres://anysms@[2001:db8::1]:5432/sms", ""},
		{database + "postgres://db.example.com:5432/sms?application_name=a@b", ""},
		{database + "anysms.db", ""},
		{database + "'${PW}'", ""},
		{counters + "redis://:plain@redis.example.com:6379/0", "guards.counters"},
		{counters + "rediss://user:plain@redis.example.com:6379", "guards.counters"},
		{counters + "'redis://:${PW}@redis.example.com:6379/0'", ""},
		{counters + "redis://redis.example.com:6379/0", ""},
	} {
		t.Run(c.yaml, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "anysms.yaml")
			require.NoError(t, os.WriteFile(path, []byte("providers:\n  a: {driver: memory}\n"+c.yaml+"\n"), 0o600))
			for _, mode := range []os.FileMode{0o644, 0o600} {
				require.NoError(t, os.Chmod(path, mode))
				conf, err := config.Load(t.Context(), path, builtin.Registry(), nil)
				require.NoError(t, err)
				defer conf.Close()
				warnings := conf.Warnings()
				if mode == 0o600 || c.warned == "" {
					assert.Empty(t, warnings)
					continue
				}
				require.Len(t, warnings, 1)
				assert.Equal(t, c.warned, warnings[0].Path)
				assert.NotZero(t, warnings[0].Line)
				assert.Contains(t, warnings[0].Reason, "a secret in a file that other users can access (mode 0644); want chmod 600, or ${VARIABLE}")
				assert.NotContains(t, warnings[0].Reason, "plain")
			}
		})
	}
}

func TestUnknownNamesHaveSuggestions(t *testing.T) {
	for source, want := range map[string]string{
		"providers:\n  a: {driver: phonify, api_kei: x}\n":                               `unknown key (did you mean "api_key"?)`,
		"providers:\n  a: {driver: phonify, api_key: x, rate_limt: 5}\n":                 `unknown key (did you mean "rate_limit"?)`,
		"providers:\n  a: {driver: phonfy, api_key: x}\n":                                `unknown driver "phonfy" (did you mean "phonify"?)`,
		"providers:\n  a: {driver: rest, recipe: twillio}\n":                             `unknown recipe "twillio" (did you mean "twilio"?)`,
		"providers:\n  a: {driver: phonify, api_key: x}\nroutr: {}\n":                    `unknown key (did you mean "router"?)`,
		"providers:\n  a: {driver: phonify, api_key: x}\nrouter: {default_regoin: GR}\n": `unknown key (did you mean "default_region"?)`,
	} {
		path := filepath.Join(t.TempDir(), "anysms.yaml")
		require.NoError(t, os.WriteFile(path, []byte(source), 0o600))
		_, err := config.Load(t.Context(), path, builtin.Registry(), nil)
		require.ErrorContains(t, err, want, source)
	}
}
