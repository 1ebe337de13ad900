//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/phonify/phonifytest"
)

// served is a gateway that runs as a process.
type served struct {
	*process
	url string
}

func gatewayConfig(vendor, rest string) string {
	return fmt.Sprintf("providers: {athens: {driver: phonify, base_url: %q, api_key: %s}}\ndatabase: anysms.db\nserve: {listen: \"127.0.0.1:0\"%s}\n",
		vendor, phonifytest.APIKey, rest)
}

func startGateway(t *testing.T, dir string) *served {
	t.Helper()
	return waitServing(t, startProcess(t, dir, "serve"))
}

func waitServing(t *testing.T, p *process) *served {
	t.Helper()
	s := &served{process: p}
	eventually(t, s.process, "serving", func() bool { return strings.Contains(s.errOut.String(), "; Ctrl-C") })
	_, rest, _ := strings.Cut(s.errOut.String(), "serving ")
	s.url, _, _ = strings.Cut(rest, ";")
	return s
}

// post sends a message under a key; status 0 = nothing came back.
func (s *served) post(client *http.Client, key string) (status int, id string) {
	body := fmt.Sprintf(`{"to":"+306900000001","text":"message %s"}`, key)
	r, err := http.NewRequest(http.MethodPost, s.url+"/v1/messages", strings.NewReader(body))
	if err != nil {
		return 0, ""
	}
	return s.do(client, r, key)
}

func (s *served) do(client *http.Client, r *http.Request, key string) (status int, id string) {
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	resp, err := client.Do(r)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	var got struct{ ID string }
	if json.NewDecoder(resp.Body).Decode(&got) != nil {
		return 0, ""
	}
	return resp.StatusCode, got.ID
}

func (s *served) get(t *testing.T, path string) map[string]any {
	t.Helper()
	resp, err := http.Get(s.url + path)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var v map[string]any
	require.NoError(t, json.Unmarshal(b, &v), string(b))
	return v
}

// texts counts what a vendor was given.
func texts(vendor *phonifytest.Server) map[string]int {
	counts := make(map[string]int)
	for _, m := range vendor.Messages() {
		counts[m.Text]++
	}
	return counts
}

// TestServeKilled kills the gateway again and again while messages are posted; what got
// no response is posted again under its key. In the end the vendor has each message
// once, or the gateway says that it does not know.
func TestServeKilled(t *testing.T) {
	messages, kills := 400, 3
	if os.Getenv("ANYSMS_LONG") != "" {
		messages, kills = 5000, 20
	}
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "anysms.yaml"), []byte(gatewayConfig(vendor.URL, "")), 0o600))

	var mu sync.Mutex
	current := startGateway(t, dir)
	gateway := func() *served {
		mu.Lock()
		defer mu.Unlock()
		return current
	}
	ids := make([]string, messages)
	var work sync.WaitGroup
	next := make(chan int)
	progress := make(chan struct{}, messages)
	for range 16 {
		work.Go(func() {
			client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for i := range next {
				for ids[i] == "" {
					status, id := gateway().post(client, fmt.Sprint("k", i))
					if status == http.StatusAccepted {
						ids[i] = id
					}
				}
				progress <- struct{}{}
			}
		})
	}
	go func() {
		defer close(next)
		for i := range messages {
			next <- i
		}
	}()
	for i, kill := 0, 0; i < messages; i++ {
		<-progress
		if kill < kills && i >= (kill+1)*messages/(kills+2)+rand.IntN(10) {
			kill++
			mu.Lock()
			require.NoError(t, current.Process.Kill())
			_ = current.Wait()
			current = startGateway(t, dir)
			mu.Unlock()
		}
	}
	work.Wait()
	unknown := 0
	for i, id := range ids {
		status := ""
		eventually(t, current.process, "settled", func() bool {
			status, _ = current.get(t, "/v1/messages/"+id)["status"].(string)
			return status != "queued" && status != "sending"
		})
		count := texts(vendor)[fmt.Sprint("message k", i)]
		switch status {
		case "accepted":
			assert.Equal(t, 1, count, "message %d", i)
		case "unknown":
			unknown++
			assert.LessOrEqual(t, count, 1, "message %d", i)
		default:
			t.Errorf("message %d is %s", i, status)
		}
	}
	assert.LessOrEqual(t, unknown, kills*64, "at most what was in flight")
	assert.Zero(t, current.end(t, syscall.SIGTERM), current.errOut.String())
}

// TestServeStops stops the gateway while messages are under way: it ends well, and the
// next one sends what is left, once.
func TestServeStops(t *testing.T) {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "anysms.yaml"), []byte(gatewayConfig(vendor.URL, "")), 0o600))
	s := startGateway(t, dir)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	const messages = 200
	for i := range messages {
		status, _ := s.post(client, fmt.Sprint("k", i))
		require.Equal(t, http.StatusAccepted, status)
	}

	second := startProcess(t, dir, "serve")
	_ = second.Wait()
	assert.Equal(t, 2, second.ProcessState.ExitCode())
	assert.Contains(t, second.errOut.String(), fmt.Sprintf("pid %d", s.Process.Pid), "it names the first")

	assert.Zero(t, s.end(t, syscall.SIGTERM), s.errOut.String())
	assert.NotContains(t, s.errOut.String(), "30690", "no number is logged")
	s = startGateway(t, dir)
	eventually(t, s.process, "all are sent", func() bool { return len(vendor.Messages()) == messages })
	for text, count := range texts(vendor) {
		assert.Equal(t, 1, count, text)
	}
	assert.Zero(t, s.end(t, syscall.SIGTERM))
}

