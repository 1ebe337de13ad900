package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/phonify/phonifytest"
)

// TestServeManyConnections opens more connections than there may be: idle ones, silent
// ones, and some that send a header byte by byte. Those that wait longest are closed, and
// a client with a message gets through.
func TestServeManyConnections(t *testing.T) {
	most := 300
	if os.Getenv("ANYSMS_LONG") != "" {
		most = 10_000
	}
	var files syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files))
	if files.Cur < uint64(most+most/10+300) {
		t.Skipf("%d open files are allowed (ulimit -n)", files.Cur)
	}
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	dir := t.TempDir()
	yaml := gatewayConfig(vendor.URL, fmt.Sprintf(", max_connections: %d", most))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "anysms.yaml"), []byte(yaml), 0o600))
	s := startGateway(t, dir)
	before := residentMemory(s.Process.Pid)
	var open []net.Conn
	defer func() {
		for _, conn := range open {
			conn.Close()
		}
	}()
	connect := func(send string) *bufio.Reader {
		t.Helper()
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		require.NoError(t, err)
		open = append(open, conn)
		_, err = io.WriteString(conn, send)
		require.NoError(t, err)
		return bufio.NewReader(conn)
	}
	for range most {
		resp, err := http.ReadResponse(connect("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"), nil)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	idle := residentMemory(s.Process.Pid)
	post := func(key string) time.Duration {
		t.Helper()
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
		start := time.Now()
		status, _ := s.post(client, key)
		require.Equal(t, http.StatusAccepted, status)
		return time.Since(start)
	}
	alone := post("idle")
	for i := range most / 10 {
		connect([]string{"", "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nX-Slow: "}[i%2])
		if i%(most/30) == 0 {
			alone = max(alone, post(fmt.Sprint("slow", i)))
		}
	}
	sockets := openSockets(t, s.Process.Pid)
	assert.LessOrEqual(t, sockets, most+50)
	assert.Greater(t, sockets, most*9/10, "no more are closed than must be")
	require.NoError(t, open[0].SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err := open[0].Read(make([]byte, 1))
	require.Error(t, err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the one that waited longest was closed")
	t.Logf("%d connections take %d MiB; beside them and %d slow ones a message took %s at most",
		most, (idle-before)>>20, most/10, alone.Round(time.Millisecond))
	eventually(t, s.process, "sent", func() bool { return len(vendor.Messages()) >= 4 })
	assert.Zero(t, s.end(t, syscall.SIGTERM), s.errOut.String())
}

// openSockets counts the sockets of a process.
func openSockets(t *testing.T, pid int) (n int) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		if to, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}
