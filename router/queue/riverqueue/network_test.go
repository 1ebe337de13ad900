package riverqueue_test

import (
	"os"
	"testing"
	"time"

	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
	"github.com/anysms/anysms/router/queue/queuetest"
)

// TestNetwork lets the network between two workers and the server pause, slow down and
// break, in the middle of what they do. In the long form it pauses for longer than the
// server waits for a transaction.
func TestNetwork(t *testing.T) {
	address := postgrestest.Schema(t)
	network, through := postgrestest.NewNetwork(t, address)
	k := queuetest.Kill{
		Messages: 600, Workers: 2, Kills: 8, New: newWorker, Cut: true, Patience: 4 * time.Minute, Args: []string{through},
		Open: func() *ledger.Ledger { return open(t, address) },
	}
	pause := 2 * time.Second
	if os.Getenv("ANYSMS_LONG") != "" {
		k.Messages, k.Kills, pause = 20000, 32, 15*time.Second
	}
	k.Trouble = func(round int) {
		switch round % 4 {
		case 0:
			network.Cut()
		case 1:
			network.Stop()
			time.Sleep(pause)
			network.Resume()
		case 2:
			network.Delay(30 * time.Millisecond)
			time.Sleep(time.Second)
			network.Delay(0)
		case 3: // what was on its way is lost
			network.Stop()
			time.Sleep(pause / 4)
			network.Cut()
			network.Resume()
		}
	}
	queuetest.Killed(t, k)
}
