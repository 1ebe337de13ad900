package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/rest"
)

func TestRecipeListAndShow(t *testing.T) {
	got := anysms(t, "recipe", "list")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	for _, name := range []string{"46elks", "transmitsms", "zoomconnect"} {
		assert.Contains(t, got.stdout, name+" ")
	}
	got = anysms(t, "recipe", "list", "--format", "json")
	var all []any
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &all))
	assert.Len(t, all, len(rest.Builtin()))

	got = anysms(t, "recipe", "show", "transmitsms")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, "TransmitSMS (Burst SMS, Kudosity V1) (experimental)\ncan: send status cancel balance")
	assert.Contains(t, got.stdout, "password        required  API secret")
	got = anysms(t, "recipe", "show", "nobody")
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, `unknown recipe "nobody"`)
}

func TestRecipeNewValidateTest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "acme.yaml")
	got := anysms(t, "recipe", "new", "acme", "--file", file)
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Equal(t, cli.ExitUsage, anysms(t, "recipe", "new", "acme", "--file", file).code, "an existing file is not overwritten")
	assert.Contains(t, anysms(t, "recipe", "validate", file).stdout, "is valid: recipe acme, 3 fixtures")
	got = anysms(t, "recipe", "test", file)
	assert.Equal(t, cli.ExitDone, got.code, got.stdout+got.stderr)
	assert.Contains(t, got.stdout, "acme: 3 of 3 fixtures passed\nacme: 6 codes tried, 0 wrong, 0 gaps\nacme: conformant: ")
	assert.Contains(t, got.stdout, " 0 failed")

	source, err := os.ReadFile(file)
	require.NoError(t, err)
	wrong := write(t, "wrong.yaml", strings.Replace(string(source), "id: id ", "id: nr ", 1))
	got = anysms(t, "recipe", "test", wrong, "--fixtures-only")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stdout, "FAIL accepted")
	short := write(t, "short.yaml", strings.Replace(string(source), "documented: [1000,", "documented: [999, 1000,", 1))
	got = anysms(t, "recipe", "test", short, "--fixtures-only")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stdout, "FAIL errors.codes: 999 is documented and has no row; add one, or say under left_out why not")
	broken := write(t, "broken.yaml", strings.Replace(string(source), "send:", "sent:", 1))
	got = anysms(t, "recipe", "validate", broken)
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, "broken.yaml:", "sent: unknown key")
}

func TestRecipeSendsThroughAConfiguration(t *testing.T) {
	config := write(t, "anysms.yaml", `providers:
  sydney: {driver: rest, recipe: transmitsms, username: u, password: p4ssw0rd}
router: {routes: [{name: all, providers: [sydney]}]}
`)
	got := anysms(t, "send", "--config", config, "--to", "+61491570156", "--text", "Hello", "--dry-run")
	assert.Equal(t, cli.ExitDone, got.code, got.stdout+got.stderr)
	wrong := write(t, "wrong.yaml", `providers:
  sydney: {driver: rest, recipe: transmitsms, user: u, password: p4ssw0rd}
router: {routes: [{name: all, providers: [sydney]}]}
`)
	got = anysms(t, "config", "check", "--config", wrong)
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, "unknown key")
}

func TestRecipeDiff(t *testing.T) {
	source, err := rest.Source("plivo")
	require.NoError(t, err)
	changed := strings.Replace(string(source), "20: {is: unavailable,", "20: {is: invalid_recipient,", 1)
	require.NotEqual(t, string(source), changed)
	file := write(t, "plivo.yaml", strings.Replace(changed, "      message_expiry: \"{validity}\"\n", "", 1))

	got := anysms(t, "recipe", "diff", "plivo", file)
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, "report_codes    20  undelivered, unavailable  undelivered, invalid_recipient  Network Error\n")
	assert.Contains(t, got.stdout, "lost: validity\n")
	assert.Contains(t, got.stdout, " codes tried, 1 difference\n")

	got = anysms(t, "recipe", "diff", "plivo", "plivo")
	assert.Contains(t, got.stdout, " codes tried, 0 differences\n")
	got = anysms(t, "recipe", "diff", "plivo", file, "--format", "json")
	var diff struct {
		Differences []map[string]string
		Lost        []string
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &diff))
	assert.Equal(t, []string{"validity"}, diff.Lost)
	assert.Equal(t, []map[string]string{{
		"table": "report_codes", "code": "20", "says": "Network Error", "source": "codes",
		"before": "undelivered, unavailable", "after": "undelivered, invalid_recipient",
	}}, diff.Differences)
}

// What was not run is no fault of the driver.
func TestInterruptedSuites(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	for _, args := range [][]string{{"recipe", "test", "twilio"}, {"conformance", "--recipe", "twilio"}, {"conformance", "--driver", "memory", "--format", "json"}} {
		var out, errOut strings.Builder
		assert.Equal(t, cli.ExitRefused, run(ctx, args, strings.NewReader(""), &out, &errOut), args)
		assert.Contains(t, errOut.String(), "interrupted; not all cases were run")
		assert.Empty(t, out.String())
	}
}
