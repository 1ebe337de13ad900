package router_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// The model test runs random schedules of faults, times and configurations. The
// vendors are scripted and honest: what they return is what they did, except for
// unknown outcomes, where they may have accepted the message or not. What the
// router reports about each message is compared with the vendors' ledgers.
//
//	go test ./router -run TestModel -rapid.checks=100000

// world is a schedule being run.
type world struct {
	*schedule
	router    *router.Router
	providers []*clerk
	lines     []router.Upstream

	mu    sync.Mutex
	calls []call
	said  []answer
}

// call is what a vendor saw: an attempt.
type call struct {
	vendor, text string
	at           time.Time
}

// answer is what the router returned for one Send.
type answer struct {
	plan    *messagePlan
	began   time.Time
	ended   time.Time
	expires time.Time // zero = never
	gone    time.Time // when the caller's context ended; zero = not
	result  *router.Result
	err     error
}

// own returns the attempts of this send, without those of an earlier one.
func (a *answer) own() []router.Attempt {
	i := slices.IndexFunc(a.result.Attempts, func(at router.Attempt) bool { return !at.Earlier })
	if i < 0 {
		return nil
	}
	return a.result.Attempts[i:]
}

func (w *world) open(t *testing.T) error {
	var targets []router.Target
	for i := range w.vendors {
		v := &w.vendors[i]
		next := 0
		config := v.config
		config.Answer = func(m *provider.Message) memory.Answer {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.calls = append(w.calls, call{v.line.Name, m.Text, time.Now()})
			a := v.answers[next%len(v.answers)]
			next++
			if errors.Is(a.Err, errPanic) {
				panic("the driver has a bug")
			}
			return a
		}
		p := &clerk{Provider: vendor(t, config), plan: v}
		w.providers = append(w.providers, p)
		line := v.line
		line.Provider = p
		w.lines = append(w.lines, line)
		targets = append(targets, router.Target{Name: line.Name, Weight: i + 1})
	}
	if w.weighted {
		w.opts.Routes = []router.Route{{Strategy: router.Weighted, Targets: targets}}
	}
	switch {
	case w.flaky:
		store := &remote{MemoryStore: router.NewMemoryStore(0)}
		time.AfterFunc(w.fails, func() { store.set(w.call, w.how) })
		time.AfterFunc(w.fails+time.Minute, func() { store.set("", w.how) })
		w.opts.Store = store
	case w.store:
		w.opts.Store = router.NewMemoryStore(0)
		w.opts.StoreOptions.OnError = router.FailOpen // nothing of it may show while the store works
	}
	if w.journal {
		w.opts.Journal = new(keeper)
	}
	var err error
	w.router, err = router.New(w.lines, &w.opts)
	return err
}

// send sends one message and records the result.
func (w *world) send(p *messagePlan) {
	m := p.message
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a := w.begin(p, &m)
	if p.cancel > 0 {
		a.gone = a.began.Add(p.cancel)
		defer time.AfterFunc(p.cancel, cancel).Stop()
	}
	a.result, a.err = w.router.Send(ctx, &m)
	w.end(a)
}

// sendAll sends every message once.
func (w *world) sendAll() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var gone time.Time
	if first := &w.messages[0]; first.cancel > 0 {
		gone = time.Now().Add(first.cancel)
		defer time.AfterFunc(first.cancel, cancel).Stop()
	}
	begun := make([]answer, len(w.messages))
	taken := func(yield func(*provider.Message) bool) {
		for i := range w.messages {
			p := &w.messages[i]
			time.Sleep(p.at)
			m := p.message
			begun[i] = w.begin(p, &m)
			if begun[i].gone = gone; !gone.IsZero() && gone.Before(begun[i].began) {
				begun[i].gone = begun[i].began
			}
			if !yield(&m) {
				return
			}
		}
	}
	results, err := w.router.SendAll(ctx, taken)
	if err != nil {
		panic(err)
	}
	for result, err := range results {
		a := begun[result.Index]
		a.result, a.err = result, err
		w.end(a)
	}
}

