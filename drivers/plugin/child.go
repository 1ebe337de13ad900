package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin/runner"
)

// maxGreeting bounds the line in which a plugin says where it listens; it
// contains a certificate.
const maxGreeting = 16 << 10

// drainTime is how long the outputs of an ended process are still read if
// another process holds them open.
const drainTime = 200 * time.Millisecond

// child is the plugin's process. It implements go-plugin's runner; go-plugin's
// own would share our standard input, leave grandchildren behind and wait for
// them.
type child struct {
	cmd      *exec.Cmd
	out      *output
	greeting string // the first line of standard output; valid after the handshake

	stdout, stderr *os.File
	ended          chan struct{} // closed when the process is gone
	err            error         // how it went, once ended is closed
	drained        chan struct{} // closed when standard error has been read to its end

	mu     sync.Mutex
	pid    int // 0 = not started yet
	group  group
	doomed bool // killed, perhaps before it was started
}

func newChild(path string, args, env []string, out *output) *child {
	cmd := exec.Command(path, args...)
	cmd.Env = env
	c := &child{cmd: cmd, out: out, ended: make(chan struct{}), drained: make(chan struct{})}
	c.group.prepare(cmd)
	return c
}

// Start runs the program. Its thread is kept until the process ends: where the
// system can end a child with its parent, the parent is a thread.
func (c *child) Start(context.Context) error {
	stdout, childStdout, err := os.Pipe()
	if err != nil {
		return err
	}
	defer childStdout.Close()
	stderr, childStderr, err := os.Pipe()
	if err != nil {
		stdout.Close()
		return err
	}
	defer childStderr.Close()
	c.stdout, c.stderr = stdout, stderr
	c.cmd.Stdout, c.cmd.Stderr = childStdout, childStderr

	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.run()
		started <- err
		if err == nil {
			c.wait()
		}
	}()
	if err := <-started; err != nil {
		stdout.Close()
		stderr.Close()
		return err
	}
	go c.readStderr()
	return nil
}

func (c *child) run() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.doomed {
		return errors.New("the start took too long")
	}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	if err := c.group.add(c.cmd.Process); err != nil {
		c.group.kill()
		_ = c.cmd.Process.Kill()
		return errors.Join(err, c.cmd.Wait())
	}
	c.pid = c.cmd.Process.Pid
	return nil
}

func (c *child) wait() {
	c.err = c.cmd.Wait()
	c.group.kill()
	// Pipes have deadlines if the system polls them; elsewhere the readers wait
	// for the end of the file.
	until := time.Now().Add(drainTime)
	_ = c.stdout.SetReadDeadline(until)
	_ = c.stderr.SetReadDeadline(until)
	close(c.ended)
}

// readStderr logs what the process writes to standard error, until its end or,
// once the process has ended, until nothing more arrives.
func (c *child) readStderr() {
	defer close(c.drained)
	defer c.stderr.Close()
	_, err := io.Copy(c.out, c.stderr)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	// The deadline may have passed before this goroutine could run; what is in
	// the pipe by now is still read.
	if c.stderr.SetReadDeadline(time.Now().Add(drainTime)) == nil {
		_, _ = io.Copy(c.out, c.stderr)
	}
}

// lastWords returns the end of what the process wrote. It waits until the
// process has ended and its standard error has been read, but not forever: a
// process may be stuck in the kernel, and a pipe may have no deadline.
func (c *child) lastWords() string {
	if c.started() {
		enough, cancel := context.WithTimeout(context.Background(), endGrace)
		defer cancel()
		for _, done := range []chan struct{}{c.ended, c.drained} {
			select {
			case <-done:
			case <-enough.Done():
			}
		}
	}
	return c.out.tail()
}

func (c *child) started() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pid != 0
}

// kill ends the process and those it started. It may be called at any time,
// also before the start.
func (c *child) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doomed = true
	if c.pid == 0 {
		return
	}
	select {
	case <-c.ended: // the pid may belong to another process by now
	default:
		c.group.kill()
		_ = c.cmd.Process.Kill() // an error means that it has ended
	}
}

// obituary says how the process ended.
func (c *child) obituary() string {
	if c.err == nil {
		return "it exited with status 0"
	}
	return "it ended: " + c.err.Error()
}

// The rest implements go-plugin's runner.

func (c *child) Wait(context.Context) error {
	<-c.ended
	return c.err
}

func (c *child) Kill(context.Context) error {
	c.kill()
	return nil
}

func (c *child) Stdout() io.ReadCloser           { return &stdoutReader{child: c} }
func (c *child) Stderr() io.ReadCloser           { return io.NopCloser(strings.NewReader("")) } // readStderr reads it
func (c *child) Name() string                    { return c.cmd.Path }
func (c *child) ID() string                      { return strconv.Itoa(c.pid) }
func (c *child) Diagnose(context.Context) string { return "" }

func (c *child) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (c *child) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// stdoutReader gives go-plugin the greeting and keeps the rest from it: a
// plugin may print anything, of any length, without filling its pipe.
type stdoutReader struct {
	child   *child
	line    []byte
	greeted bool
}

func (r *stdoutReader) Read(b []byte) (int, error) {
	if r.greeted {
		_, _ = io.Copy(r.child.out, r.child.stdout)
		r.child.stdout.Close()
		return 0, io.EOF
	}
	n, err := r.child.stdout.Read(b)
	end := bytes.IndexByte(b[:n], '\n')
	if end < 0 {
		r.line = append(r.line, b[:n]...)
		if err == nil && len(r.line) > maxGreeting {
			err = fmt.Errorf("the first line of standard output is longer than %d bytes", maxGreeting)
		}
		if err != nil {
			r.child.stdout.Close()
		}
		return n, endOfOutput(err)
	}
	r.greeted = true
	r.child.greeting = string(append(r.line, b[:end]...))
	_, _ = r.child.out.Write(b[end+1 : n])
	return end + 1, nil
}

func (r *stdoutReader) Close() error { return r.child.stdout.Close() }

// endOfOutput treats a pipe that is still held open after the process has ended
// as one that ended.
func endOfOutput(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, os.ErrClosed) {
		return io.EOF
	}
	return err
}

var _ runner.Runner = (*child)(nil)
