package guard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/sleep"
	"github.com/anysms/anysms/router"
)

// Options are the rules of a [Policy]. A rule that is left out does not apply.
type Options struct {
	OptOuts   *OptOuts
	Countries Countries
	Velocity  []Velocity
	Repeats   Repeats
	Budgets   []Budget
	Quiet     []Quiet
	Senders   Senders
	Pumping   *Pumping // counts messages of class otp; tell it of codes by [Policy.Verified]

	// Counters are where messages are counted; nil = [NewMemory](0).
	Counters Counters
	// OnError is what happens while the counters cannot be reached: messages are not
	// sent (router.FailClosed, the default), or pass uncounted.
	OnError router.FailureMode
	// Keep is how long the charge of a message is remembered by its id; default 72h. It
	// should be longer than any message is tried.
	Keep time.Duration
	// Convert converts prices to the currencies of budgets; nil = no price is converted.
	Convert Convert
	// Limiter makes the limiters of senders with a Rate; nil = each process has its own.
	Limiter func(from string, perSecond float64) (router.Limiter, error)
}

// DefaultKeep is Options.Keep where it is not given.
const DefaultKeep = 72 * time.Hour

// New returns a policy. A wrong rule is a [provider.ConfigError], whose path is that in a
// configuration file below guards.
func New(o Options) (*Policy, error) {
	p := &Policy{options: o, now: time.Now, sleep: sleep.For, zones: &zones{byName: make(map[string]*time.Location)}, names: make(map[string]string)}
	if err := p.setUp(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Policy) setUp() error {
	o := &p.options
	if o.OnError == "" {
		o.OnError = router.FailClosed
	}
	if o.OnError != router.FailClosed && o.OnError != router.FailOpen {
		return provider.ConfigErrorf("on_error", "%q; want refuse or send", string(o.OnError))
	}
	if o.Keep == 0 {
		o.Keep = DefaultKeep
	}
	if o.Keep < time.Minute {
		return provider.ConfigErrorf("keep", "%s; want at least 1m", o.Keep)
	}
	if o.Convert == nil {
		o.Convert = sameCurrency
	}
	if o.Limiter == nil {
		o.Limiter = func(_ string, perSecond float64) (router.Limiter, error) { return newPace(perSecond, time.Now), nil }
	}
	if o.OptOuts != nil && o.OptOuts.OptedOut == nil {
		return errors.New("guard: OptOuts without a list")
	}
	if err := p.setUpChecks(); err != nil {
		return err
	}
	if err := p.setUpMeters(); err != nil {
		return err
	}
	if err := o.Senders.setUp("senders"); err != nil {
		return err
	}
	var err error
	if p.paces, err = o.Senders.paces(o.Limiter); err != nil {
		return err
	}
	if o.Counters == nil && len(p.meters) > 0 {
		o.Counters = NewMemory(0)
	}
	p.Use(o.Counters)
	return nil
}

func (p *Policy) setUpChecks() error {
	o := &p.options
	for _, c := range []struct {
		path string
		list []string
	}{{"countries.allow", o.Countries.Allow}, {"countries.deny", o.Countries.Deny}} {
		if err := checkCountries(c.path, c.list); err != nil {
			return err
		}
	}
	o.Quiet = append([]Quiet(nil), o.Quiet...)
	for i := range o.Quiet {
		if err := o.Quiet[i].setUp(fmt.Sprintf("quiet_hours[%d]", i), p.zones); err != nil {
			return err
		}
	}
	return nil
}

// setUpMeters checks the rules that count, and lists them.
func (p *Policy) setUpMeters() error {
	o := &p.options
	o.Velocity = append([]Velocity(nil), o.Velocity...)
	for i := range o.Velocity {
		at := fmt.Sprintf("velocity[%d]", i)
		if err := p.addMeter(at, &o.Velocity[i], o.Velocity[i].setUp(at)); err != nil {
			return err
		}
	}
	if o.Repeats.active() {
		if err := p.addMeter("repeats", &o.Repeats, o.Repeats.setUp("repeats")); err != nil {
			return err
		}
	}
	if o.Pumping != nil {
		if err := p.addMeter("pumping", o.Pumping, o.Pumping.setUp("pumping")); err != nil {
			return err
		}
	}
	o.Budgets = append([]Budget(nil), o.Budgets...)
	for i := range o.Budgets {
		at := fmt.Sprintf("budgets[%d]", i)
		if err := p.addMeter(at, &o.Budgets[i], o.Budgets[i].setUp(at, o.Convert)); err != nil {
			return err
		}
	}
	if len(p.meters) > maxMeters {
		return provider.ConfigErrorf("", "%d rules that count; want at most %d", len(p.meters), maxMeters)
	}
	return nil
}

// maxMeters bounds the counters that a message is charged to.
const maxMeters = 64

// addMeter adds a rule that counts. Two that would use the same counters differ in
// nothing but their limit, so that one of them is a mistake.
func (p *Policy) addMeter(path string, m meter, err error) error {
	if err != nil {
		return err
	}
	if other, twice := p.names[m.counter()]; twice {
		return provider.ConfigErrorf(path, "counts the same as %s; want one of them", other)
	}
	p.names[m.counter()] = path
	p.meters = append(p.meters, m)
	return nil
}

// Simulate returns a policy with the same rules and its own counters in memory, which
// uses another clock and does not wait, to see what the rules would have done. It does
// not check opt-outs.
func (p *Policy) Simulate(now func() time.Time) (*Policy, error) {
	o := p.options
	o.Counters, o.OptOuts = NewMemory(0), nil
	o.Limiter = func(_ string, perSecond float64) (router.Limiter, error) { return newPace(perSecond, now), nil }
	if o.Pumping != nil {
		o.Pumping = &Pumping{
			MinRatio: o.Pumping.MinRatio, Unverified: o.Pumping.Unverified, Digits: o.Pumping.Digits,
			Window: o.Pumping.Window, AlarmOnly: o.Pumping.AlarmOnly,
		}
	}
	s, err := New(o)
	if err != nil {
		return nil, err
	}
	s.now = now
	s.sleep = func(context.Context, time.Duration) error { return nil }
	return s, nil
}

// Counting reports whether the policy has rules that need counters.
func (p *Policy) Counting() bool { return len(p.meters) > 0 }

// Use replaces the counters. Call it before the first message.
func (p *Policy) Use(c Counters) {
	p.counters = c
	p.memory, _ = c.(*Memory)
}

// ShareRates replaces what keeps the senders' rates, as [Options].Limiter would have.
// Call it before the first message.
func (p *Policy) ShareRates(limiter func(from string, segmentsPerSecond float64) (router.Limiter, error)) error {
	shared, err := p.options.Senders.paces(limiter)
	if err == nil {
		p.paces = shared
	}
	return err
}

// TakeOver makes the policy count where an earlier one did, if both count in memory: so a
// new configuration does not forget what was counted under the old one. nil changes
// nothing.
func (p *Policy) TakeOver(earlier *Policy) {
	if p != nil && earlier != nil && p.memory != nil && earlier.memory != nil {
		p.Use(earlier.memory)
	}
}

// reach bounds a call to counters that are not in this process.
const reach = 5 * time.Second

func (p *Policy) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if p.memory != nil {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, reach)
}
