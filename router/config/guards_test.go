package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/config"
)

const vendorAndRates = `providers:
  athens: {driver: memory}
rates: rates.csv
database: anysms.db
`

// readGuards reads a configuration whose guards begin in line 6.
func readGuards(t *testing.T, guards string) (*config.Config, error) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rates.csv"), []byte("provider,country,price,currency\nathens,GR,0.04,EUR\nathens,FR,0.05,EUR\n"), 0o600))
	path := filepath.Join(dir, "anysms.yaml")
	require.NoError(t, os.WriteFile(path, []byte(vendorAndRates+"guards:\n"+guards), 0o600))
	c, err := config.Load(t.Context(), path, registry(t, nil), &config.Options{Getenv: env})
	if err == nil {
		t.Cleanup(func() { assert.NoError(t, c.Close()) })
	}
	if wrong, ok := errors.AsType[*config.Error](err); ok {
		wrong.File = "anysms.yaml"
	}
	return c, err
}

func TestGuards(t *testing.T) {
	c, err := readGuards(t, `
  on_error: send
  keep: 100h
  optouts: {exempt: [otp]}
  countries: {allow: [GR, FR], deny: [CY]}
  velocity:
    - {per: number, max: 2, window: 1h, classes: [otp]}
    - {per: client, max: 1000, window: 24h, clients: [shop]}
  repeats: {window: 60s}
  budgets:
    - {max: 0.1 EUR, per: day, zone: Europe/Athens}
    - {max: 1000 segments, per: month, each: country, warn: 0.5}
  quiet_hours:
    - {from: "21:00", to: "08:00", classes: [marketing], days: [Monday, sunday], zone: Europe/Athens}
  pumping: {min_ratio: 0.3, unverified: 20, digits: 4, window: 2h, action: alarm}
  senders:
    choose:
      - {countries: [GR], from: [Shop]}
      - {from: [+12025550101, "+12025550102"], rate: 1}
    rules: builtin
    registered: {GR: [Shop]}
`)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"countries: only GR, FR; not CY",
		"quiet_hours: 21:00 to 08:00 on Monday, Sunday of the recipient's time (class marketing)",
		"velocity: 2 messages to one number in 1h (class otp)",
		"velocity: 1000 messages from one client in 24h (client shop)",
		"repeats: the same text to the same number once in 1m",
		"pumping: 20 codes to numbers that differ in the last 4 digits, with fewer than 30 % verified, in 2h; only announced",
		"budgets: 0.1 EUR per day",
		"budgets: 1000 segments per month for each country",
	}, c.Guards.Rules()[:8])
	assert.Contains(t, c.Guards.Rules()[8], "senders: Shop (country GR); +12025550101, +12025550102 at 1 segments/s")
	assert.Equal(t, []provider.Class{provider.OTP}, c.Ledger.Options.OptOutExempt)
	assert.Same(t, c.Guards, c.Options.Guard)
	m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "hello"}
	for i := range 3 {
		res, err := c.Router().Send(t.Context(), m)
		if i == 0 {
			require.NoError(t, err)
		}
		if i == 1 {
			require.ErrorIs(t, err, provider.Rejected, res.Message)
		}
		m.Text = "hello"
	}
	p := c.Router().Plan(&provider.Message{To: e164.MustParse("+4915112345678"), Text: "hello"})
	assert.Equal(t, "countries: DE is not allowed", p.Message)
}

func TestGuardsInTheDatabase(t *testing.T) {
	for counters, want := range map[string]bool{"": true, "  counters: database\n": true, "  counters: memory\n": false} {
		c, err := readGuards(t, counters+"  velocity: [{per: number, max: 1, window: 1h}]\n")
		require.NoError(t, err)
		assert.Equal(t, want, c.CountInDatabase)
	}
}

func TestGuardsInRedis(t *testing.T) {
	c, err := readGuards(t, "  counters: rediss://:pass@redis.example.com:6380/1\n  counters_key: 0123456789abcdef\n  velocity: [{per: number, max: 1, window: 1h}]\n")
	require.NoError(t, err)
	assert.False(t, c.CountInDatabase)
	assert.Equal(t, config.Redis{URL: "rediss://:pass@redis.example.com:6380/1", Key: "0123456789abcdef"}, c.CountInRedis)
	shown, err := json.Marshal(c.CountInRedis)
	require.NoError(t, err)
	for _, s := range []string{fmt.Sprintf("%v %+v %#v", c.CountInRedis, c.CountInRedis, c.CountInRedis), string(shown)} {
		assert.NotContains(t, s, "pass")
		assert.NotContains(t, s, "0123456789abcdef")
	}
	ended := 0
	c.OnClose(func() error { ended++; return errors.New("broken pipe") })
	require.ErrorContains(t, c.Release(), "broken pipe")
	assert.Equal(t, 1, ended)
	require.NoError(t, c.Close())
	assert.Equal(t, 1, ended, "once")
}

