package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const guarded = `providers:
  fake: {driver: memory}
rates: rates.csv
database: sms.db
guards:
  countries: {allow: [GR, US]}
  velocity: [{per: number, max: 2, window: 1h}]
  budgets: [{max: 0.30 EUR, per: month}]
  quiet_hours: [{from: "21:00", to: "08:00", classes: [marketing]}]
  pumping: {unverified: 3}
  senders: {rules: builtin}
`

// guardedConfig writes a configuration with guards, and returns its path.
func guardedConfig(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"anysms.yaml": guarded,
		"rates.csv":   "provider,country,price,currency\nfake,GR,0.04,EUR\nfake,US,0.01,EUR\nfake,FR,0.05,EUR\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return filepath.Join(dir, "anysms.yaml")
}

// TestGuardsOutliveTheProcess: what one run sends counts for the next, in the database.
func TestGuardsOutliveTheProcess(t *testing.T) {
	config := guardedConfig(t)
	send := func() outcome {
		return anysms(t, "send", "--config", config, "--to", "+306941234567", "--text", "hello")
	}
	assert.Equal(t, 0, send().code)
	explained := anysms(t, "route", "explain", "--config", config, "--to", "+306941234567", "--text", "hello")
	assert.Contains(t, explained.stdout, "1 used", explained.stderr)
	assert.Equal(t, 0, send().code)
	third := send()
	assert.Equal(t, 1, third.code)
	assert.Contains(t, third.stdout+third.stderr, "velocity: more than 2 messages to one number in 1h")
}

func TestGuardsAreExplained(t *testing.T) {
	config := guardedConfig(t)
	check := anysms(t, "config", "check", "--config", config)
	assert.Equal(t, 0, check.code, check.stderr)
	assert.Contains(t, check.stdout, "guard velocity: 2 messages to one number in 1h\n")
	explained := anysms(t, "route", "explain", "--config", config, "--to", "+33612345678", "--text", "hello")
	assert.Equal(t, 1, explained.code)
	assert.Contains(t, explained.stdout, "FR is not allowed")
	explained = anysms(t, "route", "explain", "--config", config, "--to", "+12125550123", "--from", "Shop", "--text", "hello")
	assert.Contains(t, explained.stdout, "US takes only numeric senders")
}

func TestRouteSimulate(t *testing.T) {
	config := guardedConfig(t)
	traffic := filepath.Join(filepath.Dir(config), "traffic.csv")
	require.NoError(t, os.WriteFile(traffic, []byte(`at,to,text,class,verified_at,from
2026-11-20T10:00:00Z,+306941234567,code 1,otp,2026-11-20T10:00:30Z,
2026-11-20T10:01:00Z,+306941234567,code 2,otp,,
2026-11-20T10:02:00Z,+306941234567,code 3,otp,,
2026-11-20T10:03:00Z,+33612345678,hello,,,
2026-11-20T10:03:30Z,+12125550123,hello,,,Shop
soon,+306941234567,hello,,,
2026-11-20T10:05:00Z,+306941200001,code,otp,,
2026-11-20T10:05:01Z,+306941200002,code,otp,,
2026-11-20T10:05:02Z,+306941200003,code,otp,,
2026-11-20T22:04:00Z,+306941234568,sale,marketing,,
`), 0o600))
	r := anysms(t, "route", "simulate", "--config", config, "--file", traffic, "--format", "json")
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Equal(t, "line 7: left out: column \"at\": got \"soon\"; want a time such as 2030-01-02T15:04:05Z\n", r.stderr)
	var report struct {
		Messages, Passed, Refused, Deferred int
		BadRows                             int `json:"bad_rows"`
		Complete                            bool
		Rules                               []struct {
			Guard, Verdict, Code string
			Messages             int
			FirstLine            int `json:"first_line"`
		}
		Countries []struct {
			Country  string
			Messages int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &report))
	assert.Equal(t, []int{9, 4, 4, 1, 1}, []int{report.Messages, report.Passed, report.Refused, report.Deferred, report.BadRows})
	assert.True(t, report.Complete)
	first := make(map[string]int)
	for _, rule := range report.Rules {
		first[rule.Guard+" "+rule.Verdict] = rule.FirstLine
	}
	assert.Equal(t, map[string]int{"velocity refuse": 4, "countries refuse": 5, "route refuse": 6, "pumping refuse": 10, "quiet_hours defer": 11}, first)

	table := anysms(t, "route", "simulate", "--config", config, "--file", traffic)
	assert.Contains(t, table.stdout, "9 messages: 4 would pass, 4 would be refused, 1 deferred\n1 row left out\n")
	again := anysms(t, "route", "simulate", "--config", config, "--file", traffic)
	assert.Equal(t, table.stdout, again.stdout, "nothing was counted")

	without := filepath.Join(filepath.Dir(config), "plain.yaml")
	require.NoError(t, os.WriteFile(without, []byte("providers: {fake: {driver: memory}}\n"), 0o600))
	r = anysms(t, "route", "simulate", "--config", without, "--file", traffic)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "has no guards to simulate")
}
