package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

func lifeCases() []Case {
	return []Case{
		{ID: "life.open-quiet", Level: Must, http: true, run: openQuiet,
			Why:    "opening is done at the start of a program and in checks of a configuration; it must not need the network",
			Source: contract + ", Driver.Open"},
		{ID: "life.open-strict", Level: Must, http: true, run: openStrict,
			Why:    "a wrong address must be said when the program starts, and plain http shows credentials and texts to everybody on the way",
			Source: contract + "/httpcall, CheckURL"},
		{ID: "life.close-twice", Level: Must, run: closeTwice,
			Why:    "programs close in more than one place when they end",
			Source: contract + ", Close"},
		{ID: "life.use-after-close", Level: Must, run: useAfterClose,
			Why:    "a late send must fail cleanly; a crash or a lie there spoils an orderly shutdown",
			Source: contract + ", Close"},
		{ID: "life.connections-closed", Level: Should, http: true, run: connectionsClosed,
			Why:    "programs that reload their configuration collect the connections of closed providers",
			Source: contract + ", Close"},
		{ID: "life.thousand-sends", Level: Must, alone: true, run: thousandSends,
			Why:    "what leaks a little with each send takes the program down in a week",
			Source: contract + ", Provider.Send"},
		{ID: "life.reopened", Level: Must, alone: true, run: reopened,
			Why:    "programs that reload their configuration collect what a closed provider leaves behind",
			Source: contract + ", Close"},
		{ID: "life.no-state", Level: Must, http: true, run: noState,
			Why:    "what is left of one message must not go out with the next",
			Source: contract + ", Provider.Send"},
		{ID: "privacy.logs", Level: Must, alone: true, run: privateLogs,
			Why:    "a driver does not log: what it has to say is in its errors, which the program can redact",
			Source: "OWASP Logging Cheat Sheet, Data to exclude"},
	}
}

func openQuiet(t *trial) {
	server, err := faultserver.New(func(*faultserver.Request) faultserver.Reply { return faultserver.Page(500).Reply() })
	if err != nil {
		t.stopf("%v", err)
	}
	t.cleanups = append(t.cleanups, server.Close)
	t.open(server.URL)
	if n := server.Connections(); n > 0 {
		t.failf("Open made %d connections", n)
	}
}

func openStrict(t *trial) {
	for url, what := range map[string]string{
		"http://192.0.2.1":      "plain http to a remote host",
		"ftp://127.0.0.1":       "a scheme that is not http",
		"://not an address":     "what is no address",
		"https://u:p@192.0.2.1": "an address with credentials in it",
	} {
		p, err := t.Open(url)
		if err == nil {
			_ = provider.Close(p) // it should not exist
			t.failf("Open takes %s (%q)", what, url)
			continue
		}
		if _, ok := errors.AsType[*provider.ConfigError](err); !ok {
			t.failf("Open refuses %s with an error that is no *provider.ConfigError: %q", what, err)
		}
		t.leaks("Open's error", err.Error())
	}
}

func (t *trial) closer(l *lab) io.Closer {
	c, ok := l.p.(io.Closer)
	if !ok {
		t.notApplicable("the provider has no Close")
	}
	return c
}

func closeTwice(t *trial) {
	l := t.lab(accept)
	c := t.closer(l)
	l.wantAccepted(l.send(t.message("Hello")))
	for n := range 2 {
		if err := c.Close(); err != nil {
			t.failf("Close number %d: %v", n+1, err)
		}
	}
}

func useAfterClose(t *trial) {
	l := t.lab(accept)
	c := t.closer(l)
	if err := c.Close(); err != nil {
		t.failf("Close: %v", err)
	}
	l.wantCode(l.send(t.message("Hello")), provider.Unavailable)
	l.wantSends(0)
}

func connectionsClosed(t *trial) {
	l := t.lab(accept)
	c := t.closer(l)
	l.wantAccepted(l.send(t.message("Hello")))
	if err := c.Close(); err != nil {
		t.failf("Close: %v", err)
	}
	if !eventually(func() bool { return l.server.OpenConnections() == 0 }) {
		t.failf("%d connections are still open after Close", l.server.OpenConnections())
	}
}

// leakTime is how long goroutines and connections may take to end.
const leakTime = 700 * time.Millisecond

func eventually(holds func() bool) bool {
	for end := time.Now().Add(leakTime); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if holds() {
			return true
		}
	}
	return holds()
}