// begin records when a send begins and sets what depends on it.
func (w *world) begin(p *messagePlan, m *provider.Message) answer {
	a := answer{plan: p, began: time.Now()}
	switch {
	case p.deadline > 0:
		m.Deadline = a.began.Add(p.deadline)
	case w.flaky: // a claim whose end was lost is waited for, and this store has no leases
		m.Deadline = a.began.Add(10 * time.Minute)
	}
	a.expires = m.Deadline
	validity := m.Validity
	if validity == 0 && m.Class == provider.OTP {
		validity = router.DefaultOTPExpiry
	}
	if end := a.began.Add(validity); validity > 0 && (a.expires.IsZero() || end.Before(a.expires)) {
		a.expires = end
	}
	return a
}

func (w *world) end(a answer) {
	a.ended = time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, a)
}

func (w *world) run(t *testing.T) []string {
	if err := w.open(t); err != nil {
		return []string{err.Error()}
	}
	var wg sync.WaitGroup
	later := func(d time.Duration, f func()) {
		wg.Go(func() {
			time.Sleep(d)
			f()
		})
	}
	if w.all {
		wg.Go(w.sendAll)
	}
	for i := range w.messages {
		p := &w.messages[i]
		if w.all {
			break
		}
		later(p.at, func() { w.send(p) })
		if p.again > 0 && w.store {
			later(p.at+p.again, func() { w.send(p) })
		}
	}
	if w.reloadAt > 0 {
		later(w.reloadAt, func() { _, _ = w.router.Reload(w.lines, &w.opts) })
	}
	wg.Wait()
	if err := w.router.Close(context.Background()); err != nil {
		return []string{err.Error()}
	}
	if w.resume {
		var err error
		if w.router, err = router.New(w.lines, &w.opts); err != nil {
			return []string{err.Error()}
		}
		w.sendAll()
		if err := w.router.Close(context.Background()); err != nil {
			return []string{err.Error()}
		}
	}
	return w.judge()
}

// judge compares the results with what the vendors received.
func (w *world) judge() (faults []string) {
	bad := func(a *answer, format string, args ...any) {
		faults = append(faults, fmt.Sprintf("%q %s %s: ", a.plan.message.Text, a.result, trail(a.result))+fmt.Sprintf(format, args...))
	}
	runs := 1
	if w.resume {
		runs = 2
	}
	if w.all && len(w.said) != runs*len(w.messages) && w.messages[0].cancel == 0 {
		faults = append(faults, fmt.Sprintf("%d messages, %d answers in %d runs", len(w.messages), len(w.said), runs))
	}
	for _, p := range w.providers {
		if words := p.overLimits(); words != "" && !w.flaky { // else calls wait for the store behind their limits
			faults = append(faults, p.plan.line.Name+": "+words)
		}
	}
	taken, since := make(map[string]int), make(map[string]time.Time)
	for _, p := range w.providers {
		for _, e := range p.Messages() {
			text := e.Message.Text
			if taken[text]++; since[text].IsZero() || e.At.Before(since[text]) {
				since[text] = e.At
			}
		}
	}
	attempts, reported, told := make(map[string]int), make(map[string]int), make(map[string]bool)
	for _, c := range w.calls {
		attempts[c.text]++
	}
	for i := range w.said {
		a := &w.said[i]
		if !a.result.Replayed {
			reported[a.plan.message.Text] += len(a.own())
		}
		told[a.plan.message.Text] = told[a.plan.message.Text] || a.result.DuplicatePossible
	}
	for i := range w.said {
		a := &w.said[i]
		text := a.plan.message.Text
		n := taken[text]
		w.judgeResult(a, bad)
		elsewhere := w.flaky && len(a.own()) == 0 && w.knownElsewhere(a) // not_sent is about this send, which could not learn of the other
		if n > 0 && !elsewhere && since[text].Before(a.ended) && a.result.Status != provider.OutcomeAccepted && a.result.Status != provider.OutcomeUnknown {
			bad(a, "%d vendors had it by then", n)
		}
		if n == 0 && a.result.Status == provider.OutcomeAccepted {
			bad(a, "nobody has it")
		}
		if n > 1 && w.mode(a.plan) != provider.AtLeastOnce {
			bad(a, "it went out %d times under %s", n, w.mode(a.plan))
		}
		if n > 1 && !told[text] {
			bad(a, "it went out %d times and nobody was told", n)
		}
		if attempts[text] > reported[text] { // fewer, if the context ended on the way into the driver
			bad(a, "the vendors saw %d attempts, the results tell of %d", attempts[text], reported[text])
		}
	}
	return faults
}

