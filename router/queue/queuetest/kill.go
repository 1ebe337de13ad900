package queuetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

// EnvChild is set in the processes that [Killed] starts and kills: it is the vendor's
// URL. A test binary that uses it calls [Child] from its TestMain when it is set.
const EnvChild = "ANYSMS_QUEUE_CHILD"

// Patient are lanes that give up nothing while a test runs.
func Patient() map[provider.Class]queue.Lane {
	return map[provider.Class]queue.Lane{provider.OTP: {GiveUpAfter: time.Hour}}
}

// Child is a worker that is killed. It works until its standard input ends.
func Child(l *ledger.Ledger, build func(*ledger.Ledger, *router.Router) (*queue.Queue, error)) error {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	q, closeAll, err := assemble(l, os.Getenv(EnvChild), build)
	if err != nil {
		return err
	}
	return errors.Join(q.Run(ctx), closeAll())
}

// assemble makes a queue with one provider.
func assemble(l *ledger.Ledger, url string, build func(*ledger.Ledger, *router.Router) (*queue.Queue, error)) (*queue.Queue, func() error, error) {
	p, err := NewProvider(url)
	if err != nil {
		return nil, nil, err
	}
	r, err := router.New([]router.Upstream{{Name: "counted", Provider: p}}, &router.Options{Store: l, Journal: l, Validation: router.Shape})
	if err != nil {
		return nil, nil, err
	}
	q, err := build(l, r)
	return q, func() error { return errors.Join(r.Close(context.Background()), l.Close()) }, err
}

// Kill says how workers are killed.
type Kill struct {
	Messages int
	Workers  int
	Kills    int // of workers, at random
	// Args are those of the worker processes.
	Args []string
	// Open opens the ledger for the test, New makes its queue.
	Open func() *ledger.Ledger
	New  func(*ledger.Ledger, *router.Router) (*queue.Queue, error)
	// Trouble takes the place of a kill; nil = a worker is killed.
	Trouble func(round int)
	// Meanwhile is called after each kill with the processes; nil = nothing is.
	Meanwhile func(round int, workers []*os.Process)
	// Cut says that workers lose the database. One that has proof that it sent nothing may
	// give it after another has ended the message as unknown: it is not_sent then.
	Cut bool
	// Patience is how long the messages have to get their outcomes after the last kill.
	Patience time.Duration
}

// longestRound is when the next worker is killed although few messages were sent: those
// that a killed one had are waited for.
const longestRound = 20 * time.Second

// Killed kills workers in the middle of what they do, while messages are queued.
// Afterwards every message that was acknowledged has an outcome: one that the ledger has
// as accepted was sent once, and one that it has as unknown at most once.
func Killed(t *testing.T, k Kill) {
	v := NewVendor(t)
	v.Meet(func(string) { time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond) })
	l := k.Open()
	q, closeAll, err := assemble(l, v.URL, k.New)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, closeAll()) })

	queued := make(chan []string, 1)
	go func() { queued <- enqueueAll(t, q, k.Messages) }()
	workers := make([]*process, k.Workers)
	for i := range workers {
		workers[i] = startWorker(t, v.URL, k.Args)
	}
	for round := range k.Kills {
		until := v.Total() + 1 + rand.IntN(2*k.Messages/(k.Kills+1))
		for began := time.Now(); v.Total() < until && time.Since(began) < longestRound; {
			time.Sleep(time.Millisecond)
			if len(queued) == 0 {
				continue
			}
			if n, err := left(q); err == nil && n == 0 {
				break // all have their outcomes
			}
		}
		if k.Trouble != nil {
			k.Trouble(round)
			continue
		}
		i := rand.IntN(len(workers))
		workers[i].kill()
		if k.Meanwhile != nil {
			k.Meanwhile(round, processes(workers))
		}
		workers[i] = startWorker(t, v.URL, k.Args)
	}
	ids := <-queued
	waitUntilEmpty(t, q, k.Patience)
	for _, w := range workers {
		w.stop(t)
	}
	checkHonest(t, l, v, ids, k.Cut)
}

