package settings_test

import (
	"cmp"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/drivers/builtin"
	"github.com/anysms/anysms/router/config"
)

const providers = "providers: {a: {driver: phonify, api_key: x}}\n"

const whole = `serve:
  listen: 0.0.0.0:8025
  public_url: https://sms.example.com
  tls: {cert_file: a.pem, key_file: b.pem}
  trusted_proxies: [10.0.0.0/8]
  keys:
    - {name: shop, key: "0123456789abcdef0123456789abcdef", scopes: [send, read], classes: [transactional], rate_limit: 50}
    - {name: ops, key_sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef, scopes: [admin, all]}
  webhooks:
    - {url: "https://shop.example.com/sms", secret: "${SECRET}", events: [delivered, received, optout.added], key: shop}
  hooks:
    - {name: login, preset: supabase, secret: "v1,${SECRET}", class: otp}
`

func read(t *testing.T, yaml string) (*settings.Serve, error) {
	t.Helper()
	var s settings.Serve
	opts := &config.Options{Serve: &s, Getenv: func(string) (string, bool) { return "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", true }}
	c, err := config.Read(t.Context(), strings.NewReader(providers+yaml), "anysms.yaml", ".", builtin.Registry(), opts)
	if err != nil {
		return nil, err
	}
	return &s, c.Close()
}

func TestRead(t *testing.T) {
	s, err := read(t, whole)
	require.NoError(t, err)
	assert.False(t, s.Loopback())
	assert.Equal(t, "0.0.0.0:8025", s.Address())
	assert.Equal(t, "10.0.0.0/8", s.TrustedProxies[0].String())
	assert.InDelta(t, 50, s.Keys[0].RateLimit, 0)
	secret, err := settings.WebhookSecret(s.Webhooks[0].Secret)
	require.NoError(t, err)
	assert.Equal(t, "0123456789abcdef0123456789abcdef", string(secret))

	for _, yaml := range []string{"", "serve:\n", "serve: {}\n", "serve: {listen: \"[::1]:80\"}\n", "serve: {listen: \"localhost:80\"}\n"} {
		s, err = read(t, yaml)
		require.NoError(t, err, yaml)
		assert.True(t, s.Loopback(), yaml)
	}
}

