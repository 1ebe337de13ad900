package riverqueue_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/queue/queuetest"
	"github.com/anysms/anysms/router/queue/riverqueue"
)

// TestMain is also that of the processes that TestKilled kills.
func TestMain(m *testing.M) {
	if os.Getenv(queuetest.EnvChild) == "" {
		os.Exit(m.Run())
	}
	l, err := postgres.Open(context.Background(), os.Args[1], ledger.Options{Key: testKey})
	for began := time.Now(); err != nil && time.Since(began) < time.Minute; time.Sleep(100 * time.Millisecond) {
		// The server is being started again. What supervises a worker starts that again too.
		l, err = postgres.Open(context.Background(), os.Args[1], ledger.Options{Key: testKey})
	}
	if err == nil {
		err = queuetest.Child(l, newWorker)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newWorker(l *ledger.Ledger, r *router.Router) (*queue.Queue, error) {
	o := queue.Options{Lanes: queuetest.Patient()}
	q, err := riverqueue.New(context.Background(), l, r, o)
	for began := time.Now(); err != nil && time.Since(began) < time.Minute; time.Sleep(100 * time.Millisecond) {
		q, err = riverqueue.New(context.Background(), l, r, o) // as in TestMain
	}
	if err != nil {
		return nil, err
	}
	return q.Queue, nil // its connections end with the process
}

// TestKilled kills three workers at random, and the server too, if the test may do that.
// In the long form a worker is stopped for longer than the rescue takes, and goes on.
func TestKilled(t *testing.T) {
	k := queuetest.Kill{Messages: 1000, Workers: 3, Kills: 4, New: newWorker, Patience: 4 * time.Minute}
	long := os.Getenv("ANYSMS_LONG") != ""
	if long {
		k.Messages, k.Kills = 20000, 24
	}
	address := postgrestest.Schema(t)
	k.Args = []string{address}
	k.Open = func() *ledger.Ledger { return open(t, address) }
	k.Meanwhile = func(round int, workers []*os.Process) {
		switch {
		case round == 1 || round%10 == 9:
			restartServer(t)
		case long && round%8 == 2 && len(workers) > 0:
			stopped := workers[0]
			if assert.NoError(t, suspend(stopped)) {
				time.AfterFunc(110*time.Second, func() { _ = goOn(stopped) }) // an error: it was killed meanwhile
			}
		}
	}
	queuetest.Killed(t, k)
}

// restartServer ends the server as a crash does, and starts it.
func restartServer(t *testing.T) {
	restart := strings.Fields(os.Getenv("ANYSMS_POSTGRES_RESTART"))
	if len(restart) == 0 {
		return
	}
	out, err := exec.Command(restart[0], restart[1:]...).CombinedOutput() // with -m immediate
	assert.NoError(t, err, "%s", out)
}
