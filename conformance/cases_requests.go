package conformance

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
)

func requestCases() []Case {
	return []Case{
		{ID: "requests.one", Level: Must, Core: true, needs: aLab, run: oneRequest,
			Why:    "a driver that retries may send the same text twice without anybody noticing",
			Source: contract + ", Provider.Send",
			Fix:    "make one attempt in each Send, and return what came of it: retrying is the router's decision"},
		{ID: "requests.reused-drop", Level: Must, Core: true, needs: aLab, wire: true, run: reusedDrop,
			Why:    "libraries silently repeat a request if a reused connection drops, although the vendor has read the first one",
			Source: rfc9110 + " §9.2.2; net/http.Transport",
			Fix:    "with net/http, set Request.GetBody to nil; send GET requests and those with an Idempotency-Key over fresh connections"},
		{ID: "requests.stale", Level: Must, needs: aLab, wire: true, run: staleConnection,
			Why:    "servers close idle connections; the reported outcome must be true then too, and one Send is at most one request",
			Source: rfc9112 + " §9.5",
			Fix:    "ask a kept connection whether it is alive before writing to it; what fails after the first byte was written is indeterminate"},
		{ID: "requests.parallel", Level: Must, Core: true, run: parallelSends,
			Why:    "concurrent sends must not mix up recipients, texts or receipts",
			Source: contract + ", Provider.Send",
			Fix:    "keep nothing of a message in the provider"},
		{ID: "requests.concurrent", Level: Must, needs: aLab, wire: true, run: concurrentSends,
			Why:    "a driver that sends one message after the other is as slow as the vendor's response time, and a slow response holds up one-time codes",
			Source: contract + ", Provider.Send",
			Fix:    "hold no lock while waiting for the vendor"},
		{ID: "requests.ref", Level: Must, needs: aLab, run: refSent,
			Why:    "a message whose Ref was not sent is not found by it, and an idempotency key that was not sent prevents no duplicate",
			Source: contract + ", Finder, Capabilities.ReplayFor",
			Fix:    "send Message.Ref unchanged, or set neither HasFind nor ReplayFor, nor Event.Ref"},
	}
}

// oneRequest counts the requests for replies that are often retried.
func oneRequest(t *trial) {
	b := t.bench(accept)
	try := func(what string, respond script) {
		b.reset(respond)
		b.send(t.message("Hello"))
		if n := b.count(); n != 1 {
			t.failf("%s: the vendor received %d requests for one Send, want 1", what, n)
		}
	}
	try("accepted", accept)
	for _, documented := range t.refusals() {
		try(documented.file, always(documented.fill(nil, 1)))
	}
	if t.overHTTP() {
		for _, status := range []int{408, 429, 500, 502, 503, 504} {
			try(fmt.Sprintf("status %d", status), retryLater(status))
		}
	}
	b.fail(FaultClose)
	try(FaultClose, accept)
}

// reusedDrop drops the connection after the second request was read; it has served
// another request before, if the driver reuses connections.
func reusedDrop(t *trial) {
	for _, fault := range t.lab.Faults() {
		if fault.Name != FaultClose && fault.Name != "reset-after-read" {
			continue
		}
		b := t.bench(accept)
		b.wantAccepted(b.send(t.message("first")))
		b.fail(fault.Name)
		b.wantCode(b.send(t.message("second")), provider.Indeterminate)
		b.wantSends(2)
	}
}

// settle is for the driver's side to see that a connection was closed.
const settle = 20 * time.Millisecond

func staleConnection(t *trial) {
	b := t.bench(accept)
	b.wantAccepted(b.send(t.message("first")))
	b.vendor.DropIdle()
	time.Sleep(settle)
	r := b.send(t.message("second"))
	if r.err == nil {
		b.wantSends(2)
		return
	}
	e := b.wantCode(r, provider.Unavailable, provider.Indeterminate)
	if n := b.count(); n > 1 && e.Code == provider.Unavailable {
		t.failf("Send returned %s, but the vendor has received the request", r)
	}
}

// sendsAtOnce is the number of concurrent sends in parallelSends.
const sendsAtOnce = 64

func parallelSends(t *trial) {
	b := t.bench(func(n int, good []byte) Reply {
		// Different delays, so that the order of replies is not that of requests.
		time.Sleep(time.Duration(n%7) * time.Millisecond)
		return Reply{Text: good}
	})
	messages := make([]*provider.Message, sendsAtOnce)
	for i := range messages {
		messages[i] = t.message(fmt.Sprintf("Your code is zq%04d", i))
	}
	results := b.sendAll(messages)
	for i, r := range results {
		if r.err != nil || r.receipt == nil {
			t.failf("message %d: Send returned %s, want accepted", i, r)
		}
	}
	if t.lab != nil && t.failed() == 0 {
		b.matchReceipts(messages, results)
	}
}

// matchReceipts checks that each message caused one request with its own text, and
// got the receipt of that request.
func (b *bench) matchReceipts(messages []*provider.Message, results []result) {
	b.wantSends(len(messages))
	serials := make(map[*provider.Message]int)
	for _, r := range b.taken() {
		if r.message == nil || !r.exact {
			b.stopf("a request does not have the recipient and the text of the same message. The request: %s", r.Print)
		}
		serials[r.message] = r.serial
	}
	if len(serials) != len(messages) {
		b.stopf("the requests were for %d different messages, want %d", len(serials), len(messages))
	}
	if !b.accepted().hasID() {
		return
	}
	for i, m := range messages {
		if want := idsOf(serials[m]); !want.in(results[i].receipt.ID) {
			b.failf("message %d: receipt is %q, want the id of the reply to its request, %+v", i, results[i].receipt.ID, want)
		}
	}
}

// concurrentSends withholds all replies until the vendor has several requests.
func concurrentSends(t *trial) {
	const together = 4
	var mu sync.Mutex
	arrived := 0
	all, tooLate := make(chan struct{}), make(chan struct{})
	b := t.bench(accept)
	b.reset(func(_ int, good []byte) Reply {
		mu.Lock()
		if arrived++; arrived == together {
			close(all)
		}
		mu.Unlock()
		select {
		case <-all:
		case <-tooLate:
		}
		return Reply{Text: good}
	})
	var messages []*provider.Message
	for range together {
		messages = append(messages, t.message("Hello"))
	}
	waiting := time.AfterFunc(t.pace.patience, func() {
		mu.Lock()
		defer mu.Unlock()
		if arrived < together {
			t.failf("of %d concurrent sends, the vendor received %d within %s while it replied to none: the driver waits for one reply before it sends the next message", together, arrived, t.pace.patience)
		}
		arrived = together // what comes later is too late
		close(tooLate)
	})
	b.sendAll(messages)
	waiting.Stop()
}

// refSent looks for the Ref if a capability says that the vendor gets it.
func refSent(t *trial) {
	b := t.bench(accept)
	limits := b.capabilities()
	echoed := slices.ContainsFunc(t.callbacks, func(g golden) bool { return g.hasRef() })
	if !limits.Has(provider.HasFind) && limits.ReplayFor == 0 && !echoed {
		t.notApplicable("the driver has neither the capability find nor ReplayFor, and the vendor's callbacks no ref")
	}
	m := t.plain("Hello")
	m.Ref = "ref-4d5e6f70"
	b.wantAccepted(b.send(m))
	for _, r := range b.taken() {
		if !values(r.Values).has(m.Ref) {
			t.failf("Ref %q is not in the request, although the capabilities have find or ReplayFor, or a callback file has a ref. The request: %s", m.Ref, r.Print)
		}
	}
}
