package journal_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/journal"
)

const (
	envChild = "ANYSMS_TEST_CHILD" // set: this process is the one that is killed
	envLong  = "ANYSMS_LONG"       // set: more kills
	rows     = 2000
)

func TestMain(m *testing.M) {
	if description := os.Getenv(envCampaign); description != "" {
		if err := campaign(description); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv(envChild) != "" {
		if err := child(os.Getenv(envChild), os.Args[len(os.Args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// row is a line of a child's output.
type row struct {
	Line   int
	Result *router.Result
}

// child sends the rows to a vendor at url with a journal, and prints each result.
func child(url, path string) error {
	j, err := journal.Open(path)
	if err != nil {
		return err
	}
	p, err := phonify.New(phonify.Config{Config: httpcall.Config{BaseURL: url}, APIKey: phonifytest.APIKey})
	if err != nil {
		return err
	}
	r, err := router.New([]router.Upstream{{Name: "usa", Provider: p}}, &router.Options{Journal: j, Validation: router.Shape})
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	results, err := r.SendAll(context.Background(), messages())
	if err != nil {
		return err
	}
	for res := range results {
		if err := out.Encode(row{res.Index + 1, res}); err != nil {
			return err
		}
	}
	if err := r.Close(context.Background()); err != nil {
		return err
	}
	return j.Close()
}

// messages: every fourth has a ref; some are equal, as rows of files are.
func messages() iter.Seq[*provider.Message] {
	return func(yield func(*provider.Message) bool) {
		for i := range rows {
			m := &provider.Message{To: e164.MustParse(fmt.Sprintf("+1212555%04d", i/2)), Text: "Your parcel is here."}
			if i%4 == 0 {
				m.Ref = fmt.Sprintf("row-%d", i)
			}
			if !yield(m) {
				return
			}
		}
	}
}

// A process that sends is killed at random moments. After the last resume each
// message was sent exactly once, or is reported as unknown and was sent at most
// once.
func TestKilled(t *testing.T) {
	kills := 3
	if os.Getenv(envLong) != "" {
		kills = 20
	}
	server := phonifytest.NewServer(phonifytest.Options{})
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "journal")
	for range kills {
		run := begin(t, server.URL, path)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = run.Wait() // it is killed, or done before
		}()
		// A part of what is left, so that every kill comes in the middle.
		at := server.Requests() + 1 + rand.IntN(max(1, (rows-server.Requests())/2))
		for server.Requests() < at && !isClosed(ended) {
			time.Sleep(100 * time.Microsecond)
		}
		_ = run.Process.Kill() // an error means that it is done
		<-ended
	}
	run := begin(t, server.URL, path)
	require.NoError(t, run.Wait(), "%s", run.Stderr)

	sent := make(map[string]int)
	for _, m := range server.Messages() {
		sent[m.To]++
	}
	words, unknown, replayed := make(map[int]*router.Result), 0, 0
	lines := bufio.NewScanner(run.Stdout.(*bytes.Buffer))
	for lines.Scan() {
		var r row
		require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		words[r.Line] = r.Result
		if r.Result.Replayed {
			replayed++
		}
	}
	require.Len(t, words, rows, "every row has one final line")
	assert.Positive(t, replayed)
	for line := 1; line <= rows; line += 2 { // two rows for each number
		first, second := words[line], words[line+1]
		accepted, doubtful := 0, 0
		for _, res := range []*router.Result{first, second} {
			switch res.Status {
			case provider.OutcomeAccepted:
				accepted++
			case provider.OutcomeUnknown:
				doubtful++
			default:
				t.Errorf("rows %d and %d: %s %s", line, line+1, res.Status, res.Message)
			}
		}
		unknown += doubtful
		n := sent[first.To.String()]
		assert.GreaterOrEqual(t, n, accepted, "rows %d and %d: lost", line, line+1)
		assert.LessOrEqual(t, n, accepted+doubtful, "rows %d and %d: a silent duplicate", line, line+1)
	}
	assert.LessOrEqual(t, unknown, kills*router.DefaultConcurrency, "only what was in flight may be in doubt")
	t.Logf("%d kills: %d sent, %d unknown, %d replayed, lost 0, silent duplicates 0", kills, len(server.Messages()), unknown, replayed)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func begin(t *testing.T, url, path string) *exec.Cmd {
	t.Helper()
	run := exec.Command(os.Args[0], "--", path)
	run.Env = append(os.Environ(), envChild+"="+url)
	run.Stdout, run.Stderr = new(bytes.Buffer), new(bytes.Buffer)
	require.NoError(t, run.Start())
	return run
}
