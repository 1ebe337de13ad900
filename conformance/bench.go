package conformance

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
)

// bench is a vendor and a provider that is connected to it.
type bench struct {
	*trial
	vendor Vendor
	p      provider.Provider
	warmUp error // of the message before the case, which fetches tokens; nil = it was accepted, or not needed

	mu     sync.Mutex
	script script
	all    bool // the script gets every request, not only those that send
	warm   bool // tokens have been fetched
	seen   []received
	before int // incomplete requests to ignore
}

// received is a complete request.
type received struct {
	Request
	sighting
	sends  bool
	serial int // of the requests that send, from 1
}

// script returns the reply to the n-th request that sends, from 1. good is the
// vendor's reply to an accepted message.
type script func(n int, good []byte) Reply

func accept(_ int, good []byte) Reply { return Reply{Text: good} }

// always replies with one text.
func always(text []byte) script { return func(int, []byte) Reply { return Reply{Text: text} } }

// bench opens a provider for a vendor that replies by a script.
func (t *trial) bench(respond script) *bench {
	return t.benchOf(respond, t.Open)
}

// benchOf is bench with another way to open.
func (t *trial) benchOf(respond script, open func(string) (provider.Provider, error)) *bench {
	b := t.vendor(respond)
	b.p = t.open(b.vendor.Address(), open)
	if !b.warm {
		b.warmUp = b.send(t.plain("Warm-up")).err // fetches the token
		b.reset(respond)
	}
	return b
}

// vendor starts a vendor. Where the harness has no replies it is an HTTP server that
// fails, to show whether the driver makes requests nevertheless.
func (t *trial) vendor(respond script) *bench {
	lab := t.lab
	if lab == nil {
		lab = httpLab{}
	}
	b := &bench{trial: t, script: respond, warm: t.OtherRequests == nil}
	vendor, err := lab.Start(b.respond)
	if err != nil {
		t.stopf("lab: %v", err)
	}
	b.vendor = vendor
	t.onEnd(vendor.Close)
	return b
}

// open opens a provider and closes it at the end of the case.
func (t *trial) open(address string, open func(string) (provider.Provider, error)) provider.Provider {
	what := "Open"
	t.doing.Store(&what)
	p, problem := t.opened(t.ctx(), what, func() (provider.Provider, error) { return open(address) })
	if problem != "" {
		t.noProvider.Store(true)
		t.stopf("%s", problem)
	}
	t.onEnd(func() { t.closeQuietly(p) })
	return p
}

// capabilities calls Capabilities.
func (b *bench) capabilities() provider.Capabilities {
	return do(b.trial, "Capabilities", b.p.Capabilities)
}

// has reports whether the provider claims a feature.
func (b *bench) has(f provider.Feature) bool { return b.capabilities().Has(f) }

// respond records a request and replies to it. A panic of the script is a failure
// of the case.
func (b *bench) respond(rq Request) (reply Reply) {
	defer func() {
		if p := recover(); p != nil {
			b.failf("panic while the vendor replied: %v\n%s", p, debug.Stack())
		}
	}()
	r, respond := b.record(rq)
	if !r.sends {
		return Reply{}
	}
	reply = respond(r.serial, b.acceptance(r))
	reply.Sends = true
	return reply
}

// acceptance is the vendor's reply to a request that it accepts.
func (t *trial) acceptance(r received) []byte {
	if len(t.replies) == 0 {
		return nil
	}
	return t.accepted().fill(r.message, r.serial)
}

// record counts a request.
func (b *bench) record(rq Request) (received, script) {
	r := received{Request: rq, sighting: sight(rq, b.known())}
	b.mu.Lock()
	defer b.mu.Unlock()
	r.sends = b.OtherRequests == nil || r.message != nil || b.all && b.warm
	if r.sends {
		r.serial = 1
		for _, earlier := range b.seen {
			r.serial += asOne(earlier.sends)
		}
	}
	b.seen = append(b.seen, r)
	if !b.warm {
		return r, accept
	}
	return r, b.script
}

func asOne(is bool) int {
	if is {
		return 1
	}
	return 0
}

// reset sets another script and forgets the requests so far. It is called between
// sends.
func (b *bench) reset(respond script) { b.resetTo(respond, false) }

// resetAll is reset with a script for every request, not only for those that send.
func (b *bench) resetAll(respond script) { b.resetTo(respond, true) }

func (b *bench) resetTo(respond script, all bool) {
	incomplete := b.vendor.Incomplete()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.script, b.all, b.seen, b.before, b.warm = respond, all, nil, incomplete, true
}

// fail makes the vendor fail from the next request on; "" ends that.
func (b *bench) fail(fault string) {
	if err := b.vendor.Fail(fault); err != nil {
		b.stopf("lab: %v", err)
	}
}

