package conformance

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

func requestCases() []Case {
	cases := []Case{
		{ID: "requests.one", Level: Must, Core: true, http: true, run: oneRequest,
			Why:    "a driver that retries may send the same text twice without anybody noticing",
			Source: contract + ", Provider.Send"},
		{ID: "requests.reused-drop", Level: Must, Core: true, http: true, run: reusedDrop,
			Why:    "HTTP libraries silently repeat a request if a reused connection drops, although the vendor has read the first one",
			Source: rfc9110 + " §9.2.2; net/http.Transport"},
		{ID: "requests.stale", Level: Must, http: true, run: staleConnection,
			Why:    "servers close idle connections; the reported outcome must be true then too, and one Send is at most one request",
			Source: rfc9112 + " §9.5"},
		{ID: "requests.parallel", Level: Must, Core: true, run: parallelSends,
			Why:    "concurrent sends must not mix up recipients, texts or receipts",
			Source: contract + ", Provider.Send"},
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		cases = append(cases, Case{
			ID: fmt.Sprintf("requests.redirect-%d", status), Level: Must, Core: true, http: true,
			Why:    "following a redirect is a second request, and sends credentials and text to another address",
			Source: rfc9110 + " §15.4",
			run:    func(t *trial) { redirect(t, status) },
		})
	}
	return cases
}

// oneRequest counts the requests for responses that are often retried.
func oneRequest(t *trial) {
	l := t.lab(accept)
	for _, status := range []int{200, 408, 429, 500, 502, 503, 504} {
		l.reset(func(_ int, good faultserver.Response) faultserver.Reply {
			if status == http.StatusOK {
				return good.Reply()
			}
			return faultserver.Page(status).With("Retry-After", "0").Reply()
		})
		l.send(t.message("Hello"))
		if n := l.count(); n != 1 {
			t.failf("status %d: the server received %d requests for one Send, want 1", status, n)
		}
	}
}

// reusedDrop drops the connection after the second request was read; it has served
// another request before, if the driver reuses connections.
func reusedDrop(t *trial) {
	for _, end := range []faultserver.End{faultserver.Reset, faultserver.Close} {
		l := t.lab(func(n int, good faultserver.Response) faultserver.Reply {
			if n == 2 {
				return faultserver.Reply{End: end}
			}
			return good.Reply()
		})
		l.wantAccepted(l.send(t.message("first")))
		l.wantCode(l.send(t.message("second")), provider.Indeterminate)
		l.wantSends(2)
	}
}

func staleConnection(t *trial) {
	l := t.lab(accept)
	l.wantAccepted(l.send(t.message("first")))
	l.server.DropIdle()
	time.Sleep(settle)
	r := l.send(t.message("second"))
	if r.err == nil {
		l.wantSends(2)
		return
	}
	e := l.wantCode(r, provider.Unavailable, provider.Indeterminate)
	if n := l.count(); n > 1 && e.Code == provider.Unavailable {
		t.failf("Send returned %s, but the server has received the request", r)
	}
}

func redirect(t *trial, status int) {
	other, err := faultserver.New(func(*faultserver.Request) faultserver.Reply {
		return faultserver.Page(http.StatusOK).Reply()
	})
	if err != nil {
		t.stopf("%v", err)
	}
	t.cleanups = append(t.cleanups, other.Close)
	want := provider.Indeterminate
	if status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect {
		want = provider.Unavailable
	}
	for _, location := range []string{"/elsewhere", other.URL + "/elsewhere"} {
		l := t.lab(func(n int, good faultserver.Response) faultserver.Reply {
			if n > 1 {
				return good.Reply()
			}
			return faultserver.Page(status).With("Location", location).Reply()
		})
		l.wantCode(l.send(t.message("Hello")), append(t.documentedBare(status), want)...)
		if n := len(l.server.Requests()) - l.before; n != 1 {
			t.failf("redirect to %s: the server received %d requests, want 1", strings.Replace(location, other.URL, "another host", 1), n)
		}
	}
	if n := len(other.Requests()); n > 0 {
		t.failf("the driver followed the redirect: another host received %d requests", n)
	}
}

// sendsAtOnce is the number of concurrent sends in parallelSends.
const sendsAtOnce = 64

func parallelSends(t *trial) {
	l := t.lab(func(n int, good faultserver.Response) faultserver.Reply {
		// Different delays, so that the order of responses is not that of requests.
		return faultserver.Reply{Bytes: append([]byte(nil), good.Bytes()...), Chunk: 1 + len(good.Bytes())/2, Pause: time.Duration(n%7) * time.Millisecond}
	})
	messages := make([]*provider.Message, sendsAtOnce)
	for i := range messages {
		messages[i] = t.message(fmt.Sprintf("Your code is zq%04d", i))
	}
	results := l.sendAll(messages)
	for i, r := range results {
		if r.err != nil || r.receipt == nil {
			t.failf("message %d: Send returned %s, want accepted", i, r)
		}
	}
	if !t.http() || len(t.failures) > 0 {
		return
	}
	l.matchReceipts(messages, results)
}

// sendAll sends all messages concurrently.
func (l *lab) sendAll(messages []*provider.Message) []result {
	results, problems := make([]result, len(messages)), make([]string, len(messages))
	var group sync.WaitGroup
	for i, m := range messages {
		group.Go(func() {
			ctx, cancel := contextFor(sendTime)
			defer cancel()
			results[i], problems[i] = attempt(ctx, l.p, m)
		})
	}
	group.Wait()
	for _, problem := range problems {
		if problem != "" {
			l.stopf("%s", problem)
		}
	}
	return results
}

// matchReceipts checks that each message caused one request with its own text, and
// got the receipt of that request.
func (l *lab) matchReceipts(messages []*provider.Message, results []result) {
	l.wantSends(len(messages))
	serials := make(map[*provider.Message]int)
	for _, s := range l.taken() {
		if s.message == nil || !s.exact {
			l.stopf("a request does not have the recipient and the text of the same message. %s", dump(s))
		}
		serials[s.message] = s.serial
	}
	if len(serials) != len(messages) {
		l.stopf("the requests were for %d different messages, want %d", len(serials), len(messages))
	}
	if !l.accepted().hasID() {
		return
	}
	for i, m := range messages {
		if want := idsOf(serials[m]); !want.in(results[i].receipt.ID) {
			l.failf("message %d: receipt is %q, want the id of the response to its request, %+v", i, results[i].receipt.ID, want)
		}
	}
}
