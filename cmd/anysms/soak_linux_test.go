package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

const (
	envSoak     = "ANYSMS_SOAK"      // how long TestSoak posts, such as 1h; without it, a few seconds
	envSoakRate = "ANYSMS_SOAK_RATE" // messages a second to each gateway; default 30
)

// soak is a gateway under steady load, in a process of its own, over two vendors that
// count what they take.
type soak struct {
	*testing.T
	rate    int
	long    time.Duration
	dir     string
	athens  *apifontest.Server // reports what became of its messages
	usa     *phonifytest.Server
	hook    *hookServer
	client  *http.Client
	ended   chan struct{} // is closed when nothing more is posted
	stopped chan struct{} // is closed when the last gateway has ended

	callbacks string // path of the callbacks of athens

	mu      sync.Mutex
	current *served
	told    map[string]bool   // messages that the stream of events told about
	finals  map[string]string // the status of each message, by its text
	sum     soakTally
}

// soakTally counts what happened.
type soakTally struct {
	posted, repeated, cut    int // messages, posts under a known key, posts that the client gave up
	reports, streams, events int
	reloads, refused, kills  int
	faults                   int
	rss                      []int // samples, in bytes
}

// TestSoak runs two gateways side by side: one that is killed again and again, and one
// that is not, whose memory is watched. Both are reloaded, their vendors fail, clients
// give up and repeat their requests, reports come in, and streams of events come and go.
// In the end the vendors have each message that was acknowledged once, or the gateway
// says that it does not know, and every message was told to the webhook and the stream.
func TestSoak(t *testing.T) {
	long, rate := 3*time.Second, 30
	if s := os.Getenv(envSoak); s != "" {
		var err error
		long, err = time.ParseDuration(s)
		require.NoError(t, err)
	}
	if s := os.Getenv(envSoakRate); s != "" {
		_, err := fmt.Sscan(s, &rate)
		require.NoError(t, err)
	}
	for _, name := range []string{"steady", "killed"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSoak(t, long, rate)
			s.run(name == "killed")
			s.judge()
			if name == "steady" {
				s.flat()
			}
			s.log()
		})
	}
}

func newSoak(t *testing.T, long time.Duration, rate int) *soak {
	s := &soak{
		T: t, long: long, rate: rate, dir: t.TempDir(), ended: make(chan struct{}), stopped: make(chan struct{}),
		athens: apifontest.NewServer(apifontest.Options{}), usa: phonifytest.NewServer(phonifytest.Options{}), hook: newHookServer(),
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
		told:   make(map[string]bool), finals: make(map[string]string),
	}
	t.Cleanup(s.athens.Close)
	t.Cleanup(s.usa.Close)
	t.Cleanup(s.hook.Close)
	t.Cleanup(s.client.CloseIdleConnections)
	s.configure(0)
	urls := anysms(t, "webhook", "urls", "--config", filepath.Join(s.dir, "anysms.yaml"), "--url", "http://gateway/callbacks")
	require.Zero(t, urls.code, urls.stderr)
	_, rest, _ := strings.Cut(urls.stdout, "http://gateway")
	s.callbacks, _, _ = strings.Cut(rest, "\n")
	s.callbacks = strings.TrimSpace(s.callbacks)
	require.Contains(t, s.callbacks, "/callbacks/athens/")
	return s
}

const soakKey = "soak-key-0123456789abcdef0123456789abcdef"

// configure writes one of several configurations, all at once, as a reload may come at
// any moment. The last one is wrong.
func (s *soak) configure(variant int) {
	s.Helper()
	order := []string{"[athens, usa]", "[usa, athens]", "[athens, usa]", "[nobody]"}[variant]
	limit := []int{0, 500, 200, 0}[variant]
	yaml := fmt.Sprintf(`providers:
  athens: {driver: apifon, base_url: %q, token: %q, secret: %q, sender: Example, timeout: 2s, rate_limit: %d}
  usa: {driver: phonify, base_url: %q, api_key: %s, timeout: 2s}
router:
  routes: [{name: all, providers: %s}]
  breaker: {open_for: 200ms}
  retry: {initial: 20ms, max: 200ms}
database: anysms.db
ledger: {retention: 6m}
serve:
  listen: "127.0.0.1:0"
  keys: [{name: shop, key: %s, scopes: [send, read]}]
  webhooks: [{url: %q, secret: %q, allow_private: true}]
`, s.athens.URL, apifontest.Token, apifontest.Secret, limit, s.usa.URL, phonifytest.APIKey, order, soakKey, s.hook.URL, soakSecret)
	path := filepath.Join(s.dir, "anysms.yaml")
	require.NoError(s, os.WriteFile(path+".new", []byte(yaml), 0o600))
	require.NoError(s, os.Rename(path+".new", path))
}

func (s *soak) gateway() *served {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// count changes the tally.
func (s *soak) count(change func(*soakTally)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.sum)
}

// run posts messages for as long as it was told, and then waits until each has an
// outcome.
func (s *soak) run(kills bool) {
	s.current = startGateway(s.T, s.dir)
	acked := make(chan ack, 4096)
	var posters, others, streams sync.WaitGroup
	for i := range 4 {
		posters.Go(func() { s.post(i, acked) })
	}
	for range 64 {
		others.Go(func() { s.follow(acked) })
	}
	streams.Go(func() { s.stream("", true) })
	for range 6 {
		others.Go(s.listenNowAndThen)
	}
	others.Go(s.trouble)
	s.disturb(kills)
	close(s.ended)
	posters.Wait()
	close(acked)
	others.Wait()
	last := s.gateway()
	s.waitTold()
	assert.Zero(s, last.end(s.T, syscall.SIGTERM), last.errOut.String())
	close(s.stopped)
	streams.Wait()
}

