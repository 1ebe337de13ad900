package router_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// clerk is a vendor of the model: it does what its plan says, keeps count of the calls
// that are under way, and breaks the contract where that must do no harm.
type clerk struct {
	*memory.Provider
	plan *vendorPlan

	mu    sync.Mutex
	busy  int
	most  int // calls that were under way at the same time
	calls []time.Time
}

// Breaches of the contract.
var (
	errSilent = errors.New("neither a receipt nor an error")
	errBlank  = errors.New("a receipt with a blank id")
)

func (c *clerk) enter() (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy++
	c.most = max(c.most, c.busy)
	c.calls = append(c.calls, time.Now())
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.busy--
	}
}

func (c *clerk) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	defer c.enter()()
	return c.send(ctx, m)
}

func (c *clerk) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	defer c.enter()()
	verdicts := make([]provider.Verdict, len(ms))
	for i, m := range ms {
		verdicts[i].Receipt, verdicts[i].Err = c.send(ctx, m)
	}
	return verdicts
}

func (c *clerk) send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	defer func() { m.To, m.Text, m.Ref = e164.Number{}, "spoilt", "spoilt" }() // it is the driver's own
	receipt, err := c.Provider.Send(ctx, m)
	switch {
	case errors.Is(err, errSilent):
		return nil, nil
	case errors.Is(err, errBlank):
		return &provider.Receipt{ID: " "}, nil
	}
	return receipt, err
}

// Find lists a message late, but not later than the plan's FindSettles.
func (c *clerk) Find(ctx context.Context, m *provider.Message, since time.Time) (*provider.Receipt, error) {
	defer c.enter()()
	receipt, err := c.Provider.Find(ctx, m, since)
	if receipt == nil || err != nil {
		return receipt, err
	}
	listed := slices.ContainsFunc(c.Messages(), func(e memory.Entry) bool {
		return e.ID == receipt.ID && time.Since(e.At) >= c.plan.listsAfter
	})
	if !listed {
		return nil, nil
	}
	return receipt, nil
}

// Close leaves the vendor open, for the next router.
func (c *clerk) Close() error { return nil }

// overLimits says how the calls exceeded the limits; "" = they did not.
func (c *clerk) overLimits() string {
	limit := c.plan.line.MaxInFlight
	if limit > 0 && c.most > limit {
		return "more calls in flight than max_in_flight"
	}
	rate := c.plan.line.RateLimit
	if rate == 0 {
		return ""
	}
	const window = 10 * time.Second
	most := int(rate*window.Seconds() + max(1, rate/10) + 2)
	slices.SortFunc(c.calls, time.Time.Compare)
	for i := range c.calls {
		if j := i + most; j < len(c.calls) && c.calls[j].Sub(c.calls[i]) < window {
			return "more calls than rate_limit"
		}
	}
	return ""
}
