package conformance

import (
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

// openCase is the case that comes first: without a provider, no other can run.
const openCase = "life.open-offline"

func lifeCases() []Case {
	const leak = "end in Close, and after each send, every goroutine, timer and connection that was started; close response bodies also after errors"
	return []Case{
		{ID: openCase, Level: Must, Core: true, run: openOffline,
			Why:    "providers are opened when a program starts and when a configuration is checked; that must not need the network",
			Source: contract + ", Driver.Open",
			Fix:    "only check the settings in Open; connect and fetch tokens with the first send"},
		{ID: "life.close-twice", Level: Must, wire: true, run: closeTwice,
			Why:    "programs that shut down may close a provider twice",
			Source: contract + ", Close",
			Fix:    "make Close safe to repeat, such as with sync.Once"},
		{ID: "life.use-after-close", Level: Must, wire: true, run: useAfterClose,
			Why:    "a send during shutdown must fail cleanly: no crash, and no wrong outcome",
			Source: contract + ", Close",
			Fix:    "return unavailable without a request once the provider is closed"},
		{ID: "life.connections-closed", Level: Should, needs: aLab, wire: true, run: connectionsClosed,
			Why:    "connections that a closed provider leaves open accumulate in programs that reload their configuration",
			Source: contract + ", Close", Fix: leak},
		{ID: "life.thousand-sends", Level: Must, alone: true, wire: true, run: thousandSends,
			Why:    "a small leak in each send exhausts the program in days",
			Source: contract + ", Provider.Send", Fix: leak},
		{ID: "life.reopened", Level: Must, alone: true, wire: true, run: reopened,
			Why:    "goroutines that a closed provider leaves behind accumulate in programs that reload their configuration",
			Source: contract + ", Close", Fix: leak},
		{ID: "life.no-state", Level: Must, needs: aLab, run: noState,
			Why:    "data of one message must not be sent with the next",
			Source: contract + ", Provider.Send",
			Fix:    "build each request from the message and the settings alone"},
	}
}

// openOffline opens a provider for a vendor that replies to nothing.
func openOffline(t *trial) {
	b := t.vendor(func(int, []byte) Reply { return Reply{} })
	t.open(b.vendor.Address(), t.Open)
	if n, _ := b.vendor.Connections(); n > 0 {
		t.failf("Open made %d connections", n)
	}
}

// close calls Close; without one the case is not applicable.
func (b *bench) close() error {
	c, ok := provider.As[io.Closer](b.p)
	if !ok {
		b.notApplicable("the provider has no Close")
	}
	return do(b.trial, "Close", c.Close)
}

func closeTwice(t *trial) {
	b := t.bench(accept)
	b.wantAccepted(b.send(t.message("Hello")))
	for n := range 2 {
		if err := b.close(); err != nil {
			t.failf("call %d of Close: %v", n+1, err)
		}
	}
}

func useAfterClose(t *trial) {
	b := t.bench(accept)
	if err := b.close(); err != nil {
		t.failf("Close: %v", err)
	}
	b.wantCode(b.send(t.message("Hello")), provider.Unavailable)
	b.wantSends(0)
}

func connectionsClosed(t *trial) {
	b := t.bench(accept)
	b.wantAccepted(b.send(t.message("Hello")))
	if err := b.close(); err != nil {
		t.failf("Close: %v", err)
	}
	open := func() int { _, n := b.vendor.Connections(); return n }
	if !t.eventually(max(leakTime, t.pace.patience), func() bool { return open() == 0 }) {
		t.failf("%d connections are still open after Close", open())
	}
}

const (
	leakTime  = 700 * time.Millisecond // for connections to end, at least, and for goroutines of earlier cases
	quietTime = 5 * time.Second        // for goroutines to end that tests beside this one may have started
	manySends = 1000
	manyOpens = 30
	tolerance = 20 // goroutines that may start and end for other reasons
)

// thousandSends counts goroutines and connections. Every tenth reply is an error, as
// leaks are most common there.
func thousandSends(t *trial) {
	refusals := t.errorReplies()
	b := t.bench(func(n int, good []byte) Reply {
		if n%10 == 0 && len(refusals) > 0 {
			return refusals[n/10%len(refusals)]
		}
		return Reply{Text: good}
	})
	m := t.plain("Hello")
	// One context for all sends, as ending it would hide leaks.
	ctx, cancel := contextFor(t.pace.limit)
	t.onEnd(cancel)
	b.sendUnder(ctx, m)
	before := t.settled()
	for range manySends {
		b.sendUnder(ctx, m)
	}
	if !t.eventually(quietTime, func() bool { return runtime.NumGoroutine() < before+tolerance }) {
		t.failf("%d sends leaked %d goroutines", manySends, runtime.NumGoroutine()-before)
	}
	if _, n := b.vendor.Connections(); n > tolerance {
		t.failf("%d consecutive sends left %d connections open", manySends, n)
	}
	if t.lab != nil {
		b.wantSends(manySends + 1)
	}
}

// settled waits until goroutines of earlier cases have ended, and returns how many
// there are.
func (t *trial) settled() int {
	n, since := runtime.NumGoroutine(), time.Now()
	t.eventually(leakTime, func() bool {
		if now := runtime.NumGoroutine(); now != n {
			n, since = now, time.Now()
		}
		return time.Since(since) > leakTime/10
	})
	return n
}

// reopened opens and closes providers of one vendor.
func reopened(t *trial) {
	b := t.bench(accept)
	before := t.settled()
	m := t.plain("Hello")
	for range manyOpens {
		// Closed here, so not opened by trial.open, which closes at the end.
		p, problem := t.opened(t.ctx(), "Open", func() (provider.Provider, error) { return t.Open(b.vendor.Address()) })
		if problem != "" {
			t.stopf("%s", problem)
		}
		one := &bench{trial: t, vendor: b.vendor, p: p, warm: true}
		one.send(m)
		if err := do(t, "Close", func() error { return provider.Close(p) }); err != nil {
			t.failf("Close: %v", err)
		}
	}
	if !t.eventually(quietTime, func() bool { return runtime.NumGoroutine() < before+tolerance }) {
		t.failf("%d providers that were opened, used and closed leaked %d goroutines", manyOpens, runtime.NumGoroutine()-before)
	}
}

// noState sends a message with all fields, then one with only the required ones.
func noState(t *trial) {
	b := t.bench(accept)
	full := t.plain("zq-first-text")
	full.From, full.Tag = "ZqSender", "zq-tag"
	full.Extra = map[string]string{"zq-other.key": "zq-extra"}
	if !b.has(provider.CanChooseSender) {
		full.From = ""
	}
	b.send(full)
	first := len(b.taken())
	bare := t.plain("Hello")
	bare.Ref = ""
	b.wantAccepted(b.send(bare))
	for _, r := range b.taken()[first:] {
		for _, left := range []string{full.Text, "ZqSender", full.Tag, "zq-extra", full.To.Digits(), full.Ref} {
			if slices.ContainsFunc(r.Values, func(v string) bool { return strings.Contains(v, left) }) {
				t.failf("%q of the previous message is in the request. The request: %s", left, r.Print)
			}
		}
	}
}
