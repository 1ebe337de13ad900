package journal_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/journal"
	"github.com/anysms/anysms/router/redisstore"
)

// plan is a random schedule: what one or two processes send at the same time, and what
// happens to them and to the vendors.
type plan struct {
	Seed     uint64
	Rows     int
	Refs     bool // else the content is the key
	Delivery provider.Delivery
	Vendors  []string // their URLs
	Weighted bool

	Concurrency, Budget, Tries, Failures int // as in router.Options
	LastResort                           bool
	Hold                                 time.Duration

	Reload  time.Duration // how often; 0 = never
	Redis   string        // the address; "" = no store
	Prefix  string
	Journal string
	Pause   time.Duration // between two rows

	kills     int
	processes int
	faults    int // of the vendors
}

func drawPlan(seed uint64, rng *rand.Rand, dir string) *plan {
	p := &plan{
		Seed: seed, Rows: 20 + rng.IntN(400), Refs: rng.IntN(3) > 0, Weighted: rng.IntN(2) == 0,
		Delivery: []provider.Delivery{provider.AtMostOnce, provider.AtMostOnce, provider.AtLeastOnce}[rng.IntN(3)],
		Journal:  filepath.Join(dir, "journal"), Pause: time.Duration(rng.IntN(2000)) * time.Microsecond,
		kills: rng.IntN(4), processes: 1, faults: rng.IntN(12),
	}
	p.Concurrency, p.Budget, p.Tries, p.Failures = 1+rng.IntN(64), 1+rng.IntN(6), 1+rng.IntN(3), 1+rng.IntN(5)
	p.LastResort = rng.IntN(4) == 0
	p.Hold = []time.Duration{-1, 300 * time.Millisecond, 5 * time.Second}[rng.IntN(3)]
	if rng.IntN(2) == 0 {
		p.Reload = time.Duration(5+rng.IntN(100)) * time.Millisecond
	}
	if addr := os.Getenv(envRedis); addr != "" && rng.IntN(2) == 0 {
		p.Redis, p.Prefix, p.Refs = addr, fmt.Sprintf("endurance:%d:", seed), true
		p.processes = 1 + rng.IntN(2)
	}
	return p
}

// messages are the rows of the campaign; no two have the same text.
func (p *plan) messages() iter.Seq[*provider.Message] {
	return func(yield func(*provider.Message) bool) {
		for i := range p.Rows {
			m := &provider.Message{To: e164.MustParse("+12125550123"), Text: textOf(i), Delivery: p.Delivery}
			if p.Refs {
				m.Ref = fmt.Sprintf("row-%d", i)
			}
			time.Sleep(p.Pause)
			if !yield(m) {
				return
			}
		}
	}
}

func textOf(row int) string { return fmt.Sprintf("message %d", row) }

// setting is a configuration of the campaign's router; each reload draws another one.
func (p *plan) setting(providers []provider.Provider, records router.Options, rng *rand.Rand) ([]router.Upstream, *router.Options) {
	opts := records
	opts.Concurrency, opts.AttemptBudget, opts.Validation, opts.Hold = p.Concurrency, p.Budget, router.Shape, p.Hold
	opts.Retry = router.Retry{MaxAttempts: p.Tries, Initial: 5 * time.Millisecond}
	opts.Breaker = router.Breaker{Failures: p.Failures, OpenFor: 50 * time.Millisecond, LastResort: p.LastResort}
	var ups []router.Upstream
	var targets []router.Target
	for i, vendor := range providers {
		name := fmt.Sprintf("v%d", i)
		ups = append(ups, router.Upstream{
			Name: name, Provider: vendor, Timeout: time.Second,
			MaxInFlight: []int{0, 1, 5, 64}[rng.IntN(4)], RateLimit: []float64{0, 0, 500, 2000}[rng.IntN(4)], Overflow: rng.IntN(2) == 0,
		})
		targets = append(targets, router.Target{Name: name, Weight: i + 1})
	}
	if p.Weighted {
		opts.Routes = []router.Route{{Strategy: router.Weighted, Targets: targets}}
	}
	return ups, &opts
}

