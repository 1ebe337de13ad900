package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

const (
	hang     = 300 * time.Millisecond // how long a case waits for a server that does not respond
	sendTime = 10 * time.Second       // for a send that gets a response
	patience = 2 * time.Second        // for a driver to return after its context has ended
	settle   = 20 * time.Millisecond  // for the driver's side to see that a connection was closed
)

// trial is one run of a case. Its methods are called by the case's goroutine only.
type trial struct {
	*suite
	failures []string
	reason   string // why the case is not applicable
	cleanups []func()

	mu       sync.Mutex
	messages []*provider.Message
}

// failf records a failure; the case continues.
func (t *trial) failf(format string, args ...any) {
	t.failures = append(t.failures, fmt.Sprintf(format, args...))
}

// stopf records a failure and ends the case.
func (t *trial) stopf(format string, args ...any) {
	t.failf(format, args...)
	runtime.Goexit()
}

// notApplicable ends the case as not applicable.
func (t *trial) notApplicable(format string, args ...any) {
	t.reason = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// run runs the case in its own goroutine, so that it can end early.
func (t *trial) run(c Case) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for _, f := range slices.Backward(t.cleanups) {
				f()
			}
		}()
		defer func() {
			if p := recover(); p != nil {
				t.failf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		c.run(t)
	}()
	<-done
}

// lab is a server and a provider that is connected to it.
type lab struct {
	*trial
	server *faultserver.Server
	p      provider.Provider

	all bool // the script gets every request, not only sends

	mu     sync.Mutex
	script script
	warm   bool // tokens have been fetched
	sends  []sent
	before int // requests to ignore
}

// sent is a complete request that sends.
type sent struct {
	sighting
	request *faultserver.Request
	serial  int
	warmUp  bool
}

// script returns the reply to the n-th send, from 1. good is the vendor's response to
// an accepted message.
type script func(n int, good faultserver.Response) faultserver.Reply

func accept(_ int, good faultserver.Response) faultserver.Reply { return good.Reply() }

// lab opens a provider for a server that replies to sends by a script.
func (t *trial) lab(respond script) *lab { return t.start(&lab{trial: t}, respond) }

// labAll is lab with a script for all requests.
func (t *trial) labAll(respond script) *lab { return t.start(&lab{trial: t, all: true}, respond) }

func (t *trial) start(l *lab, respond script) *lab {
	l.script = respond
	l.warm = t.OtherRequests == nil
	server, err := faultserver.New(func(rq *faultserver.Request) faultserver.Reply {
		s, ok := l.record(rq)
		switch {
		case !ok:
			return serveOther(t.OtherRequests, rq)
		case !t.http():
			return faultserver.Page(http.StatusInternalServerError).Reply()
		case s.warmUp:
			return t.accepted().fill(s.message, s.serial).Reply()
		}
		return l.present()(s.serial, t.accepted().fill(s.message, s.serial))
	})
	if err != nil {
		t.stopf("%v", err)
	}
	t.cleanups = append(t.cleanups, server.Close)
	l.server = server
	l.p = t.open(server.URL)
	if t.OtherRequests != nil {
		l.send(t.message("Warm-up")) // fetches the token
		l.reset(respond)
	}
	return l
}

// reset sets another script and forgets the requests so far. It is called between
// sends.
func (l *lab) reset(respond script) {
	before := len(l.server.Requests())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.script, l.sends, l.before, l.warm = respond, nil, before, true
}

// ready sends a message that is accepted, so that a case with a short timeout does
// not spend it on connecting and on starting plugins.
func (l *lab) ready() {
	respond := l.present()
	l.reset(accept)
	l.wantAccepted(l.send(l.message("Hello")))
	l.reset(respond)
}

func (l *lab) present() script {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.script
}

// open opens a provider and closes it at the end of the case.
func (t *trial) open(url string) provider.Provider {
	p, err := t.Open(url)
	if err != nil {
		t.stopf("Open: %v", err)
	}
	if p == nil {
		t.stopf("Open returned neither a provider nor an error")
	}
	t.cleanups = append(t.cleanups, func() { _ = provider.Close(p) }) // closing is tested by other cases
	return p
}

