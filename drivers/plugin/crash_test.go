package plugin_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
)

// bothWays runs a test over the stream and over unary calls.
func bothWays(t *testing.T, test func(t *testing.T, unary bool)) {
	for name, unary := range map[string]bool{"stream": false, "unary": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, unary)
		})
	}
}

// again waits for the plugin to be started again and returns its new process.
func again(t *testing.T, p *plugin.Provider, old int) int {
	t.Helper()
	var pid int
	require.Eventually(t, func() bool {
		r, err := send(p, "pid")
		if err != nil {
			return false // unavailable, or in flight at the crash
		}
		pid, err = strconv.Atoi(r.ID)
		return err == nil && pid != old
	}, 10*time.Second, 5*time.Millisecond, "the plugin is started again")
	return pid
}

func kill(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	require.NoError(t, err)
	require.NoError(t, p.Kill())
}

func pidOf(t *testing.T, p *plugin.Provider) int {
	t.Helper()
	pid, err := strconv.Atoi(ask(t, p, "pid"))
	require.NoError(t, err)
	return pid
}

// inFlight opens the odd plugin and has it make a request that the vendor has
// read and does not answer.
func inFlight(t *testing.T, change func(*plugin.Config)) (p *plugin.Provider, pid int, failed <-chan error) {
	asked, answer := make(chan struct{}), make(chan struct{})
	vendor := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-answer
	}))
	t.Cleanup(vendor.Close)
	t.Cleanup(func() { close(answer) })
	c := config(t, "odd", `{"url": "`+vendor.URL+`"}`)
	change(&c)
	p = open(t, c)
	pid = pidOf(t, p)
	errs := make(chan error, 1)
	go func() {
		_, err := send(p, "post")
		errs <- err
	}()
	<-asked
	return p, pid, errs
}

// The vendor has read the request when the plugin is killed: whoever knows
// whether it took the message is gone.
func TestKilledBetweenWriteAndReply(t *testing.T) {
	bothWays(t, func(t *testing.T, unary bool) {
		p, pid, failed := inFlight(t, func(c *plugin.Config) { c.Unary = unary })
		kill(t, pid)
		require.ErrorIs(t, <-failed, provider.Indeterminate)
		again(t, p, pid)
	})
}

func TestManyInFlightAtCrash(t *testing.T) {
	bothWays(t, func(t *testing.T, unary bool) {
		c := config(t, "odd", `{}`)
		c.Unary = unary
		p := open(t, c)
		pid := pidOf(t, p)
		errs := make([]error, 64)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { _, errs[i] = send(p, "wait") })
		}
		time.Sleep(50 * time.Millisecond)
		kill(t, pid)
		all.Wait()
		for _, err := range errs {
			assert.Contains(t, []provider.Code{provider.Indeterminate, provider.Unavailable}, provider.CodeOf(err))
		}
		assert.ErrorIs(t, errs[0], provider.Indeterminate)
		again(t, p, pid)
	})
}

func TestRestartBudget(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	c := config(t, "odd", `{}`)
	c.Logger = log.logger()
	c.Restarts = 1
	p := open(t, c)
	first := pidOf(t, p)
	kill(t, first)
	second := again(t, p, first)
	kill(t, second)

	var err error
	require.Eventually(t, func() bool {
		_, err = send(p, "pid")
		return err != nil && bytes.Contains([]byte(err.Error()), []byte("restarts in"))
	}, 5*time.Second, 5*time.Millisecond)
	assert.ErrorIs(t, err, provider.Unavailable)
	assert.Regexp(t, `restarts in (4m5\d|5m)`, err.Error(), "the window has no more room")
	assert.Regexp(t, `signal: killed|exit status 1`, log.String())
}

func TestNeverRestarted(t *testing.T) {
	t.Parallel()
	c := config(t, "odd", `{}`)
	c.Restarts = -1
	p := open(t, c)
	kill(t, pidOf(t, p))
	require.Eventually(t, func() bool { _, err := send(p, "pid"); return err != nil }, 5*time.Second, 5*time.Millisecond)
	time.Sleep(300 * time.Millisecond)
	_, err := send(p, "pid")
	require.ErrorIs(t, err, provider.Unavailable)
}

// The process is healthy, but a send does not end. The others must not suffer.
func TestHangingSend(t *testing.T) {
	t.Parallel()
	c := config(t, "odd", `{}`)
	c.HealthTimeout = provider.Duration(200 * time.Millisecond)
	p := open(t, c)
	pid := pidOf(t, p)
	other := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 800*time.Millisecond)
		defer cancel()
		_, err := p.Send(ctx, message("wait"))
		other <- err
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err := p.Send(ctx, message("hang"))
	require.ErrorIs(t, err, provider.Indeterminate)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(started), 5*time.Second, "the caller does not wait for the plugin")
	require.ErrorIs(t, <-other, provider.Unavailable, "the call in progress got the driver's own result")
	again(t, p, pid)
}

func TestCancelReachesTheDriver(t *testing.T) {
	t.Parallel()
	p := open(t, config(t, "odd", `{}`))
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := p.Send(ctx, message("wait"))
	require.ErrorIs(t, err, provider.Unavailable, "the driver knows that it wrote nothing")
	require.ErrorIs(t, err, context.Canceled)

	_, err = p.Send(ctx, message("pid"))
	require.ErrorIs(t, err, provider.Unavailable)
	require.ErrorIs(t, err, context.Canceled)
}

func TestCapabilitiesMustNotChange(t *testing.T) {
	t.Parallel()
	grow := filepath.Join(t.TempDir(), "grow")
	c := config(t, "odd", `{"grow": `+strconv.Quote(grow)+`}`)
	var log syncBuffer
	c.Logger = log.logger()
	p := open(t, c)
	caps := p.Capabilities()
	require.NoError(t, os.WriteFile(grow, nil, 0o600))
	kill(t, pidOf(t, p))
	require.Eventually(t, func() bool { return bytes.Contains([]byte(log.String()), []byte("capabilities")) }, 5*time.Second, 5*time.Millisecond)
	assert.Equal(t, caps, p.Capabilities())
	_, err := send(p, "pid")
	assert.ErrorIs(t, err, provider.Unavailable)
}

// A host that is killed cannot end its plugins; they must not stay.
func TestOrphansEnd(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	host := exec.Command(self)
	host.Env = append(os.Environ(), "PLUGIN_TEST_HOST=1")
	out, err := host.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, host.Start())
	var pid int
	_, err = fmt.Fscan(out, &pid)
	require.NoError(t, err)
	require.True(t, alive(pid))
	require.NoError(t, host.Process.Kill())
	require.Error(t, host.Wait())
	require.Eventually(t, func() bool { return !alive(pid) }, 10*time.Second, 5*time.Millisecond)
}

func TestClose(t *testing.T) {
	bothWays(t, func(t *testing.T, unary bool) {
		c := config(t, "odd", `{}`)
		c.Unary = unary
		p, err := plugin.New(c)
		require.NoError(t, err)
		pid := pidOf(t, p)

		late := make(chan error)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			_, err := p.Send(ctx, message("wait"))
			late <- err
		}()
		time.Sleep(50 * time.Millisecond)
		require.NoError(t, p.Close())
		assert.ErrorIs(t, <-late, context.DeadlineExceeded, "the call under way ended by itself")
		assert.False(t, alive(pid))
		_, err = send(p, "pid")
		assert.ErrorIs(t, err, provider.Unavailable)
		require.NoError(t, p.Close(), "it may be called again")
	})
}