// Senders are checked for the countries that the configuration names.
func TestSenderWarnings(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "own.csv"), []byte("country,alphanumeric,registration,source,date\nUS,no,no,https://example.com/us,2026-11-21\n"+
		"CY,yes,yes,https://example.com/cy,2026-11-21\nGR,yes,no,https://example.com/gr,2026-11-21\n"), 0o600))
	path := filepath.Join(dir, "anysms.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`providers:
  a: {driver: memory, sender: Shop}
  b: {driver: memory, sender: "+12025550101"}
  c: {driver: memory, sender: vendor}
router:
  routes:
    - {name: america, match: {countries: [US]}, providers: [b, {name: a, sender: Example}]}
    - {name: others, match: {countries: [GR, CY]}, providers: [a, c]}
guards:
  countries: {allow: [GR, CY, US]}
  senders:
    rules: own.csv
    registered: {CY: [Listed]}
    choose:
      - {countries: [CY], from: [Listed, Unlisted]}
      - {classes: [otp], from: ["+12025550101", Code]}
      - {countries: [US], from: ["+12025550101"]}
      - {from: [Last]}
`), 0o600))
	c, err := config.Load(t.Context(), path, registry(t, nil), nil)
	require.NoError(t, err)
	var got []string
	for _, w := range c.Warnings() {
		got = append(got, fmt.Sprintf("%d %s: %s", w.Line, w.Path, w.Reason))
	}
	assert.ElementsMatch(t, []string{
		`2 providers.a.sender: "Shop": CY wants names registered, and this one is not listed as registered (https://example.com/cy, 2026-11-21)`,
		`7 router.routes[0].providers[1].sender: "Example": US takes only numeric senders (https://example.com/us, 2026-11-21)`,
		`15 guards.senders.choose[0].from: "Unlisted": CY wants names registered, and this one is not listed as registered (https://example.com/cy, 2026-11-21)`,
		`16 guards.senders.choose[1].from: "Code": US takes only numeric senders (https://example.com/us, 2026-11-21)`,
	}, got)
}

func TestGuardMistakes(t *testing.T) {
	for _, c := range []struct{ guards, want string }{
		{"  velocty: []", `anysms.yaml:6: guards.velocty: unknown key (did you mean "velocity"?); want one of budgets, counters, counters_key, countries, keep, max_keys, on_error, optouts, pumping, quiet_hours, repeats, senders, velocity`},
		{"  velocity:\n    - {per: hour, max: 1, window: 1h}", `anysms.yaml:7: guards.velocity[0].per: "hour"; want number, block, country or client`},
		{"  velocity:\n    - {per: number, max: 1, window: 1h, clases: [otp]}", `anysms.yaml:7: guards.velocity[0].clases: unknown key (did you mean "classes"?); want one of classes, clients, countries, max, per, tags, window`},
		{"  velocity:\n    - {per: number, max: 1, window: 1h, classes: [sms]}", `anysms.yaml:7: guards.velocity[0].classes: "sms"; want otp, transactional or marketing`},
		{"  countries: {allow: [Greece]}", `anysms.yaml:6: guards.countries.allow: unknown country "Greece"; want an ISO 3166 code such as GR`},
		{"  repeats: {}", `anysms.yaml:6: guards.repeats.window: is missing; want a duration such as 60s`},
		{"  budgets:\n    - {max: 50, per: day}", `anysms.yaml:7: guards.budgets[0].max: "50"; want an amount such as 50 EUR, or a number such as 10000 segments`},
		{"  budgets:\n    - {max: 50 USD, per: day}", `anysms.yaml:7: guards.budgets[0].max: provider athens has prices in EUR, and there is no rate from EUR to USD; set currency_rates for both`},
		{"  budgets:\n    - {max: 50 EUR, per: week}", `anysms.yaml:7: guards.budgets[0].per: "week"; want day or month`},
		{"  budgets:\n    - {max: 50 EUR, per: day, zone: Athens}", `anysms.yaml:7: guards.budgets[0].zone: unknown time zone "Athens"; want a name such as Europe/Athens`},
		{"  quiet_hours:\n    - {from: 9pm, to: \"08:00\"}", `anysms.yaml:7: guards.quiet_hours[0].from: "9pm" is not a time of day such as 21:30`},
		{"  quiet_hours:\n    - {from: \"21:00\", to: \"08:00\", days: [sun]}", `anysms.yaml:7: guards.quiet_hours[0].days: unknown day "sun"; want monday, tuesday …`},
		{"  pumping: {action: panic}", `anysms.yaml:6: guards.pumping.action: "panic"; want stop or alarm`},
		{"  counters: redis", `anysms.yaml:6: guards.counters: "redis"; want memory, database or redis://…`},
		{"  counters: mysql://user:secret@host", `anysms.yaml:6: guards.counters: mysql:// is not supported; want memory, database or redis://…`},
		{"  counters: \"redis://:secret@\"", `anysms.yaml:6: guards.counters: is not an address such as redis://:password@redis.example.com:6379/0`},
		{"  counters: redis://localhost\n  counters_key: short", `anysms.yaml:7: guards.counters_key: has 5 characters; want at least 16, the same on all machines`},
		{"  counters_key: 0123456789abcdef", `anysms.yaml:6: guards.counters_key: has no effect without counters: redis://…`},
		{"  counters: redis://localhost\n  max_keys: 5", `anysms.yaml:7: guards.max_keys: has no effect, as the counters are not in memory; set counters: memory`},
		{"  on_error: open", `anysms.yaml:6: guards.on_error: "open"; want refuse or send`},
		{"  senders:\n    choose:\n      - {countries: [GR]}", `anysms.yaml:8: guards.senders.choose[0].from: must not be empty; want a sender or a list of them`},
		{"  senders: {require_registration: true}", `anysms.yaml:6: guards.senders.require_registration: has no effect without rules`},
	} {
		_, err := readGuards(t, c.guards+"\n")
		assert.EqualError(t, err, c.want)
	}
	_, err := read(t, "providers: {a: {driver: memory}}\nguards: {counters: database}\n", nil)
	assert.EqualError(t, err, "anysms.yaml:2: guards.counters: database needs database: a file name, such as anysms.db, or postgres://…")
	_, err = read(t, "providers: {a: {driver: memory}}\nguards: {budgets: [{max: 1 EUR, per: day}]}\n", nil)
	assert.EqualError(t, err, "anysms.yaml:2: guards.budgets[0].max: a budget in EUR needs rates: a rate card with what a segment costs")
}