// knownElsewhere reports whether another send of the message came to an acceptance or to
// doubt.
func (w *world) knownElsewhere(a *answer) bool {
	return slices.ContainsFunc(w.said, func(o answer) bool {
		return o.plan == a.plan && (o.result.Status == provider.OutcomeAccepted || o.result.Status == provider.OutcomeUnknown)
	})
}

// judgeResult checks one result by itself.
func (w *world) judgeResult(a *answer, bad func(*answer, string, ...any)) {
	r := a.result
	if (a.err == nil) != (r.Status == provider.OutcomeAccepted) {
		bad(a, "the error is %v", a.err)
	}
	if a.err != nil && !errors.Is(a.err, r.Code) {
		bad(a, "the error %v is not the code", a.err)
	}
	if r.Replayed {
		return
	}
	held := w.all && w.opts.Hold >= 0 // it may have several rounds
	if len(a.own()) > w.opts.AttemptBudget && !held {
		bad(a, "more attempts than the budget of %d", w.opts.AttemptBudget)
	}
	tries, doubt := make(map[string]int), make(map[string]bool)
	for _, at := range r.Attempts[:len(r.Attempts)-len(a.own())] { // of an earlier send
		if at.Outcome == provider.OutcomeUnknown {
			doubt[at.Provider] = true
		}
	}
	for i := range a.own() {
		at := &a.own()[i]
		tries[at.Provider]++
		v := w.vendors[slices.IndexFunc(w.vendors, func(v vendorPlan) bool { return v.line.Name == at.Provider })]
		switch {
		case tries[at.Provider] > w.opts.Retry.MaxAttempts && !held:
			bad(a, "more tries at %s than %d", at.Provider, w.opts.Retry.MaxAttempts)
		case !a.expires.IsZero() && !at.StartedAt.Before(a.expires):
			bad(a, "an attempt after the deadline")
		case !a.gone.IsZero() && at.StartedAt.After(a.gone):
			bad(a, "an attempt after the caller was gone")
		case doubt[at.Provider] && (v.config.ReplayFor == 0 || a.plan.message.Ref == ""):
			bad(a, "%s was tried again after doubt", at.Provider)
		case len(doubt) > 0 && !doubt[at.Provider] && w.mode(a.plan) != provider.AtLeastOnce:
			bad(a, "%s was tried after doubt", at.Provider)
		case i > 0 && w.isFinal(a.own()[i-1].Code):
			bad(a, "an attempt after a final refusal")
		}
		if at.Outcome == provider.OutcomeUnknown {
			doubt[at.Provider] = true
		}
	}
	limit := a.expires
	if !a.gone.IsZero() && (limit.IsZero() || a.gone.Before(limit)) {
		limit = a.gone
	}
	const gathering = 10 * time.Millisecond // of a batch
	if !limit.IsZero() && a.ended.After(limit.Add(gathering)) {
		bad(a, "Send came back %s late", a.ended.Sub(limit))
	}
}

func (w *world) isFinal(c provider.Code) bool {
	switch c {
	case provider.OptedOut, provider.InvalidMessage:
		return true
	case provider.InvalidRecipient, provider.Rejected:
		return len(w.opts.FailoverOn) == 0
	}
	return false
}

func (w *world) mode(p *messagePlan) provider.Delivery {
	if d := cmp.Or(p.message.Delivery, w.opts.Delivery); d != "" {
		return d
	}
	if p.message.Class == provider.OTP {
		return provider.AtLeastOnce
	}
	return provider.AtMostOnce
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSchedule(rt)
		var faults []string
		synctest.Test(t, func(t *testing.T) { faults = (&world{schedule: &s}).run(t) })
		if len(faults) > 0 {
			rt.Fatalf("%s", strings.Join(faults, "\n"))
		}
	})
}
