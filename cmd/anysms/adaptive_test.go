package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// route explain knows from the ledger what an adaptive route has learned, and why.
func TestExplainAdaptiveRoute(t *testing.T) {
	conf := write(t, "anysms.yaml", `
providers:
  athens: {driver: memory}
  usa: {driver: memory}
database: anysms.db
router:
  adaptive: {min_sample: 20}
  routes:
    - {name: all, strategy: adaptive, providers: [athens, usa]}
`)
	database := filepath.Join(filepath.Dir(conf), "anysms.db")
	explain := func() string {
		t.Helper()
		got := anysms(t, "route", "explain", "--config", conf, "--to", number, "--text", "Hello")
		require.Equal(t, cli.ExitDone, got.code, got.stderr)
		return got.stdout
	}
	assert.Regexp(t, `1\.\s+athens\s+2\.\s+usa`, explain())
	assert.NoFileExists(t, database, "a command that only looks makes no database")

	failEach(t, database, 60)
	assert.Regexp(t, `1\.\s+usa\s+100% accepted of 60 attempts\s+2\.\s+athens\s+rests: 0% accepted; usa has 100% accepted`, explain())
}

// failEach records messages that athens has refused for now and usa has taken.
func failEach(t *testing.T, database string, messages int) {
	t.Helper()
	l, err := sqlite.Open(t.Context(), database, ledger.Options{})
	require.NoError(t, err)
	defer l.Close()
	athens, err := memory.New(memory.Config{Code: provider.Unavailable})
	require.NoError(t, err)
	usa, err := memory.New(memory.Config{})
	require.NoError(t, err)
	r, err := router.New([]router.Upstream{{Name: "athens", Provider: athens, RateLimit: -1}, {Name: "usa", Provider: usa, RateLimit: -1}}, &router.Options{
		Store: l, Journal: l, Breaker: router.Breaker{Failures: 1000, Ratio: -1}, Retry: router.Retry{MaxAttempts: 1},
	})
	require.NoError(t, err)
	defer r.Close(t.Context())
	for range messages {
		_, err := r.Send(t.Context(), &provider.Message{To: e164.MustParse(number), Text: "Hello"})
		require.NoError(t, err)
	}
}
