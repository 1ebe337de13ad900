//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/drivers/zoomconnect/zoomconnecttest"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// process is a command that runs as a process of its own.
type process struct {
	*exec.Cmd
	dir         string // its working directory
	stdin       io.WriteCloser
	out, errOut watched
}

// watched keeps what is written.
type watched struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// startProcess starts the command, with a stdin that stays open.
func startProcess(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], args...), dir: dir}
	p.Dir, p.Env = dir, append(os.Environ(), asProgram+"=1")
	p.Stdout, p.Stderr = &p.out, &p.errOut
	var err error
	p.stdin, err = p.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() {
		p.stdin.Close()
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	return p
}

// end sends the signals and returns the exit code.
func (p *process) end(t *testing.T, signals ...os.Signal) int {
	t.Helper()
	for _, s := range signals {
		require.NoError(t, p.Process.Signal(s))
	}
	done := make(chan error, 1)
	go func() { done <- p.Wait() }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		_ = p.Process.Kill()
		<-done
		t.Fatalf("it does not end: %s%s", p.out.String(), p.errOut.String())
	}
	left, err := filepath.Glob(filepath.Join(p.dir, "*.part"))
	require.NoError(t, err)
	assert.Empty(t, left, "unfinished files")
	require.NotEqual(t, -1, p.ProcessState.ExitCode(), "killed by the signal: %s%s", p.out.String(), p.errOut.String())
	return p.ProcessState.ExitCode()
}

func eventually(t *testing.T, p *process, what string, ready func() bool) {
	t.Helper()
	require.Eventually(t, ready, time.Minute, 2*time.Millisecond, "%s: %s%s", what, p.out.String(), p.errOut.String())
}

// fill writes more to stdin than a pipe holds, so that afterwards the process reads.
func (p *process) fill(t *testing.T, head, line string) {
	t.Helper()
	const more = 160 << 10
	_, err := io.WriteString(p.stdin, head+strings.Repeat(line, more/len(line)))
	require.NoError(t, err)
}