// TestPlaceholders reads a section whose secrets are not there, as commands do that serve nothing.
func TestPlaceholders(t *testing.T) {
	yaml := strings.NewReplacer(`"0123456789abcdef0123456789abcdef", scopes: [send`, `"${KEY}", scopes: [send`).Replace(whole) +
		"    - {name: alerts, preset: alertmanager, token: \"${T}\", to: [\"+306900000001\"]}\n"
	require.Contains(t, yaml, "${KEY}")
	for _, placeholder := range []string{"UNSET_", ""} {
		s := settings.Serve{Placeholder: placeholder}
		opts := &config.Options{Serve: &s, Getenv: func(name string) (string, bool) { return "UNSET_" + name, true }}
		c, err := config.Read(t.Context(), strings.NewReader(providers+yaml), "anysms.yaml", ".", builtin.Registry(), opts)
		if placeholder == "" {
			require.ErrorContains(t, err, "serve.keys[0].key: has 9 characters")
			continue
		}
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
	s := settings.Serve{Placeholder: "UNSET_", Webhooks: []settings.Webhook{{URL: "https://shop.example.com", Secret: "short"}}}
	require.ErrorContains(t, s.Check(), "webhooks[0].secret: has 5 bytes", "a secret that is there is checked")
}

func TestMistakes(t *testing.T) {
	key := func(rest string) string { return "serve:\n  keys:\n    - {name: shop, " + rest + "}\n" }
	const good = `key: "0123456789abcdef0123456789abcdef"`
	for name, c := range map[string]struct{ yaml, want string }{
		"unknown setting":     {"serve:\n  listn: x\n", `anysms.yaml:3: serve.listn: unknown key (did you mean "listen"?)`},
		"open without keys":   {"serve:\n  listen: 0.0.0.0:80\n", `anysms.yaml:3: serve.listen: 0.0.0.0:80 can be reached from other machines; want keys`},
		"every address":       {"serve: {listen: \":80\"}\n", `anysms.yaml:2: serve.listen: :80 can be reached from other machines`},
		"address":             {"serve: {listen: localhost}\n", `serve.listen: "localhost"; want host:port, such as 127.0.0.1:8025`},
		"port":                {"serve: {listen: \"localhost:http\"}\n", `serve.listen: port "http"; want 0 to 65535`},
		"public URL":          {"serve: {public_url: sms.example.com}\n", `serve.public_url: want an https:// or http:// URL`},
		"half of TLS":         {"serve: {tls: {cert_file: a}}\n", `serve.tls: want both cert_file and key_file`},
		"connections":         {"serve: {max_connections: -1}\n", `serve.max_connections: -1; want a positive number, or 0 for 10000`},
		"proxy":               {"serve: {trusted_proxies: [x]}\n", `anysms.yaml:2: serve.trusted_proxies[0]`},
		"proxy everywhere":    {"serve: {trusted_proxies: [0.0.0.0/0]}\n", `serve.trusted_proxies[0]: "0.0.0.0/0" is every address; want a network such as`},
		"not a network":       {"serve: {trusted_proxies: [10.0.0.5/8]}\n", `serve.trusted_proxies[0]: "10.0.0.5/8" is not the first address of a network; want 10.0.0.0/8, or 10.0.0.5 alone`},
		"callbacks from":      {"serve:\n  callbacks:\n    a:\n      from: [192.0.2.1, vendor.example]\n", `anysms.yaml:5: serve.callbacks.a.from[1]: "vendor.example"; want an address such as 203.0.113.7`},
		"mapped network":      {"serve: {callbacks: {a: {from: [\"::ffff:192.0.2.0/120\"]}}}\n", `serve.callbacks.a.from[0]: "::ffff:192.0.2.0/120"; want a network such as 203.0.113.0/24`},
		"zone":                {"serve: {callbacks: {a: {from: [\"fe80::1%eth0\"]}}}\n", `serve.callbacks.a.from[0]: "fe80::1%eth0"; want an address`},
		"from nowhere":        {"serve: {callbacks: {a: {from: []}}}\n", `serve.callbacks.a.from: must not be empty; want the vendor's addresses`},
		"from nothing":        {"serve: {callbacks: {a: {from: [null]}}}\n", `serve.callbacks.a.from[0]: must not be empty`},
		"callbacks setting":   {"serve: {callbacks: {a: {form: [192.0.2.1]}}}\n", `serve.callbacks.a.form: unknown key (did you mean "from"?)`},
		"callbacks token":     {"serve: {callbacks: {a: {token: s3cret}}}\n", `serve.callbacks.a.token: got a string, want bool`},
		"insecure, token":     {"serve: {callbacks: {a: {insecure_callbacks: true}}}\n", `serve.callbacks.a.insecure_callbacks: has no effect, as the URL has a token; remove it, or set token: false`},
		"insecure, from":      {"serve: {callbacks: {a: {token: false, from: [192.0.2.1], insecure_callbacks: true}}}\n", `serve.callbacks.a.insecure_callbacks: has no effect, as from says`},
		"long key name":       {"serve: {keys: [{name: " + strings.Repeat("x", 65) + ", " + good + ", scopes: [send]}]}\n", `x"; want 1 to 64 letters`},
		"key name":            {"serve: {keys: [{name: \"a b\", " + good + ", scopes: [send]}]}\n", `serve.keys[0].name: "a b"; want 1 to 64 letters`},
		"no key":              {key("scopes: [send]"), `anysms.yaml:4: serve.keys[0]: want key or key_sha256`},
		"short key":           {key("key: secret, scopes: [send]"), `anysms.yaml:4: serve.keys[0].key: has 6 characters; want at least 32`},
		"key with a space":    {key("key: \"0123456789abcdef 0123456789abcdef\", scopes: [send]"), `serve.keys[0].key: has characters that a header cannot carry`},
		"hash":                {key("key_sha256: abc, scopes: [send]"), `serve.keys[0].key_sha256: want 64 hexadecimal digits`},
		"no scopes":           {key(good), `serve.keys[0].scopes: must not be empty; want some of send, read, optouts, admin, all`},
		"scope":               {key(good + ", scopes: [snd]"), `serve.keys[0].scopes[0]: "snd" (did you mean "send"?); want one of send, read`},
		"class":               {key(good + ", scopes: [send], classes: [codes]"), `serve.keys[0].classes[0]: "codes"; want one of otp, transactional, marketing`},
		"rate":                {key(good + ", scopes: [send], rate_limit: -1"), `serve.keys[0].rate_limit: -1; want messages per second`},
		"same key name":       {key(good+", scopes: [send]") + "    - {name: shop, " + good + ", scopes: [read]}\n", `anysms.yaml:5: serve.keys[1].name: duplicate key name "shop"`},
		"webhook URL":         {"serve: {webhooks: [{url: x, secret: \"${S}\"}]}\n", `serve.webhooks[0].url: want an https:// or http:// URL`},
		"webhook secret":      {"serve: {webhooks: [{url: \"https://a\", secret: short}]}\n", `serve.webhooks[0].secret: has 5 bytes; want at least 24`},
		"webhook base64":      {"serve: {webhooks: [{url: \"https://a\", secret: whsec_!}]}\n", `serve.webhooks[0].secret: want base64 after whsec_`},
		"webhook event":       {"serve: {webhooks: [{url: \"https://a\", secret: \"${S}\", events: [recieved]}]}\n", `serve.webhooks[0].events[0]: "recieved" (did you mean "received"?)`},
		"webhook key":         {"serve: {webhooks: [{url: \"https://a\", secret: \"${S}\", key: shop}]}\n", `serve.webhooks[0].key: unknown key "shop"`},
		"hook without preset": {"serve: {hooks: [{name: login}]}\n", `serve.hooks[0].preset: must not be empty`},
		"hook name":           {"serve: {hooks: [{name: a/b, preset: x}]}\n", `serve.hooks[0].name: "a/b"`},
		"hook secret":         {"serve:\n  hooks:\n    - name: login\n      preset: supabase\n      secret: whsec_%\n", `anysms.yaml:6: serve.hooks[0].secret: is not base64 after whsec_`},
		"hook recipients":     {"serve: {hooks: [{name: a, preset: grafana, token: 0123456789abcdef, to: [\"690\"]}]}\n", `serve.hooks[0].to[0]: `},
		"hook key":            {"serve: {hooks: [{name: a, preset: grafana, tokn: x}]}\n", `serve.hooks[0].tokn: unknown key (did you mean "token"?)`},
		"hook class":          {"serve: {hooks: [{name: a, preset: logto, token: 0123456789abcdef, class: y}]}\n", `serve.hooks[0].class: "y"; want one of otp`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, c.yaml)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// TestEndpoints checks what needs the providers.
func TestEndpoints(t *testing.T) {
	const (
		top   = "providers:\n  unsigned: {driver: memory}\n  signed: {driver: memory, callback_secret: s3cret}\n  without: {driver: phonify, api_key: x}\nserve:\n  callbacks:\n"
		first = "anysms.yaml:7: serve.callbacks."
	)
	for name, c := range map[string]struct{ yaml, want string }{
		"nothing":    {"    {}", ""},
		"addresses":  {"    unsigned: {from: [192.0.2.1]}", ""},
		"no token":   {"    unsigned: {from: [192.0.2.1], token: false}", ""},
		"verified":   {"    signed: {token: false}", ""},
		"asked for":  {"    unsigned: {token: false, insecure_callbacks: true}", ""},
		"open":       {"    unsigned: {token: false}", first + "unsigned.token: false: anybody could report deliveries and replies"},
		"unknown":    {"    unsinged: {from: [192.0.2.1]}", first + `unsinged: unknown provider (did you mean "unsigned"?); want one of unsigned, signed, without`},
		"no reports": {"    without: {from: [192.0.2.1]}", first + "without: has no effect: the provider takes no callbacks"},
	} {
		t.Run(name, func(t *testing.T) {
			var s settings.Serve
			conf, err := config.Read(t.Context(), strings.NewReader(top+c.yaml+"\n"), "anysms.yaml", ".", builtin.Registry(), &config.Options{Serve: &s})
			require.NoError(t, err)
			defer conf.Close()
			list, err := s.Endpoints(t.Context(), conf)
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			require.Len(t, list, 2)
			assert.Equal(t, "unsigned", list[0].Name)
			assert.Equal(t, "signed", list[1].Name)
			warnings := s.Warnings(conf)
			assert.Equal(t, name == "asked for", len(warnings) == 1, warnings)
		})
	}
}

// TestExampleOfHooks reads examples/hooks/anysms.yaml.
func TestExampleOfHooks(t *testing.T) {
	secrets := map[string]string{"SUPABASE_HOOK_SECRET": "v1,whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
	var s settings.Serve
	opts := &config.Options{Serve: &s, Getenv: func(name string) (string, bool) { return cmp.Or(secrets[name], "0123456789abcdef"), true }}
	c, err := config.Load(t.Context(), "../../../../../examples/hooks/anysms.yaml", builtin.Registry(), opts)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	var presets []string
	for _, h := range s.Hooks {
		presets = append(presets, h.Preset)
		_, err := os.Stat("../../../../../examples/hooks/" + h.Preset + ".md")
		require.NoError(t, err)
	}
	assert.ElementsMatch(t, hook.Presets(), presets)
}