// ready sends a message that is accepted, so that a case with a short time does not
// spend it on connecting and on starting plugins.
func (b *bench) ready() {
	b.mu.Lock()
	respond := b.script
	b.mu.Unlock()
	b.reset(accept)
	b.wantAccepted(b.send(b.plain("Hello")))
	b.reset(respond)
}

// requests lists the complete requests so far.
func (b *bench) requests() []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.seen)
}

// taken lists the complete requests that send, so far.
func (b *bench) taken() []received {
	return slices.DeleteFunc(b.requests(), func(r received) bool { return !r.sends })
}

// count counts the requests that send, so far, including incomplete ones.
func (b *bench) count() int { return len(b.taken()) + b.vendor.Incomplete() - b.before }

// wantSends checks the number of requests that send.
func (b *bench) wantSends(want int) {
	if n := b.count(); n != want {
		b.failf("the vendor received %d requests that send, want %d", n, want)
	}
}

// result is what Send returned.
type result struct {
	receipt *provider.Receipt
	err     error
}

func (r result) String() string {
	switch {
	case r.err != nil:
		return fmt.Sprintf("%q (outcome %s)", r.err.Error(), provider.OutcomeOf(r.err))
	case r.receipt == nil:
		return "neither a receipt nor an error"
	}
	return "accepted, " + r.receipt.String()
}

// send sends with a generous deadline.
func (b *bench) send(m *provider.Message) result { return b.sendUnder(b.ctx(), m) }

// sendRefused sends to a vendor that refuses with code. A driver that fetches tokens
// may return unavailable for a cached token, which it drops; with a new one it must
// return unauthenticated.
func (b *bench) sendRefused(m *provider.Message, code provider.Code) result {
	r := b.send(m)
	if b.OtherRequests == nil || code != provider.Unauthenticated || provider.CodeOf(r.err) != provider.Unavailable {
		return r
	}
	b.wantSends(1)
	b.mu.Lock()
	respond := b.script
	b.mu.Unlock()
	b.reset(respond)
	return b.send(m)
}

// sendUnder sends with a context. It ends the case if the driver panics, or does not
// return after the context has ended.
func (b *bench) sendUnder(ctx context.Context, m *provider.Message) result {
	r := doUnder(b.trial, ctx, "Send", func() result { return sendOnce(ctx, b.p, m) })
	b.checkEither(r)
	return r
}

func sendOnce(ctx context.Context, p provider.Provider, m *provider.Message) result {
	receipt, err := p.Send(ctx, m)
	return result{receipt, err}
}

func (b *bench) checkEither(r result) {
	if r.receipt != nil && r.err != nil {
		b.failf("Send returned both a receipt (%s) and an error (%q): it must return one of them", r.receipt, r.err)
	}
}

// sendAll sends all messages concurrently.
func (b *bench) sendAll(messages []*provider.Message) []result {
	results, problems := make([]result, len(messages)), make([]string, len(messages))
	ctx := b.ctx()
	var group sync.WaitGroup
	for i, m := range messages {
		group.Go(func() {
			results[i], problems[i] = guarded(ctx, b.pace, "Send", func() result { return sendOnce(ctx, b.p, m) })
		})
	}
	group.Wait()
	for i, problem := range problems {
		if problem != "" {
			b.stopf("%s", problem)
		}
		b.checkEither(results[i])
	}
	return results
}

// wantAccepted checks that the message was accepted and returns the receipt, never
// nil.
func (b *bench) wantAccepted(r result) *provider.Receipt {
	if r.err != nil || r.receipt == nil {
		b.failf("Send returned %s, want accepted", r)
		return &provider.Receipt{}
	}
	return r.receipt
}

// wantCode checks that the error has one of the codes, and returns it, never nil.
func (b *bench) wantCode(r result, codes ...provider.Code) *provider.Error {
	e, ok := errors.AsType[*provider.Error](r.err)
	switch {
	case r.err == nil:
		b.failf("Send returned %s, want %s", r, list(codes))
	case !ok:
		b.failf("Send returned an error that does not wrap a *provider.Error: %q, want %s", r.err, list(codes))
	case !slices.Contains(codes, e.Code):
		b.failf("Send returned %s, want %s", r, list(codes))
	}
	if e == nil {
		return &provider.Error{}
	}
	return e
}

func list(codes []provider.Code) string {
	words := make([]string, 0, len(codes))
	for _, c := range codes {
		words = append(words, string(c))
	}
	return strings.Join(words, " or ")
}

// eventually waits until something holds.
func (t *trial) eventually(limit time.Duration, holds func() bool) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if holds() {
			return true
		}
	}
	return holds()
}