func processes(workers []*process) (list []*os.Process) {
	for _, w := range workers {
		if w.cmd.ProcessState == nil {
			list = append(list, w.cmd.Process)
		}
	}
	return list
}

// enqueueAll queues messages and returns the ids that were acknowledged. What was not
// acknowledged is queued again.
func enqueueAll(t testing.TB, q *queue.Queue, n int) (ids []string) {
	const batch = 50
	for i := 0; i < n; i += batch {
		var items []queue.Item
		for j := i; j < min(n, i+batch); j++ {
			class := queue.Classes()[j%3]
			items = append(items, queue.Item{Message: &provider.Message{
				To: e164.MustParse(fmt.Sprintf("+1212%07d", j)), Text: "Your parcel is here.", Ref: fmt.Sprint("row-", j),
				Class: class, Delivery: provider.AtMostOnce,
			}})
		}
		var list []queue.Enqueued
		var err error
		for range 1000 {
			if list, err = q.EnqueueAll(context.Background(), items...); err == nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if !assert.NoError(t, err) {
			return ids
		}
		for _, e := range list {
			assert.NoError(t, e.Err)
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// left returns how many messages are in the queue.
func left(q *queue.Queue) (n int, err error) {
	list, err := q.Stats(context.Background())
	for _, d := range list {
		n += d.Ready + d.Later
	}
	return n, err
}

func waitUntilEmpty(t *testing.T, q *queue.Queue, patience time.Duration) {
	t.Helper()
	began := time.Now()
	for {
		n, err := left(q)
		if err == nil && n == 0 {
			t.Logf("the queue was empty %s after the last kill", time.Since(began).Round(time.Second))
			return
		}
		if time.Since(began) > patience {
			require.Fail(t, "messages are left", "%d after %s (%v)", n, patience, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func checkHonest(t testing.TB, l *ledger.Ledger, v *Vendor, ids []string, cut bool) {
	t.Helper()
	statuses := make(map[ledger.Status]int)
	possible := 0 // unknown ones that the vendor has
	for _, id := range ids {
		m, err := l.Message(t.Context(), id)
		require.NoError(t, err)
		statuses[m.Status]++
		switch sent := v.Sent(id); {
		case m.Status == ledger.Accepted:
			assert.Equal(t, 1, sent, "%s is accepted", id)
		case m.Status == ledger.Unknown:
			assert.LessOrEqual(t, sent, 1, "%s is unknown", id)
			possible += sent
		case m.Status == ledger.NotSent && cut:
			assert.Zero(t, sent, "%s is not_sent", id)
			assert.NotEmpty(t, m.Attempts, "%s was in doubt before", id)
		default:
			assert.Fail(t, "no honest claim", "%s is %s (%s) and was sent %d times", id, m.Status, m.Reason, sent)
		}
	}
	report, _ := json.Marshal(statuses) // a map of numbers
	t.Logf("%d queued: %s; the vendor was sent %d, %d of the unknown ones among them", len(ids), report, v.Total(), possible)
	assert.Equal(t, statuses[ledger.Accepted]+possible, v.Total(), "the vendor has messages that nobody claims")
}

// process is a running process.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	output bytes.Buffer
}

func startWorker(t testing.TB, url string, args []string) *process {
	t.Helper()
	w := &process{cmd: exec.Command(os.Args[0], args...)}
	w.cmd.Env = append(os.Environ(), EnvChild+"="+url)
	w.cmd.Stderr, w.cmd.Stdout = &w.output, &w.output
	var err error
	w.stdin, err = w.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, w.cmd.Start())
	return w
}

func (w *process) kill() {
	_ = w.cmd.Process.Kill() // an error means that it has ended
	_ = w.cmd.Wait()         // that it was killed
}

func (w *process) stop(t testing.TB) {
	t.Helper()
	require.NoError(t, w.stdin.Close())
	require.NoError(t, w.cmd.Wait(), "%s", &w.output)
}
