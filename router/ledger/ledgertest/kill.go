package ledgertest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// EnvChild is set in the processes that [Killed] starts and kills. A test binary that
// uses it calls [Child] from its TestMain when the variable is set.
const EnvChild = "ANYSMS_LEDGER_CHILD"

// killRows is how many messages the processes send.
const killRows = 400

// Child is a process that is killed: it sends the messages that are not sent yet to the
// counting vendor whose URL is in [EnvChild], and records the reports that are posted to
// it. It prints its address first.
func Child(l *ledger.Ledger) error {
	p, err := newCounted(os.Getenv(EnvChild))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := l.Record(r.Context(), "counted", killReport(r.URL.Query().Get("id"))); err != nil {
			http.Error(w, "not recorded", http.StatusServiceUnavailable)
		}
	})}
	go func() { _ = server.Serve(listener) }() // it ends with the process
	fmt.Println(listener.Addr())

	r, err := router.New([]router.Upstream{{Name: "counted", Provider: p}}, &router.Options{
		Store: l, Journal: l, Validation: router.Shape, Concurrency: 16,
	})
	if err != nil {
		return err
	}
	results, err := r.SendAll(context.Background(), func(yield func(*provider.Message) bool) {
		for i := range killRows {
			if !yield(&provider.Message{To: e164.MustParse(fmt.Sprintf("+1212555%04d", i)), Text: "Your parcel is here.", Ref: fmt.Sprint("row-", i)}) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	for _, err := range results {
		_ = err // the ledger has the outcome
	}
	fmt.Println("done")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent has had enough
	if err := r.Close(context.Background()); err != nil {
		return err
	}
	return l.Close()
}

func killReport(id string) provider.Event {
	return provider.Event{Kind: provider.Report, ID: id, Status: provider.StatusSent, At: reportTime}
}

// counted is a provider for the counting vendor.
type counted struct{ client *httpcall.Client }

func newCounted(url string) (*counted, error) {
	c, err := httpcall.New(httpcall.Config{BaseURL: url})
	return &counted{c}, err
}

func (*counted) Capabilities() provider.Capabilities { return provider.Capabilities{} }

func (p *counted) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	r, err := httpcall.JSON(http.MethodPost, "/messages", vendorMessage{m.Ref})
	if err != nil {
		return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	resp, err := p.client.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	var taken vendorMessage
	if err := resp.Decode(&taken); err != nil || taken.Ref != m.Ref {
		return nil, resp.ByStatus()
	}
	return &provider.Receipt{ID: "id-" + taken.Ref}, nil
}

// vendorMessage is what the vendor takes and returns.
type vendorMessage struct {
	Ref string `json:"ref"`
}

// vendor counts how often it was sent each ref.
type vendor struct {
	mu    sync.Mutex
	seen  map[string]int
	total int
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m vendorMessage
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		http.Error(w, "cut off", http.StatusBadRequest)
		return
	}
	v.mu.Lock()
	v.seen[m.Ref]++
	v.total++
	v.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(m) // a client that was killed reads nothing
}

func (v *vendor) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.total
}

// child is a running process.
type child struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	address string
	done    chan struct{} // it has sent everything, or has ended
	output  bytes.Buffer
}

func begin(t *testing.T, url string, args ...string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0], args...), done: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), EnvChild+"="+url)
	c.cmd.Stderr = &c.output
	out, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	c.stdin, err = c.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	lines := bufio.NewScanner(out)
	if lines.Scan() {
		c.address = lines.Text()
	}
	go func() {
		defer close(c.done)
		for lines.Scan() && lines.Text() != "done" {
		}
	}()
	return c
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill() // an error means that it has ended
	_ = c.cmd.Wait()         // that it was killed
}

// Killed kills processes in the middle of sends and reports. Afterwards every report
// that was acknowledged is there once, every message that the ledger has as accepted was
// sent once, and one that it has as unknown at most once. args are those of the
// processes, which call [Child]. meanwhile is called after each kill; nil = nothing is.
func Killed(t *testing.T, kills int, l func() *ledger.Ledger, meanwhile func(), args ...string) {
	v := &vendor{seen: make(map[string]int)}
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	var acknowledged []string
	next := 0
	for round := 0; ; round++ {
		c := begin(t, server.URL, args...)
		last := round >= kills
		until := v.count() + 1 + rand.IntN(max(1, 2*killRows/(kills+1)))
		for !last && v.count() < until && !isDone(c.done) {
			id := fmt.Sprint("report-", next)
			if next++; post(c.address, id) {
				acknowledged = append(acknowledged, id)
			}
		}
		if last {
			<-c.done
			require.NoError(t, c.stdin.Close())
			require.NoError(t, c.cmd.Wait(), "%s", &c.output)
			break
		}
		c.kill()
		if meanwhile != nil {
			meanwhile()
		}
	}
	check(t, l(), v, acknowledged)
}

func isDone(done chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// post reports to a child, and says whether it has acknowledged that.
func post(address, id string) bool {
	resp, err := http.Get("http://" + address + "/?id=" + id)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode == http.StatusOK
}

func check(t *testing.T, l *ledger.Ledger, v *vendor, acknowledged []string) {
	t.Helper()
	defer func() { require.NoError(t, l.Close()) }()
	for _, id := range acknowledged {
		counts, err := l.Record(t.Context(), "counted", killReport(id))
		require.NoError(t, err)
		assert.Equal(t, 1, counts.Repeated, "%s was acknowledged and is gone", id)
	}
	statuses := make(map[ledger.Status]int)
	for i := range killRows {
		ref := fmt.Sprint("row-", i)
		page, _, err := l.Messages(t.Context(), ledger.Filter{Ref: ref})
		require.NoError(t, err)
		require.Len(t, page, 1, ref)
		statuses[page[0].Status]++
		switch sent := v.seen[ref]; page[0].Status {
		case ledger.Accepted:
			assert.Equal(t, 1, sent, "%s is accepted", ref)
		case ledger.Unknown:
			assert.LessOrEqual(t, sent, 1, "%s is unknown", ref)
		default:
			assert.Fail(t, "no honest claim", "%s is %s and was sent %d times", ref, page[0].Status, sent)
		}
	}
	report, _ := json.Marshal(statuses) // a map of numbers
	t.Logf("%s; %d reports acknowledged; the vendor was sent %d", report, len(acknowledged), v.total)
	assert.NotEmpty(t, acknowledged)
}