// campaign runs in a process of its own, which may be killed.
func campaign(description string) error {
	var p plan
	if err := json.Unmarshal([]byte(description), &p); err != nil {
		return err
	}
	j, err := journal.Open(p.Journal)
	if err != nil {
		return err
	}
	records := router.Options{Journal: j}
	if p.Redis != "" {
		client := redis.NewClient(&redis.Options{Addr: p.Redis})
		defer client.Close()
		records.Store = redisstore.New(client, &redisstore.Options{Prefix: p.Prefix, Lease: 3 * time.Second})
	}
	var providers []provider.Provider
	for _, url := range p.Vendors {
		vendor, err := phonify.New(phonify.Config{Config: httpcall.Config{BaseURL: url}, APIKey: phonifytest.APIKey})
		if err != nil {
			return err
		}
		providers = append(providers, vendor)
	}
	rng := rand.New(rand.NewPCG(p.Seed, 2))
	r, err := router.New(p.setting(providers, records, rng))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if p.Reload > 0 {
		go func() {
			for tick := time.NewTicker(p.Reload); ctx.Err() == nil; <-tick.C {
				_, _ = r.Reload(p.setting(providers, records, rng)) // an error means that the router was closed
			}
		}()
	}
	results, err := r.SendAll(ctx, p.messages())
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for res := range results {
		if err := out.Encode(row{res.Index, res}); err != nil {
			return err
		}
	}
	cancel()
	if err := r.Close(context.Background()); err != nil {
		return err
	}
	return j.Close()
}

// trouble makes the vendors fail until the context ends, then they work. It returns the
// number of faults.
func (p *plan) trouble(ctx context.Context, rng *rand.Rand, vendors []*phonifytest.Server) int {
	faults := 0
	for ; faults < p.faults && ctx.Err() == nil; faults++ {
		v := vendors[rng.IntN(len(vendors))]
		pause(ctx, time.Duration(rng.IntN(60))*time.Millisecond)
		switch kind := rng.IntN(8); kind {
		case 0, 1, 2:
			_ = v.SetMode([]httpcalltest.Mode{httpcalltest.Down, httpcalltest.Drop, httpcalltest.Hang}[kind])
			pause(ctx, time.Duration(rng.IntN(150))*time.Millisecond)
			_ = v.SetMode(httpcalltest.Up)
		default:
			for range 1 + rng.IntN(30) {
				v.FailWith([]httpcalltest.Failure{
					{Status: 500}, {Status: 502, After: true}, {Status: 504, After: true},
					{Status: 503, Header: http.Header{"Retry-After": {"1"}}}, {Status: 429, Header: http.Header{"Retry-After": {"1"}}},
				}[kind-3])
			}
		}
	}
	for _, v := range vendors {
		for failing := true; failing && ctx.Err() != nil; {
			_, failing = v.NextFailure("")
		}
	}
	return faults
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// start starts a process with the campaign.
func (p *plan) start() (*exec.Cmd, error) {
	description, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	run := exec.Command(os.Args[0])
	run.Env = append(os.Environ(), envCampaign+"="+string(description))
	run.Stdout, run.Stderr = new(bytes.Buffer), new(bytes.Buffer)
	return run, run.Start()
}

// kill starts the campaign and kills it as often as planned, and returns how often it
// came in time.
func (p *plan) kill(rng *rand.Rand) (killed int, err error) {
	for range p.kills {
		run, err := p.start()
		if err != nil {
			return killed, err
		}
		ended := make(chan error, 1)
		go func() { ended <- run.Wait() }()
		select {
		case err := <-ended:
			return killed, failure(run, err)
		case <-time.After(time.Duration(30+rng.IntN(500)) * time.Millisecond):
			_ = run.Process.Kill() // an error means that it is done
			<-ended
			killed++
		}
	}
	return killed, nil
}

func failure(run *exec.Cmd, err error) error {
	if err != nil {
		return fmt.Errorf("%w: %s", err, run.Stderr)
	}
	return nil
}

// finish runs the campaign to its end, and returns the result of each row.
func (p *plan) finish() (map[int]*router.Result, error) {
	run, err := p.start()
	if err != nil {
		return nil, err
	}
	if err := failure(run, run.Wait()); err != nil {
		return nil, err
	}
	final := make(map[int]*router.Result)
	lines := bufio.NewScanner(run.Stdout.(*bytes.Buffer))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, err
		}
		final[r.Line] = r.Result
	}
	return final, lines.Err()
}