const (
	manySends  = 1000
	manyOpens  = 30
	strayGrows = 20 // goroutines that may come and go for other reasons
)

// thousandSends counts goroutines and connections. Every tenth answer is an
// error, as those paths leak first.
func thousandSends(t *trial) {
	l := t.lab(func(n int, good faultserver.Answer) faultserver.Reply {
		if n%10 == 0 {
			return faultserver.Page(http.StatusBadGateway).Reply()
		}
		return good.Reply()
	})
	m := t.message("Hello")
	// One context for all: ending it would clean up behind the driver.
	ctx := l.ctx()
	l.sendUnder(ctx, m)
	before := runtime.NumGoroutine()
	for range manySends {
		l.sendUnder(ctx, m)
	}
	if !eventually(func() bool { return runtime.NumGoroutine() < before+strayGrows }) {
		t.failf("%d sends left %d goroutines behind", manySends, runtime.NumGoroutine()-before)
	}
	if n := l.server.OpenConnections(); n > strayGrows {
		t.failf("%d sends, one after the other, left %d connections open", manySends, n)
	}
	if t.http() {
		l.wantSends(manySends + 1)
	}
}

func reopened(t *trial) {
	server, err := faultserver.New(func(rq *faultserver.Request) faultserver.Reply {
		if !t.http() {
			return faultserver.Page(http.StatusInternalServerError).Reply()
		}
		return t.accepted().fill(nil, 1).Reply()
	})
	if err != nil {
		t.stopf("%v", err)
	}
	t.cleanups = append(t.cleanups, server.Close)
	before := runtime.NumGoroutine()
	m := t.message("Hello")
	for range manyOpens {
		p, err := t.Open(server.URL)
		if err != nil {
			t.stopf("Open: %v", err)
		}
		l := &lab{trial: t, server: server, p: p}
		l.send(m)
		if err := provider.Close(p); err != nil {
			t.failf("Close: %v", err)
		}
	}
	if !eventually(func() bool { return runtime.NumGoroutine() < before+strayGrows }) {
		t.failf("%d providers that were opened, used and closed left %d goroutines behind", manyOpens, runtime.NumGoroutine()-before)
	}
}

// noState sends a message with everything and then one with nothing.
func noState(t *trial) {
	l := t.lab(accept)
	full := t.message("zq-first-text")
	full.From, full.Tag = "ZqSender", "zq-tag"
	full.Extra = map[string]string{"zq-other.key": "zq-extra"}
	if !l.p.Capabilities().Has(provider.CanChooseSender) {
		full.From = ""
	}
	l.send(full)
	first := len(l.taken())
	l.wantAccepted(l.send(t.message("Hello")))
	for _, s := range l.taken()[first:] {
		seen := fmt.Sprint(s.request.HTTP.URL, s.request.HTTP.Header, string(s.request.Body))
		for _, left := range []string{full.Text, "ZqSender", full.Tag, "zq-extra", full.To.Digits()} {
			if strings.Contains(seen, left) {
				t.failf("%q of the message before is in the request. %s", left, dump(s))
			}
		}
	}
}

// watch collects what the process logs, and passes it on.
type watch struct {
	mu   sync.Mutex
	seen bytes.Buffer
	next io.Writer
}

func (w *watch) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen.Write(b)
	return w.next.Write(b)
}

func (w *watch) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen.String()
}

// logging is held by whoever has taken over the process's loggers.
var logging sync.Mutex

// privateLogs listens at the default loggers while messages are accepted,
// refused and lost. Other packages may log meanwhile, so only what belongs to
// the messages counts.
func privateLogs(t *trial) {
	logging.Lock()
	defer logging.Unlock()
	w := &watch{next: log.Writer()}
	handler := slog.Default()
	log.SetOutput(w)
	slog.SetDefault(slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer func() {
		slog.SetDefault(handler)
		log.SetOutput(w.next)
	}()
	l := t.lab(func(n int, good faultserver.Answer) faultserver.Reply {
		return []faultserver.Reply{good.Reply(), faultserver.Page(400).Reply(), faultserver.Page(500).Reply(), {End: faultserver.Reset}}[(n-1)%4]
	})
	for range 4 {
		m := t.message(privateText)
		l.send(m)
		t.leaksMessage("the log", w.text(), m)
	}
}
