package guard_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// envSpender makes the test program a process that spends a budget: database, address of
// the vendor and name follow as arguments.
const envSpender = "ANYSMS_TEST_SPENDER"

func TestMain(m *testing.M) {
	if os.Getenv(envSpender) == "" {
		os.Exit(m.Run())
	}
	if err := spend(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// affordable and price make a budget of 300 messages.
const (
	price        = 20_000
	affordable   = 300
	spendersEach = 4 // messages at the same time in one process
)

// spend sends until there is no money left. Started again it begins with the same refs.
func spend(database, vendor, name string) error {
	ctx := context.Background()
	l, err := openDatabase(ctx, database)
	if err != nil {
		return err
	}
	defer l.Close()
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	policy, err := guard.New(guard.Options{
		Counters: guard.NewLedgerCounters(l),
		Budgets:  []guard.Budget{{Max: euros(affordable * price / 1_000_000), Period: guard.Month}},
	})
	if err != nil {
		return err
	}
	policy.SetClock(func() time.Time { return noon })
	p, err := smpp.New(smpp.Config{Address: vendor, SystemID: "esme", Password: "secret"})
	if err != nil {
		return err
	}
	defer p.Close()
	o := &router.Options{Guard: policy, Store: l, Journal: l}
	priced(price)(o)
	r, err := router.New([]router.Upstream{{Name: "vendor", Provider: p}}, o)
	if err != nil {
		return err
	}
	var refs, done sync.Mutex
	next, out := 0, false
	var senders sync.WaitGroup
	for range spendersEach {
		senders.Go(func() {
			for {
				refs.Lock()
				m := to(greek)
				m.Ref = fmt.Sprintf("%s-%d", name, next)
				next++
				refs.Unlock()
				result, _ := r.Send(ctx, m)
				done.Lock()
				out = out || result.Code == provider.InsufficientFunds
				stop := out
				done.Unlock()
				if stop {
					return
				}
			}
		})
	}
	senders.Wait()
	return r.Close(ctx)
}

func openDatabase(ctx context.Context, database string) (*ledger.Ledger, error) {
	if strings.HasPrefix(database, "postgres") {
		return postgres.Open(ctx, database, ledger.Options{Key: ledgerKey})
	}
	return sqlite.Open(ctx, database, ledger.Options{Key: ledgerKey})
}

// Two processes spend one budget, and are killed at random moments and started again.
// The vendor has never more than the budget pays for, and what it lacks was under way
// in a process that was killed.
func TestKilledProcessesKeepABudget(t *testing.T) {
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "anysms.db") },
		"postgres": func(t *testing.T) string { return postgrestest.Schema(t) },
	} {
		t.Run(name, func(t *testing.T) {
			rounds := 1
			if os.Getenv("ANYSMS_LONG") != "" {
				rounds = 20
			}
			for range rounds {
				keepABudget(t, database(t))
			}
		})
	}
}

func keepABudget(t *testing.T, database string) {
	server := smpptest.NewServer(smpptest.Config{})
	defer server.Close()
	var kills [2]int
	var both sync.WaitGroup
	for i := range kills {
		both.Go(func() { kills[i] = runSpender(t, server, database, fmt.Sprint("p", i)) })
	}
	both.Wait()
	accepted, killed := len(server.Messages()), kills[0]+kills[1]
	t.Logf("%d kills; the vendor has %d of %d messages", killed, accepted, affordable)
	assert.LessOrEqual(t, accepted, affordable, "overspent")
	assert.GreaterOrEqual(t, accepted, affordable-killed*spendersEach, "charges were lost that were not under way")
}

// runSpender runs a process until it says that no money is left, and kills it a few
// times meanwhile, each time after some more messages.
func runSpender(t *testing.T, server *smpptest.Server, database, name string) (kills int) {
	for {
		c := exec.Command(os.Args[0], database, server.Address(), name)
		c.Env, c.Stderr = append(os.Environ(), envSpender+"=1"), os.Stderr
		if !assert.NoError(t, c.Start()) {
			return kills
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		enough := math.MaxInt
		if kills < 4 {
			enough = server.Submits() + 1 + rand.IntN(affordable/8)
		}
		if over, err := awaitEnd(ended, func() bool { return server.Submits() >= enough }); over {
			assert.NoError(t, err)
			return kills
		}
		_ = c.Process.Kill()
		if err := <-ended; err == nil {
			return kills // it had ended by itself
		}
		kills++
	}
}

// awaitEnd waits for a process to end, or for a reason to kill it.
func awaitEnd(end <-chan error, reason func() bool) (ended bool, err error) {
	for tick := time.Tick(time.Millisecond); ; {
		select {
		case err := <-end:
			return true, err
		case <-tick:
			if reason() {
				return false, nil
			}
		}
	}
}
