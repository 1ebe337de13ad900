package journal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

const (
	envEndurance = "ANYSMS_ENDURANCE"      // how long TestEndurance runs, such as 1h; without it, three rounds
	envSeed      = "ANYSMS_ENDURANCE_SEED" // of the first round; default the time
	envCampaign  = "ANYSMS_TEST_CAMPAIGN"  // set: this process sends the campaign in it
	envRedis     = "ANYSMS_REDIS"          // the address of a Redis server, for rounds with a store
)

// tally is what the rounds came to.
type tally struct {
	rounds, kills, faults, messages, requests  int
	accepted, unknown, unsent, refused, shared int
	duplicates                                 int // that were announced, where they are allowed
}

// TestEndurance runs random schedules: processes that send campaigns over real sockets,
// with a journal and a store, are killed, reconfigured and resumed, while their vendors
// refuse, drop, hang and fail. Then what was reported is compared with what the vendors
// have: nothing that was reported as accepted is missing, nothing that was reported as
// not sent or refused is there, and nothing is there twice that was not announced.
func TestEndurance(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv(envSeed); s != "" {
		_, err := fmt.Sscan(s, &seed)
		require.NoError(t, err)
	}
	until, rounds := time.Time{}, 3
	if s := os.Getenv(envEndurance); s != "" {
		d, err := time.ParseDuration(s)
		require.NoError(t, err)
		until = time.Now().Add(d)
	}
	var sum tally
	began := time.Now()
	for ; !t.Failed() && (sum.rounds < rounds || time.Now().Before(until)); seed++ {
		round(t, seed, &sum)
	}
	t.Logf("%d rounds in %s: %d messages, %d requests, %d kills, %d faults; %d accepted, %d unknown, %d not sent, %d refused; %d rounds with two processes; "+
		"%d possible duplicates announced where they were allowed; lost 0, silent duplicates 0, wrongly not sent or refused 0",
		sum.rounds, time.Since(began).Round(time.Second), sum.messages, sum.requests, sum.kills, sum.faults,
		sum.accepted, sum.unknown, sum.unsent, sum.refused, sum.shared, sum.duplicates)
}

// round runs one schedule.
func round(t *testing.T, seed uint64, sum *tally) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	p := drawPlan(seed, rng, t.TempDir())
	var vendors []*phonifytest.Server
	for range 1 + rng.IntN(3) {
		v := phonifytest.NewServer(phonifytest.Options{})
		defer v.Close()
		vendors = append(vendors, v)
		p.Vendors = append(p.Vendors, v.URL)
	}
	trouble, calm := context.WithCancel(t.Context())
	troubled := make(chan struct{})
	go func() {
		defer close(troubled)
		sum.faults += p.trouble(trouble, rand.New(rand.NewPCG(seed, 3)), vendors)
	}()
	finals := make([]map[int]*router.Result, p.processes)
	done := make(chan error, p.processes)
	killed := make([]int, p.processes)
	for i := range p.processes {
		own := *p
		own.Journal += fmt.Sprint(i)
		go func() {
			var err error
			killed[i], err = own.kill(rand.New(rand.NewPCG(seed, uint64(10+i))))
			done <- err
		}()
	}
	for range p.processes {
		require.NoError(t, <-done)
	}
	calm()
	<-troubled
	for i := range p.processes { // the last run of each, in calm
		own := *p
		own.Journal += fmt.Sprint(i)
		sum.kills += killed[i]
		var err error
		finals[i], err = own.finish()
		require.NoError(t, err, "seed %d", seed)
	}
	has := make(map[string]int)
	for _, v := range vendors {
		sum.requests += v.Requests()
		for _, m := range v.Messages() {
			has[m.Text]++
		}
	}
	sum.rounds++
	sum.messages += p.Rows
	if p.processes > 1 {
		sum.shared++
	}
	for i := range p.Rows {
		p.judge(t, i, has[textOf(i)], finals, sum)
	}
}

// judge compares the final results of a row with how often the vendors have it.
func (p *plan) judge(t *testing.T, i, n int, finals []map[int]*router.Result, sum *tally) {
	t.Helper()
	accepted, doubt, announced := 0, 0, false
	for _, final := range finals {
		r := final[i]
		if r == nil {
			t.Errorf("seed %d, row %d: no result", p.Seed, i)
			return
		}
		announced = announced || r.DuplicatePossible
		switch r.Status {
		case provider.OutcomeAccepted:
			accepted++
		case provider.OutcomeUnknown:
			doubt++
		case provider.OutcomeNotSent:
			sum.unsent++
		case provider.OutcomeRefused:
			sum.refused++
		}
	}
	sum.accepted += accepted
	sum.unknown += doubt
	switch {
	case accepted > 0 && n == 0:
		t.Errorf("seed %d, row %d: lost: %s", p.Seed, i, finals[0][i])
	case accepted == 0 && doubt == 0 && n > 0:
		t.Errorf("seed %d, row %d: reported as %s, and a vendor has it", p.Seed, i, finals[0][i])
	case n > 1 && p.Delivery == provider.AtMostOnce:
		t.Errorf("seed %d, row %d: sent %d times: %s", p.Seed, i, n, finals[0][i])
	case n > 1 && !announced:
		t.Errorf("seed %d, row %d: sent %d times and nobody was told: %s", p.Seed, i, n, finals[0][i])
	}
	if announced {
		sum.duplicates++
	}
}
