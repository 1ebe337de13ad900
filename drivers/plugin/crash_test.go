package plugin_test

import (
	"bytes"
	"context"
	"errors"
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
	}, time.Minute, 5*time.Millisecond, "the plugin is started again")
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
	asked, answer := make(chan struct{}, 10), make(chan struct{})
	vendor := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-answer
	}))
	t.Cleanup(vendor.Close)
	t.Cleanup(func() { close(answer) })
	c := config(t, "odd", `{"url": "`+vendor.URL+`"}`)
	change(&c)
	p = open(t, c)
	for range 5 {
		pid = pidOf(t, p)
		errs := make(chan error, 1)
		go func() {
			_, err := send(p, "post")
			errs <- err
		}()
		select {
		case <-asked:
			return p, pid, errs
		case err := <-errs: // a short health check has ended the plugin, on a slow machine
			t.Log(err)
			again(t, p, pid)
		}
	}
	require.Fail(t, "the vendor was never reached")
	return nil, 0, nil
}

// waiting waits until as many sends of "wait" as that have reached the driver.
func waiting(t *testing.T, p *plugin.Provider, sends int) {
	t.Helper()
	require.Eventually(t, func() bool {
		r, err := send(p, "waiting")
		return err == nil && r.ID == strconv.Itoa(sends)
	}, time.Minute, 5*time.Millisecond)
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
		waiting(t, p, len(errs))
		kill(t, pid)
		all.Wait()
		for _, err := range errs {
			assert.ErrorIs(t, err, provider.Indeterminate)
		}
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
	}, time.Minute, 5*time.Millisecond)
	assert.ErrorIs(t, err, provider.Unavailable)
	assert.Regexp(t, `restarts in (4m|5m)`, err.Error(), "the window has no more room")
	assert.Regexp(t, `signal: killed|exit status 1`, log.String())
}

func TestNeverRestarted(t *testing.T) {
	t.Parallel()
	c := config(t, "odd", `{}`)
	c.Restarts = -1
	p := open(t, c)
	kill(t, pidOf(t, p))
	require.Eventually(t, func() bool { _, err := send(p, "pid"); return err != nil }, time.Minute, 5*time.Millisecond)
	time.Sleep(300 * time.Millisecond)
	_, err := send(p, "pid")
	require.ErrorIs(t, err, provider.Unavailable)
}

// The process is healthy, but a send does not end. The others must not suffer.
func TestHangingSend(t *testing.T) {
	t.Parallel()
	c := config(t, "odd", `{}`)
	c.HealthTimeout, c.VerdictGrace = provider.Duration(2*time.Second), provider.Duration(2*time.Second)
	p := open(t, c)
	pid := pidOf(t, p)
	start := func(text string) (end func() error) {
		ctx, cancel := context.WithCancel(context.Background())
		failed := make(chan error, 1)
		go func() { _, err := p.Send(ctx, message(text)); failed <- err }()
		return func() error {
			cancel()
			select {
			case err := <-failed:
				return err
			case <-time.After(time.Minute):
				return errors.New("the caller waits for the plugin")
			}
		}
	}
	endOther, endHanging := start("wait"), start("hang")
	waiting(t, p, 2)
	err := endHanging()
	require.ErrorIs(t, err, provider.Indeterminate)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, endOther(), provider.Unavailable, "the call in progress got the driver's own result")
	again(t, p, pid)
}

func TestCancelReachesTheDriver(t *testing.T) {
	t.Parallel()
	c := config(t, "odd", `{}`)
	c.VerdictGrace = patience
	p := open(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error, 1)
	go func() { _, err := p.Send(ctx, message("wait")); failed <- err }()
	waiting(t, p, 1)
	cancel()
	err := <-failed
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
	require.Eventually(t, func() bool { return bytes.Contains([]byte(log.String()), []byte("capabilities")) }, time.Minute, 5*time.Millisecond)
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
	require.Eventually(t, func() bool { return !alive(pid) }, time.Minute, 5*time.Millisecond)
}

func TestClose(t *testing.T) {
	bothWays(t, func(t *testing.T, unary bool) {
		c := config(t, "odd", `{}`)
		c.Unary, c.VerdictGrace = unary, patience
		p, err := plugin.New(c)
		require.NoError(t, err)
		pid := pidOf(t, p)

		late, closed := make(chan error, 1), make(chan error, 1)
		ctx, giveUp := context.WithCancel(context.Background())
		defer giveUp()
		go func() {
			_, err := p.Send(ctx, message("wait"))
			late <- err
		}()
		waiting(t, p, 1)
		go func() { closed <- p.Close() }()
		require.Eventually(t, func() bool { _, err := send(p, "pid"); return err != nil }, time.Minute, time.Millisecond)
		assert.Empty(t, closed, "it waits for the call under way")
		giveUp()
		require.NoError(t, <-closed)
		assert.ErrorIs(t, <-late, context.Canceled, "the call under way ended by itself")
		assert.False(t, alive(pid))
		_, err = send(p, "pid")
		assert.ErrorIs(t, err, provider.Unavailable)
		require.NoError(t, p.Close(), "it may be called again")
	})
}