// disturb reloads the gateway, kills it, and looks at its memory, until the time is over.
func (s *soak) disturb(kills bool) {
	now := time.Now()
	until, kill := now.Add(s.long), now.Add(s.nextKill())
	for now = range time.Tick(250 * time.Millisecond) {
		if now.After(until) {
			return
		}
		if rss := residentMemory(s.gateway().Process.Pid); rss > 0 {
			s.count(func(t *soakTally) { t.rss = append(t.rss, rss) })
		}
		switch {
		case kills && now.After(kill):
			s.kill()
			kill = time.Now().Add(s.nextKill())
		case rand.IntN(12) == 0:
			variant := rand.IntN(4)
			s.configure(variant)
			require.NoError(s, s.gateway().Process.Signal(syscall.SIGHUP))
			s.count(func(t *soakTally) {
				if variant == 3 {
					t.refused++
				} else {
					t.reloads++
				}
			})
		}
	}
}

func (s *soak) nextKill() time.Duration {
	return min(s.long/3, 5*time.Second+rand.N(25*time.Second))
}

func (s *soak) kill() {
	old := s.gateway()
	require.NoError(s, old.Process.Kill())
	_ = old.Wait()
	s.configure(rand.IntN(3))
	next := startGateway(s.T, s.dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = next
	s.sum.kills++
}

// trouble makes the vendors fail, one of them or both, until nothing more is posted;
// then they work.
func (s *soak) trouble() {
	for s.pause(min(s.long/6, time.Duration(500+rand.IntN(5000))*time.Millisecond)) {
		s.count(func(t *soakTally) { t.faults++ })
		usa, athens := rand.IntN(2) == 0, rand.IntN(2) == 0
		switch kind := rand.IntN(8); kind {
		case 0, 1, 2:
			mode := []httpcalltest.Mode{httpcalltest.Down, httpcalltest.Drop, httpcalltest.Hang}[kind]
			if usa {
				_ = s.usa.SetMode(mode)
			}
			if athens {
				_ = s.athens.SetMode(mode)
			}
			s.pause(min(s.long/10, time.Duration(rand.IntN(4000))*time.Millisecond))
			_ = s.usa.SetMode(httpcalltest.Up)
			_ = s.athens.SetMode(httpcalltest.Up)
		default:
			failure := []httpcalltest.Failure{
				{Status: 500}, {Status: 502, After: true}, {Status: 504, After: true},
				{Status: 503, Header: http.Header{"Retry-After": {"1"}}}, {Status: 429, Header: http.Header{"Retry-After": {"1"}}},
			}[kind-3]
			for range 1 + rand.IntN(5) {
				s.usa.FailWith(failure)
				s.athens.FailWith(failure)
			}
			s.pause(time.Second)
			for _, left := range []*httpcalltest.Failures{&s.usa.Failures, &s.athens.Failures} { // so that they do not add up
				for more := true; more; {
					_, more = left.NextFailure("")
				}
			}
		}
	}
}

// pause waits, and reports whether the soak goes on.
func (s *soak) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-s.ended:
		return false
	}
}

// judge compares what the gateway said of each message with what the vendors have.
func (s *soak) judge() {
	has := texts(s.usa)
	for _, m := range s.athens.Messages() {
		has[m.Text]++
	}
	assert.Len(s, s.finals, s.sum.posted)
	for text, status := range s.finals {
		switch n := has[text]; status {
		case "accepted", "delivered":
			assert.Equal(s, 1, n, "%s is %s", text, status)
		case "unknown":
			assert.LessOrEqual(s, n, 1, "%s is unknown", text)
		case "not_sent":
			assert.Zero(s, n, "%s is not_sent", text)
		default:
			s.Errorf("%s is %s", text, status)
		}
	}
}

// flat checks that the memory of a gateway does not grow: the median of the last
// quarter of the time is near that of the second.
func (s *soak) flat() {
	n := len(s.sum.rss)
	if s.long < time.Minute || n < 8 {
		return
	}
	early, late := median(s.sum.rss[n/4:n/2]), median(s.sum.rss[n*3/4:])
	assert.Less(s, late, early+early/4+16<<20, "resident memory grew from %d to %d MiB", early>>20, late>>20)
	assert.Less(s, slices.Max(s.sum.rss), 256<<20, "resident memory")
}

func (s *soak) log() {
	counts := make(map[string]int)
	for _, status := range s.finals {
		counts[status]++
	}
	t := &s.sum
	n := len(t.rss)
	s.Logf("%s: %d messages, %d posts repeated, %d given up by clients; %d reports, %d streams, %d events; %d reloads, %d refused, %d kills, %d faults; %v; "+
		"resident memory, median of each quarter and peak: %d, %d, %d, %d, %d MiB; lost 0, sent twice 0",
		s.long, t.posted, t.repeated, t.cut, t.reports, t.streams, t.events, t.reloads, t.refused, t.kills, t.faults, counts,
		median(t.rss[:n/4])>>20, median(t.rss[n/4:n/2])>>20, median(t.rss[n/2:n*3/4])>>20, median(t.rss[n*3/4:])>>20, slices.Max(t.rss)>>20)
}

func median(samples []int) int {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[len(sorted)/2]
}

// residentMemory is that of a process, in bytes; 0 = it cannot be read.
func residentMemory(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident int
	if _, err := fmt.Sscan(string(b), &size, &resident); err != nil {
		return 0
	}
	return resident * os.Getpagesize()
}
