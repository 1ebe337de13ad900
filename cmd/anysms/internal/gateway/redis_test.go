package gateway_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// After a reload nothing is connected to the Redis of the configuration before.
func TestReloadLeavesTheOldRedis(t *testing.T) {
	l := open(t, "{keys: ["+key("shop", "scopes: [send, read]")+"]}")
	conf, err := os.ReadFile(l.path)
	require.NoError(t, err)
	var servers []*miniredis.Miniredis
	for i := range 3 {
		server := miniredis.RunT(t)
		servers = append(servers, server)
		counters := fmt.Sprintf("guards: {counters: \"redis://%s\", velocity: [{per: number, max: 10, window: 1h}]}\n", server.Addr())
		require.NoError(t, os.WriteFile(l.path, append(slices.Clip(conf), counters...), 0o600))
		require.NoError(t, l.gateway.Reload(t.Context()))
		l.send("shop", fmt.Sprint("order-", i))
		assert.NotEmpty(t, server.Keys(), "it is counted there")
		assert.Positive(t, server.CurrentConnectionCount())
	}
	for _, old := range servers[:2] {
		l.eventually("the old one is left", func() bool { return old.CurrentConnectionCount() == 0 })
	}
	assert.Positive(t, servers[2].CurrentConnectionCount(), "the one in force is used")
}