func TestOwnSenderRules(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "own.csv"), []byte("country,alphanumeric,registration,source,date\nGR,no,no,https://example.com,2026-11-21\n"), 0o600))
	path := filepath.Join(dir, "anysms.yaml")
	require.NoError(t, os.WriteFile(path, []byte("providers: {a: {driver: memory}}\nguards: {senders: {rules: own.csv}}\n"), 0o600))
	c, err := config.Load(t.Context(), path, registry(t, nil), nil)
	require.NoError(t, err)
	defer c.Close()
	p := c.Router().Plan(&provider.Message{To: e164.MustParse("+306941234567"), Text: "hello", From: "Shop"})
	assert.Equal(t, "GR takes only numeric senders", p.Candidates[0].Reason)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "own.csv"), []byte("country,alphanumeric,registration,source,date\nGR,no,,https://example.com,2026-11-21\n"), 0o600))
	_, err = config.Load(t.Context(), path, registry(t, nil), nil)
	require.ErrorContains(t, err, "own.csv:2: registration: must not be empty: a rule is whole or not there")
}

// TestGuardsDocument loads the configuration of docs/guards.md, and looks for its Go code
// in the example, which is compiled and run.
func TestGuardsDocument(t *testing.T) {
	t.Setenv("REDIS_PASSWORD", "secret")
	t.Setenv("COUNTERS_KEY", "0123456789abcdef")
	page, err := os.ReadFile("../../docs/guards.md")
	require.NoError(t, err)
	example, err := os.ReadFile("../guard/example_test.go")
	require.NoError(t, err)
	words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	yaml, code := 0, 0
	for block := range strings.SplitSeq(string(page), "\n```") {
		kind, body, _ := strings.Cut(block, "\n")
		switch kind {
		case "yaml":
			yaml++
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "rates.csv"), []byte("provider,country,price,currency\nathens,GR,0.04,EUR\n"), 0o600))
			path := filepath.Join(dir, "anysms.yaml")
			require.NoError(t, os.WriteFile(path, []byte(body), 0o600))
			c, err := config.Load(t.Context(), path, registry(t, nil), nil)
			require.NoError(t, err)
			assert.Empty(t, c.Warnings())
			require.NoError(t, c.Close())
		case "go":
			code++
			assert.Contains(t, words(string(example)), words(body))
		}
	}
	assert.Equal(t, []int{2, 3}, []int{yaml, code})
}
