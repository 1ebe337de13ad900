package cli_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// Machines without a common database share counters and the rates of senders in a Redis.
func TestGuardsCountInRedis(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireAuth("secret")
	t.Setenv("REDIS_PASSWORD", "secret")
	path := filepath.Join(t.TempDir(), "anysms.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`providers: {fake: {driver: memory}}
guards:
  counters: "redis://:${REDIS_PASSWORD}@`+server.Addr()+`"
  counters_key: 0123456789abcdef
  velocity: [{per: number, max: 1, window: 1h}]
  senders: {choose: [{from: [Shop], rate: 0.01}]}
`), 0o600))
	flag := cli.ConfigFlag{Path: path}
	send := func(to string) error { // each on a machine of its own
		conf, err := flag.Load(t.Context())
		require.NoError(t, err)
		defer func() { assert.NoError(t, conf.Close()) }()
		_, err = conf.Router().Send(t.Context(), &provider.Message{To: e164.MustParse(to), Text: "hello"})
		return err
	}
	require.NoError(t, send("+306941234567"))
	for _, key := range server.Keys() {
		assert.NotContains(t, key, "6941234567")
	}
	assert.ErrorContains(t, send("+306941234567"), "velocity: more than 1 messages to one number in 1h")
	assert.ErrorContains(t, send("+306941234568"), "the sender is at its segment rate")

	server.Close()
	err := send("+306941234569")
	require.ErrorContains(t, err, "the counters cannot be reached")
	assert.NotContains(t, err.Error(), "secret")

	require.NoError(t, os.Unsetenv("REDIS_PASSWORD"))
	conf, unset, err := flag.LoadOffline(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"REDIS_PASSWORD"}, unset)
	require.NoError(t, conf.Close())
}