// record counts a request if it sends.
func (l *lab) record(rq *faultserver.Request) (sent, bool) {
	l.trial.mu.Lock()
	messages := slices.Clone(l.trial.messages)
	l.trial.mu.Unlock()
	s := sent{sighting: l.sight(rq, messages), request: rq}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.OtherRequests != nil && s.message == nil && !(l.all && l.warm) {
		return s, false
	}
	s.serial, s.warmUp = len(l.sends)+1, !l.warm
	l.sends = append(l.sends, s)
	return s, true
}

func serveOther(h http.Handler, rq *faultserver.Request) faultserver.Reply {
	w := httptest.NewRecorder()
	rq.HTTP.Body = http.NoBody
	if len(rq.Body) > 0 {
		rq.HTTP.Body = readCloser{bytes.NewReader(rq.Body)}
	}
	h.ServeHTTP(w, rq.HTTP)
	return faultserver.Response{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}.Reply()
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// taken lists the complete requests that send, so far.
func (l *lab) taken() []sent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.sends)
}

// count counts the requests that send, so far, including incomplete ones.
func (l *lab) count() int {
	n := len(l.taken())
	for _, rq := range l.server.Requests()[l.before:] {
		if rq.Err != nil {
			n++
		}
	}
	return n
}

// wantSends checks the number of requests that send.
func (l *lab) wantSends(want int) {
	if n := l.count(); n != want {
		l.failf("the server received %d requests that send, want %d", n, want)
	}
}

// message returns a message to a new number.
func (t *trial) message(text string) *provider.Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.messages) + 1
	m := &provider.Message{
		To:   e164.MustParse(fmt.Sprintf("+3069%08d", 37_000_000+n*7)),
		Text: text,
		Ref:  fmt.Sprintf("ref-%d", n),
	}
	t.messages = append(t.messages, m)
	return m
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
func (l *lab) send(m *provider.Message) result {
	ctx, cancel := context.WithTimeout(context.Background(), sendTime)
	defer cancel()
	return l.sendUnder(ctx, m)
}

// sendRefused sends to a server that refuses with code. A driver that fetches tokens
// may return unavailable for a cached token, which it drops; with a new one it must
// return unauthenticated.
func (l *lab) sendRefused(m *provider.Message, code provider.Code) result {
	r := l.send(m)
	if l.OtherRequests == nil || code != provider.Unauthenticated || provider.CodeOf(r.err) != provider.Unavailable {
		return r
	}
	l.wantSends(1)
	l.mu.Lock()
	l.sends, l.before = nil, len(l.server.Requests())
	l.mu.Unlock()
	return l.send(m)
}

// ctx is a context for calls that get a response. It ends with the case.
func (l *lab) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), sendTime)
	l.cleanups = append(l.cleanups, cancel)
	return ctx
}

// sendUnder sends with a context. It ends the case if the driver panics, or does not
// return after the context has ended.
func (l *lab) sendUnder(ctx context.Context, m *provider.Message) result {
	r, problem := attempt(ctx, l.p, m)
	if problem != "" {
		l.stopf("%s", problem)
	}
	return r
}

func attempt(ctx context.Context, p provider.Provider, m *provider.Message) (r result, problem string) {
	type outcome struct {
		result
		problem string
	}
	returned := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if p := recover(); p != nil {
				o.problem = fmt.Sprintf("Send panics: %v\n%s", p, debug.Stack())
			}
			returned <- o
		}()
		o.receipt, o.err = p.Send(ctx, m)
	}()
	select {
	case o := <-returned:
		return o.result, o.problem
	case <-ctx.Done():
	}
	select {
	case o := <-returned:
		return o.result, o.problem
	case <-time.After(patience):
		return r, fmt.Sprintf("Send did not return within %s after its context had ended", patience)
	}
}

// wantAccepted checks that the message was accepted and returns the receipt, never
// nil.
func (l *lab) wantAccepted(r result) *provider.Receipt {
	if r.err != nil || r.receipt == nil {
		l.failf("Send returned %s, want accepted", r)
		return &provider.Receipt{}
	}
	return r.receipt
}

// wantCode checks that the error has one of the codes, and returns it, never nil.
func (l *lab) wantCode(r result, codes ...provider.Code) *provider.Error {
	e, ok := errors.AsType[*provider.Error](r.err)
	switch {
	case r.err == nil:
		l.failf("Send returned %s, want %s", r, list(codes))
	case !ok:
		l.failf("Send returned an error that does not wrap a *provider.Error: %q, want %s", r.err, list(codes))
	case !slices.Contains(codes, e.Code):
		l.failf("Send returned %s, want %s", r, list(codes))
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
