package hook_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook"
	"github.com/anysms/anysms/provider"
)

func TestConfigurationErrors(t *testing.T) {
	ok := hook.Config{Name: "login", Preset: "logto", Token: token}
	for want, change := range map[string]func(*hook.Config){
		`[0].name: "` + strings.Repeat("x", 65) + `"; want 1 to 64 letters`:     func(c *hook.Config) { c.Name = strings.Repeat("x", 65) },
		`[0].name: "Login page"; want 1 to 64 letters`:                          func(c *hook.Config) { c.Name = "Login page" },
		`[0].preset: unknown preset "logtoo" (did you mean "logto"?); want one`: func(c *hook.Config) { c.Preset = "logtoo" },
		`[0].token: must not be empty: anybody could send`:                      func(c *hook.Config) { c.Token = "" },
		`[0].token: has 5 characters; want at least 16`:                         func(c *hook.Config) { c.Token = "short" },
		`[0].secret: logto signs nothing; want token`:                           func(c *hook.Config) { c.Secret = "x" },
		`[0].token: zitadel sends no token; want secret`:                        func(c *hook.Config) { c.Preset = "zitadel" },
		`[0].secret: must not be empty: anybody could send; want the signing`:   func(c *hook.Config) { c.Preset, c.Token = "zitadel", "" },
		`[0].secret: is not base64 after whsec_; want the hook's secret`:        func(c *hook.Config) { c.Preset, c.Token, c.Secret = "supabase", "", "v1,whsec_%%" },
		`[0].to: the payload names the recipient, in to; leave this out`:        func(c *hook.Config) { c.To = []string{"+306900000001"} },
		`[0].to: must not be empty: who gets the messages`:                      func(c *hook.Config) { c.Preset = "alertmanager" },
		`[0].to[0]: `:                                                              func(c *hook.Config) { c.Preset, c.To = "alertmanager", []string{"690"} },
		`[0].to[1]: duplicate number`:                                              func(c *hook.Config) { c.Preset, c.To = "grafana", []string{"+306900000001", "+306900000001"} },
		`[0].class: "codes"; want one of otp`:                                      func(c *hook.Config) { c.Class = "codes" },
		`[0].fields: only the preset generic has fields`:                           func(c *hook.Config) { c.Fields.To = "x" },
		`[0].to: want a list of numbers here, or fields.to`:                        func(c *hook.Config) { c.Preset = "generic" },
		`[0].template: want template or fields.text`:                               func(c *hook.Config) { c.Preset, c.Fields.To = "generic", "to" },
		`[0].fields.to: "a..b"; want names and indexes with dots`:                  func(c *hook.Config) { c.Preset, c.Template, c.Fields.To = "generic", "x", "a..b" },
		`[0].template: template:1:3: unknown function "env"; want one of and, eq,`: func(c *hook.Config) { c.Template = `{{env "HOME"}}` },
		`[0].template: define and block are not available`:                         func(c *hook.Config) { c.Template = `{{define "x"}}{{end}}y` },
		`[0].template: template:2: unclosed action`:                                func(c *hook.Config) { c.Template = "a\n{{.b" },
		`[0].repeat_within: 48h0m0s; want whole seconds, at most 24h`:              func(c *hook.Config) { c.RepeatWithin = new(provider.Duration(48 * time.Hour)) },
	} {
		c := ok
		change(&c)
		err := hook.Check([]hook.Config{c})
		require.Error(t, err, want)
		_, isConfig := errors.AsType[*provider.ConfigError](err)
		assert.True(t, isConfig)
		assert.Contains(t, err.Error(), want)
	}
	require.NoError(t, hook.Check([]hook.Config{ok}))
	assert.EqualError(t, hook.Check([]hook.Config{ok, ok}), `[1].name: duplicate hook name "login"`)
}
