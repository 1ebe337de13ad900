package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/drivers/apifon/apifontest"
)

// ack is a message that the gateway acknowledged.
type ack struct{ text, id string }

// call makes a request; status 0 = no response came, or it broke off.
func (s *soak) call(ctx context.Context, method, path, key, body string) (status int, got map[string]any) {
	r, err := http.NewRequestWithContext(ctx, method, s.gateway().url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	r.Header.Set("Authorization", "Bearer "+soakKey)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil
	}
	_ = json.Unmarshal(b, &got)
	return resp.StatusCode, got
}

// post posts messages until the time is over. What gets no response is posted again
// under its key, and some of what got one, too.
func (s *soak) post(client int, acked chan<- ack) {
	for i := 0; s.pause(4 * time.Second / time.Duration(s.rate)); i++ {
		key := fmt.Sprintf("k%d-%d", client, i)
		text := "message " + key
		to := fmt.Sprintf("+3069%08d", rand.IntN(1e8))
		id := s.postUntilTaken(key, to, text)
		if id == "" {
			continue
		}
		if rand.IntN(10) == 0 {
			assert.Equal(s, id, s.postUntilTaken(key, to, text), "the same key is the same message")
			s.count(func(t *soakTally) { t.repeated++ })
		}
		s.count(func(t *soakTally) { t.posted++ })
		acked <- ack{text, id}
	}
}

func (s *soak) postUntilTaken(key, to, text string) (id string) {
	body := fmt.Sprintf(`{"to":%q,"text":%q}`, to, text)
	for s.Context().Err() == nil {
		ctx, cancel := context.WithCancel(s.Context())
		if rand.IntN(20) == 0 { // a client without patience
			time.AfterFunc(rand.N(3*time.Millisecond), cancel)
		}
		status, got := s.call(ctx, http.MethodPost, "/v1/messages", key, body)
		if ctx.Err() != nil {
			s.count(func(t *soakTally) { t.cut++ })
		}
		cancel()
		switch status {
		case http.StatusAccepted:
			id, _ := got["id"].(string)
			return id
		case 0, http.StatusServiceUnavailable: // it is being killed, or the database is busy
			time.Sleep(20 * time.Millisecond)
		default:
			s.Errorf("%s: status %d: %v", key, status, got)
			return ""
		}
	}
	return ""
}

// follow waits for the outcome of messages. For some that a vendor has it sends the
// vendor's report, until that is acknowledged.
func (s *soak) follow(acked <-chan ack) {
	for m := range acked {
		final, ok := s.wait(m, func(status string) bool { return status != "queued" && status != "sending" })
		if !ok {
			continue
		}
		status, _ := final["status"].(string)
		vendorID, _ := final["provider_id"].(string)
		if status == "accepted" && final["provider"] == "athens" && rand.IntN(4) > 0 {
			s.report(vendorID)
			if _, ok := s.wait(m, func(status string) bool { return status == "delivered" }); !ok {
				continue
			}
			status = "delivered"
		}
		s.mu.Lock()
		s.finals[m.text] = status
		s.mu.Unlock()
	}
}

// wait asks for a message until its status is right.
func (s *soak) wait(m ack, right func(status string) bool) (got map[string]any, ok bool) {
	var code int
	for until := time.Now().Add(min(30*time.Second+s.long, 4*time.Minute)); time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		if code, got = s.call(s.Context(), http.MethodGet, "/v1/messages/"+m.id, "", ""); code == http.StatusNotFound {
			break
		}
		if status, _ := got["status"].(string); code == http.StatusOK && right(status) {
			return got, true
		}
	}
	s.Errorf("%s %s has not come to its end: %d, %v", m.id, m.text, code, got)
	return nil, false
}

// report sends the report of a message as the vendor does: until it is acknowledged,
// and now and then twice.
func (s *soak) report(vendorID string) {
	body, err := s.athens.ReportBody(vendorID, apifontest.Report{Code: 7})
	if !assert.NoError(s, err) {
		return
	}
	for times := 1 + rand.IntN(10)/9; times > 0; {
		resp, err := s.client.Post(s.gateway().url+s.callbacks, "application/json", bytes.NewReader(body))
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode < 300 {
			times--
			s.count(func(t *soakTally) { t.reports++ })
			continue
		}
		assert.Equal(s, http.StatusServiceUnavailable, resp.StatusCode)
		time.Sleep(50 * time.Millisecond)
	}
}

// listenNowAndThen opens streams of events and leaves them again.
func (s *soak) listenNowAndThen() {
	for s.pause(time.Duration(rand.IntN(500)) * time.Millisecond) {
		s.stream("", false)
	}
}

// stream reads events. The faithful one goes on until the last gateway has ended, and notes
// what it was told; the others leave after a while.
func (s *soak) stream(last string, faithful bool) {
	for {
		ctx, leave := context.WithTimeout(s.Context(), rand.N(10*time.Second))
		if faithful {
			leave()
			ctx, leave = context.WithCancel(s.Context())
		}
		last = s.read(ctx, last, faithful)
		leave()
		if !faithful {
			return
		}
		select {
		case <-s.stopped:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// read reads a stream to its end and returns the id of the last event.
func (s *soak) read(ctx context.Context, last string, faithful bool) string {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.gateway().url+"/v1/events", nil)
	if err != nil {
		return last
	}
	r.Header.Set("Authorization", "Bearer "+soakKey)
	if faithful {
		r.Header.Set("Last-Event-ID", cmp.Or(last, "0"))
	}
	client := &http.Client{Transport: s.client.Transport} // without its timeout
	resp, err := client.Do(r)
	if err != nil {
		return last
	}
	defer resp.Body.Close()
	if !assert.Equal(s, http.StatusOK, resp.StatusCode) {
		time.Sleep(time.Second)
		return last
	}
	s.count(func(t *soakTally) { t.streams++ })
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	id, data := "", ""
	for lines.Scan() {
		switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
		case "id":
			id = value
		case "data":
			data = value
		case "": // the end of an event, which is whole only now
			if data != "" {
				s.note(data, faithful)
				last, data = id, ""
			}
		}
	}
	return last
}

// note notes an event of a stream.
func (s *soak) note(data string, faithful bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.events++
	if text := told(data); faithful && text != "" {
		s.told[text] = true
	}
}

// told is the text of the message that an event is about.
func told(data string) string {
	var e struct{ Data struct{ Text, Ref string } }
	_ = json.Unmarshal([]byte(data), &e)
	if e.Data.Ref == "" {
		return ""
	}
	return "message " + e.Data.Ref
}

// allTold reports whether the stream and the webhook told about every message.
func (s *soak) allTold() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for text := range s.finals {
		if !s.told[text] {
			return false
		}
	}
	return true
}

// waitTold waits until every message was told about.
func (s *soak) waitTold() {
	until := time.Now().Add(time.Minute)
	for (!s.allTold() || !s.hook.knowsAll(s)) && time.Now().Before(until) {
		time.Sleep(20 * time.Millisecond)
	}
	assert.True(s, s.allTold(), "a message is missing in the stream of events")
	assert.True(s, s.hook.knowsAll(s), "a message is missing at the webhook")
}

const soakSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// hookServer is a program that gets the events by webhook.
type hookServer struct {
	*httptest.Server
	mu   sync.Mutex
	told map[string]bool
}

func newHookServer() *hookServer {
	h := &hookServer{told: make(map[string]bool)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.told[told(string(b))] = true
	}))
	return h
}

func (h *hookServer) knowsAll(s *soak) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	for text := range s.finals {
		if !h.told[text] {
			return false
		}
	}
	return true
}