// TestServeReloads changes the configuration under a running gateway.
func TestServeReloads(t *testing.T) {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	dir := t.TempDir()
	path := filepath.Join(dir, "anysms.yaml")
	key := strings.Repeat("k", 40)
	put := func(yaml string) { require.NoError(t, os.WriteFile(path, []byte(yaml), 0o600)) }
	put(gatewayConfig(vendor.URL, ""))
	s := startGateway(t, dir)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	reload := func(says string) {
		t.Helper()
		require.NoError(t, s.Process.Signal(syscall.SIGHUP))
		eventually(t, s.process, says, func() bool { return strings.Contains(s.errOut.String(), says) })
	}
	put(gatewayConfig(vendor.URL, ", keys: [{name: shop}]"))
	reload("serve.keys[0]: want key or key_sha256")
	put(gatewayConfig(vendor.URL, ", keys: [{name: shop, key: "+key+", scopes: [send]}]}\nrouter: {routes: [{name: all, providers: [nobody]}]"))
	reload("nobody")
	put(strings.Replace(gatewayConfig(vendor.URL, ""), "127.0.0.1:0", "127.0.0.1:1", 1))
	reload("serve.listen: cannot be changed by a reload")
	put(gatewayConfig(vendor.URL, "") + "\nqueue: {workers: {otp: 3}}\n")
	reload("queue: cannot be changed by a reload; restart the gateway")
	status, _ := s.post(client, "k1")
	assert.Equal(t, http.StatusAccepted, status, "the old configuration is in force")
	put(gatewayConfig(vendor.URL, ", keys: [{name: shop, key: "+key+", scopes: [send]}]"))
	reload("the configuration was reloaded")
	status, _ = s.post(client, "k2")
	assert.Equal(t, http.StatusUnauthorized, status, "the new one has a key")
	assert.NotContains(t, s.errOut.String(), key)
	assert.Zero(t, s.end(t, syscall.SIGTERM))
}

func TestServeInit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "anysms.yaml")
	first := anysms(t, "serve", "--init", "--config", path)
	require.Zero(t, first.code, first.stderr)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	key := strings.TrimSpace(first.stdout)
	assert.False(t, bytes.Contains(content, []byte(key)), "the key itself is not written down")
	require.NoError(t, os.WriteFile(path, bytes.Replace(content, []byte(":8025"), []byte(":0"), 1), 0o600))
	again := anysms(t, "serve", "--init", "--config", path)
	assert.Equal(t, 2, again.code)
	assert.Contains(t, again.stderr, "exists and is left as it is")

	s := startGateway(t, dir)
	r, err := http.NewRequest(http.MethodGet, s.url+"/v1/providers", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	resp.Body.Close()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Zero(t, s.end(t, os.Interrupt))

	made := anysms(t, "serve", "key", "new", "shop")
	assert.Contains(t, made.stdout, "- {name: shop, key_sha256: ")
	wrong := anysms(t, "serve", "key", "new", "a b")
	assert.Equal(t, 2, wrong.code)
	assert.Empty(t, wrong.stdout)
	assert.Contains(t, wrong.stderr, `NAME: "a b"; want 1 to 64 letters`)
}

// TestDemoServe posts the messages of the demo to a gateway, and looks at the page.
func TestDemoServe(t *testing.T) {
	p := startProcess(t, t.TempDir(), "demo", "--serve", "--pace", "1ms")
	eventually(t, p, "all are posted", func() bool { return strings.Contains(p.out.String(), "Ctrl-C ends it") })
	_, rest, _ := strings.Cut(p.out.String(), "http://")
	host, _, _ := strings.Cut(rest, "/")
	s := &served{process: p, url: "http://" + host}
	eventually(t, p, "all have an outcome", func() bool {
		return len(s.get(t, "/v1/messages?status=queued")["items"].([]any))+len(s.get(t, "/v1/messages?status=sending")["items"].([]any)) == 0
	})
	assert.NotEmpty(t, s.get(t, "/v1/messages?status=accepted&provider=athens")["items"])
	assert.NotEmpty(t, s.get(t, "/v1/messages?status=accepted&provider=usa")["items"])
	for _, item := range s.get(t, "/v1/messages?status=unknown")["items"].([]any) {
		m := item.(map[string]any)
		assert.Equal(t, []any{"athens", "indeterminate"}, []any{m["provider"], m["code"]}, "under way when the vendor dropped its connections")
	}
	resp, err := http.Get(s.url + "/")
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	assert.Zero(t, p.end(t, os.Interrupt), p.errOut.String())
}
