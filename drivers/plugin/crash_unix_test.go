//go:build unix

package plugin_test

import (
	"context"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
)

// A stopped process does not respond, not even to health checks.
func TestStoppedProcessIsKilled(t *testing.T) {
	bothWays(t, func(t *testing.T, unary bool) {
		p, pid, failed := inFlight(t, func(c *plugin.Config) {
			c.Unary = unary
			c.HealthInterval, c.HealthTimeout = provider.Duration(50*time.Millisecond), provider.Duration(2*time.Second)
		})
		require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
		require.ErrorIs(t, <-failed, provider.Indeterminate)
		again(t, p, pid)
		assert.False(t, alive(pid), "the stopped process is gone")
	})
}

// A call that runs out of time is a reason to look at the plugin at once.
func TestDeadlineAsksForHealth(t *testing.T) {
	t.Parallel()
	c := config(t, "odd", `{}`)
	c.HealthInterval, c.HealthTimeout = provider.Duration(time.Hour), provider.Duration(200*time.Millisecond)
	p := open(t, c)
	pid := pidOf(t, p)
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := provider.ReadStatus(ctx, p, "hang")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	again(t, p, pid)
}

// What the plugin started ends with it, and does not keep Close waiting.
func TestGrandchildren(t *testing.T) {
	t.Parallel()
	p, err := plugin.New(config(t, "odd", `{}`))
	require.NoError(t, err)
	pid, err := strconv.Atoi(ask(t, p, "child"))
	require.NoError(t, err)
	require.NoError(t, p.Close())
	require.Eventually(t, func() bool { return !alive(pid) }, time.Minute, 5*time.Millisecond)
}
