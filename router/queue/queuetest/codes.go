package queuetest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

// Codes makes the queues of [BenchmarkCode].
type Codes struct {
	Open func(*testing.B) *ledger.Ledger // empty; the benchmark closes it
	New  func(*testing.B, *ledger.Ledger, *router.Router) *queue.Queue
	// Limit sets what several machines would share; nil = nothing.
	Limit func(*testing.B, *ledger.Ledger, *router.Upstream)
	// Ready is called once the campaign is queued; nil = nothing is.
	Ready func(*testing.B, *ledger.Ledger)
}

// codeRate is how many calls a second the vendor allows.
const codeRate = 200

// BenchmarkCode measures how long a one-time code takes from Enqueue to the vendor: with an
// empty queue, and behind a campaign that waits for the vendor's rate limit. The campaign
// has ANYSMS_CAMPAIGN messages; default 20,000.
func BenchmarkCode(b *testing.B, c Codes) {
	campaign := 20_000
	if n, err := strconv.Atoi(os.Getenv("ANYSMS_CAMPAIGN")); err == nil {
		campaign = n
	}
	for _, behind := range []int{0, campaign} {
		b.Run(fmt.Sprint("behind ", behind), func(b *testing.B) { c.measure(b, behind) })
	}
}

func (c *Codes) measure(b *testing.B, behind int) {
	vendor := NewVendor(b)
	q := c.start(b, vendor, behind)
	arrived := make(chan time.Time, 1)
	vendor.Meet(func(ref string) {
		if vendor.Text(ref) == "Code" {
			arrived <- time.Now()
		}
	})
	ctx, cancel := context.WithCancel(b.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = q.Run(ctx) })
	defer func() { cancel(); done.Wait() }()
	time.Sleep(time.Second) // until it works
	var took []time.Duration
	for b.Loop() { // the campaign is queued once
		began := time.Now()
		queueAll(b, q, &provider.Message{To: e164.MustParse("+12125550123"), Text: "Code", Class: provider.OTP})
		took = append(took, (<-arrived).Sub(began))
		time.Sleep(5 * time.Millisecond)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
}

// start makes a queue with a campaign in it.
func (c *Codes) start(b *testing.B, vendor *Vendor, campaign int) *queue.Queue {
	l := c.Open(b)
	b.Cleanup(func() { require.NoError(b, l.Close()) })
	p, err := NewProvider(vendor.URL)
	require.NoError(b, err)
	u := router.Upstream{Name: "vendor", Provider: p, RateLimit: codeRate}
	if c.Limit != nil {
		c.Limit(b, l, &u)
	}
	r, err := router.New([]router.Upstream{u}, &router.Options{Store: l, Journal: l, Validation: router.Shape})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, r.Close(context.Background())) })
	q := c.New(b, l, r)
	began := time.Now()
	for i := 0; i < campaign; i += 1000 {
		ms := make([]*provider.Message, min(1000, campaign-i))
		for j := range ms {
			to := e164.MustParse(fmt.Sprintf("+1212%07d", i+j))
			ms[j] = &provider.Message{To: to, Text: "Your parcel is here.", Ref: fmt.Sprint("row-", i+j), Class: provider.Marketing}
		}
		queueAll(b, q, ms...)
	}
	b.Logf("%d messages queued in %v", campaign, time.Since(began))
	if c.Ready != nil {
		c.Ready(b, l)
	}
	return q
}

func queueAll(b *testing.B, q *queue.Queue, ms ...*provider.Message) {
	items := make([]queue.Item, len(ms))
	for i, m := range ms {
		items[i].Message = m
	}
	list, err := q.EnqueueAll(b.Context(), items...)
	require.NoError(b, err)
	for _, e := range list {
		require.NoError(b, e.Err)
	}
}