// Every command that waits ends at the first signal, says what it was doing, and
// leaves no unfinished files.
func TestSignals(t *testing.T) {
	first := phonifytest.NewServer(phonifytest.Options{})
	defer first.Close()
	require.NoError(t, first.SetMode(httpcalltest.Hang))
	second := apifontest.NewServer(apifontest.Options{})
	defer second.Close()
	require.NoError(t, second.SetMode(httpcalltest.Hang))
	third := zoomconnecttest.NewServer(zoomconnecttest.Options{})
	defer third.Close()
	require.NoError(t, third.SetMode(httpcalltest.Hang))
	silent := phonifytest.NewServer(phonifytest.Options{})
	defer silent.Close()
	conf := write(t, "anysms.yaml", fmt.Sprintf(`
providers:
  memory: {driver: memory}
  usa: {driver: phonify, api_key: "pk_test_key", base_url: %q}
  athens: {driver: apifon, token: t, secret: s, base_url: %q}
  cape: {driver: zoomconnect, email: %q, token: %q, base_url: %q}
  silent: {driver: phonify, api_key: "pk_test_key", base_url: %q}
router: {routes: [{name: all, providers: [memory]}]}
`, first.URL, second.URL, zoomconnecttest.Email, zoomconnecttest.Token, third.URL, silent.URL))
	got := anysms(t, "send", "--config", conf, "--provider", "silent", "--to", number, "--text", "Hello", "--format", "json")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	id := silent.Messages()[0].ID
	rates, err := filepath.Abs("../../examples/rates.sample.csv")
	require.NoError(t, err)

	const head, row = "to,text\n", "+306971234567,Hello everybody\n"
	inRequest := func(server interface{ Requests() int }) func(*testing.T, *process) {
		seen := 0
		return func(t *testing.T, p *process) {
			eventually(t, p, "no request", func() bool { return server.Requests() > seen })
			seen = server.Requests()
		}
	}
	usa, athens, cape := inRequest(first), inRequest(second), inRequest(third)
	rows := func(t *testing.T, p *process) { p.fill(t, head, row) }
	says := func(words string) func(*testing.T, *process) {
		return func(t *testing.T, p *process) {
			eventually(t, p, "nothing is said", func() bool { return strings.Contains(p.out.String()+p.errOut.String(), words) })
		}
	}
	for _, test := range []struct {
		args  string
		ready func(*testing.T, *process)
		code  int
		want  string
	}{
		{"analyse -", func(t *testing.T, p *process) { p.fill(t, "", "Hello ") }, cli.ExitRefused, "standard input: interrupted"},
		{"analyse --file - --report r.html --annotate a.csv", rows, cli.ExitRefused, "interrupted; a.csv was not written; the totals cover the rows before"},
		{"analyse --file fifo", openFIFO, cli.ExitRefused, "fifo: "},
		{"cost --file - --report r.html --annotate a.csv --rates " + rates, rows, cli.ExitRefused, "the totals cover the rows before"},
		{"rates check -", func(t *testing.T, p *process) { p.fill(t, "", "#") }, cli.ExitRefused, "interrupted"},
		{"send --dry-run --file - --config " + conf, rows, cli.ExitRefused, "interrupted"},
		{"send --file - --config " + conf, rows, cli.ExitRefused, "later rows were not sent"},
		{"send --file fifo --config " + conf, openFIFO, cli.ExitRefused, "nothing was sent"},
		{"send --to - --text Hello --config " + conf, func(t *testing.T, p *process) { p.fill(t, "", "+306971234567\n") }, cli.ExitRefused, "later rows were not sent"},
		{"send --to +306971234567 --text - --config " + conf, func(t *testing.T, p *process) { p.fill(t, "", "Hello ") }, cli.ExitRefused, "interrupted"},
		{"send --to +306971234567 --text Hello --provider usa --config " + conf, usa, cli.ExitUnknown, "unknown at usa: indeterminate"},
		{"status --provider usa m1 --config " + conf, usa, cli.ExitUnknown, "usa: "},
		{"status --provider silent --wait --every 1ms " + id + " --config " + conf, says("accepted"), cli.ExitRefused, "interrupted; the status is not final"},
		{"balance --provider athens --config " + conf, athens, cli.ExitRefused, "athens"},
		{"inbox --provider cape --config " + conf, cape, cli.ExitUnknown, "cape: "},
		{"otp start --provider athens --to +306971234567 --config " + conf, athens, cli.ExitUnknown, "athens: "},
		{"init --driver phonify --config new.yaml", says("api_key: "), cli.ExitRefused, "interrupted; nothing was written"},
		{"demo", says("Both vendors work"), cli.ExitRefused, "interrupted"},
	} {
		for _, sent := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
			t.Run(fmt.Sprint(strings.Split(test.args, " --config")[0], " ", sent), func(t *testing.T) {
				if signal.Ignored(sent) {
					t.Skip("these tests run under nohup, and so does what they start")
				}
				dir := t.TempDir()
				require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
				p := startProcess(t, dir, strings.Fields(test.args)...)
				test.ready(t, p)
				assert.Equal(t, test.code, p.end(t, sent), p.errOut.String())
				assert.Contains(t, p.out.String()+p.errOut.String(), test.want)
			})
		}
	}
}

// openFIFO opens the pipe for writing, which is possible once the process reads it.
func openFIFO(t *testing.T, p *process) {
	t.Helper()
	var w *os.File
	eventually(t, p, "the pipe has no reader", func() bool {
		var err error
		w, err = os.OpenFile(filepath.Join(p.dir, "fifo"), os.O_WRONLY|syscall.O_NONBLOCK, 0)
		return err == nil
	})
	t.Cleanup(func() { w.Close() })
}

// Shells and service managers send a signal to the process and to its group. The
// second one must not end what the first one has begun to end.
func TestASignalSentTwice(t *testing.T) {
	p := startProcess(t, t.TempDir(), "analyse", "--file", "-", "--report", "r.html", "--annotate", "a.csv")
	p.fill(t, "to,text\n", "+306971234567,Hello everybody\n")
	assert.Equal(t, cli.ExitRefused, p.end(t, syscall.SIGTERM, syscall.SIGTERM, syscall.SIGHUP))
	assert.Contains(t, p.errOut.String(), "the totals cover the rows before")
	assert.Contains(t, p.out.String(), "INCOMPLETE")
	page, err := os.ReadFile(filepath.Join(p.dir, "r.html"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "Incomplete.")
}

// nohup has the process ignore SIGHUP, and so it does.
func TestHangupIsIgnoredUnderNohup(t *testing.T) {
	p := &process{Cmd: exec.Command("/bin/sh", "-c", `trap "" HUP; exec "$0" analyse -`, os.Args[0]), dir: t.TempDir()}
	p.Env = append(os.Environ(), asProgram+"=1")
	p.Stdout, p.Stderr = &p.out, &p.errOut
	var err error
	p.stdin, err = p.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	p.fill(t, "", "Hello ")
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	p.stdin.Close()
	require.NoError(t, p.Wait(), p.errOut.String())
	assert.Contains(t, p.out.String(), "GSM-7")
}
