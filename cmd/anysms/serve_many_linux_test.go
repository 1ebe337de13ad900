package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/phonify/phonifytest"
)

// TestServeMany sends many messages through the gateway, in batches, and watches its
// memory: it must not grow with their number.
func TestServeMany(t *testing.T) {
	const batch = 500
	messages := 5_000
	if os.Getenv("ANYSMS_LONG") != "" {
		messages = 1_000_000
	}
	var sent atomic.Int64
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { // which keeps nothing
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"message":{"id":"ch_%d","state":"unconfirmed"}}`, sent.Add(1))
	}))
	defer vendor.Close()
	dir := t.TempDir()
	yaml := fmt.Sprintf("providers: {usa: {driver: phonify, base_url: %q, api_key: %s}}\ndatabase: anysms.db\nserve: {listen: \"127.0.0.1:0\"}\n", vendor.URL, phonifytest.APIKey)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "anysms.yaml"), []byte(yaml), 0o600))
	s := startGateway(t, dir)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()

	begun := time.Now()
	var posters sync.WaitGroup
	next := make(chan int)
	for range 2 {
		posters.Go(func() {
			for first := range next {
				assert.NoError(t, s.postBatch(client, first, batch))
			}
		})
	}
	var rss []int
	look := func() { rss = append(rss, residentMemory(s.Process.Pid)) }
	for first := 0; first < messages; first += batch {
		for int64(first)-sent.Load() > 20_000 { // the queue may grow, as in a campaign, but not without end
			time.Sleep(10 * time.Millisecond)
		}
		next <- first
		look()
	}
	close(next)
	posters.Wait()
	for until := time.Now().Add(5 * time.Minute); sent.Load() < int64(messages) && time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		look()
	}
	took := time.Since(begun)
	assert.EqualValues(t, messages, sent.Load())
	n := len(rss)
	t.Logf("%d messages in %s; resident memory after a tenth, half and all of them, and at its peak: %d, %d, %d, %d MiB",
		messages, took.Round(time.Second), rss[n/10]>>20, rss[n/2]>>20, rss[n-1]>>20, slices.Max(rss)>>20)
	if !raceDetector {
		assert.LessOrEqual(t, slices.Max(rss), 256<<20)
	}
	assert.Zero(t, s.end(t, syscall.SIGTERM), s.errOut.String())
}

// postBatch posts messages with the numbers from first on.
func (s *served) postBatch(client *http.Client, first, size int) error {
	type message struct {
		To   string `json:"to"`
		Text string `json:"text"`
		Ref  string `json:"ref"`
	}
	list := make([]message, size)
	for i := range list {
		list[i] = message{fmt.Sprintf("+3069%08d", first+i), "Your parcel arrives today between 12:00 and 14:00.", fmt.Sprint("r", first+i)}
	}
	body, err := json.Marshal(list)
	if err != nil {
		return err
	}
	resp, err := client.Post(s.url+"/v1/messages/batch", "application/json", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var got struct {
		Items []struct{ Status string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusMultiStatus || len(got.Items) != size {
		return fmt.Errorf("status %d, %d items", resp.StatusCode, len(got.Items))
	}
	for _, item := range got.Items {
		if item.Status != "queued" {
			return fmt.Errorf("an item is %q", item.Status)
		}
	}
	return nil
}
