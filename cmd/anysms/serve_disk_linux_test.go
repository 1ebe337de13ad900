package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/phonify/phonifytest"
)

// TestServeOnAFullDisk fills the disk: the gateway says 503, and what it took before that
// is there when there is room again.
func TestServeOnAFullDisk(t *testing.T) {
	if dir := os.Getenv("ANYSMS_TEST_FULL_DISK_OF_SERVE"); dir != "" { // in a process of its own
		const room = 1 << 20
		signal.Ignore(syscall.SIGXFSZ)
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: room, Max: room}))
		os.Args = []string{"anysms", "serve", "--config", filepath.Join(dir, "anysms.yaml")}
		main()
	}
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "anysms.yaml"), []byte(gatewayConfig(vendor.URL, "")), 0o600))
	s := startFullGateway(t, dir)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	var taken []string
	status := http.StatusAccepted
	for i := 0; i < 20_000 && status == http.StatusAccepted; i++ {
		var id string
		status, id = s.postLater(client, fmt.Sprint("k", i), strings.Repeat("long ", 30))
		if status == http.StatusAccepted {
			taken = append(taken, id)
		}
	}
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.NotEmpty(t, taken)
	assert.Zero(t, s.end(t, syscall.SIGTERM), s.errOut.String())

	s = startGateway(t, dir)
	for _, id := range taken {
		assert.Equal(t, "queued", s.get(t, "/v1/messages/"+id)["status"])
	}
	status, id := s.postLater(client, fmt.Sprint("k", len(taken)), strings.Repeat("long ", 30))
	assert.Equal(t, http.StatusAccepted, status, "there is room again")
	assert.NotContains(t, taken, id)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	assert.Zero(t, s.end(t, syscall.SIGTERM))
}

func startFullGateway(t *testing.T, dir string) *served {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], "-test.run=^TestServeOnAFullDisk$"), dir: dir}
	p.Env = append(os.Environ(), "ANYSMS_TEST_FULL_DISK_OF_SERVE="+dir)
	p.Stdout, p.Stderr = &p.out, &p.errOut
	require.NoError(t, p.Start())
	t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	return waitServing(t, p)
}

// postLater posts a message that is due much later.
func (s *served) postLater(client *http.Client, key, text string) (status int, id string) {
	body := fmt.Sprintf(`{"to":"+306900000001","text":%q,"send_at":"2099-01-01T00:00:00Z"}`, text)
	r, err := http.NewRequest(http.MethodPost, s.url+"/v1/messages", bytes.NewBufferString(body))
	if err != nil {
		return 0, ""
	}
	return s.do(client, r, key)
}
