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
		{ID: "life.open-offline", Level: Must, http: true, run: openOffline,
			Why:    "providers are opened when a program starts and when a configuration is checked; that must not need the network",
			Source: contract + ", Driver.Open"},
		{ID: "life.open-strict", Level: Must, http: true, run: openStrict,
			Why:    "an invalid address must be reported when the program starts; plain http exposes credentials and texts on the network",
			Source: contract + "/httpcall, CheckURL"},
		{ID: "life.close-twice", Level: Must, run: closeTwice,
			Why:    "programs that shut down may close a provider twice",
			Source: contract + ", Close"},
		{ID: "life.use-after-close", Level: Must, run: useAfterClose,
			Why:    "a send during shutdown must fail cleanly: no crash, and no wrong outcome",
			Source: contract + ", Close"},
		{ID: "life.connections-closed", Level: Should, http: true, run: connectionsClosed,
			Why:    "connections that a closed provider leaves open accumulate in programs that reload their configuration",
			Source: contract + ", Close"},
		{ID: "life.thousand-sends", Level: Must, alone: true, run: thousandSends,
			Why:    "a small leak in each send exhausts the program in days",
			Source: contract + ", Provider.Send"},
		{ID: "life.reopened", Level: Must, alone: true, run: reopened,
			Why:    "goroutines that a closed provider leaves behind accumulate in programs that reload their configuration",
			Source: contract + ", Close"},
		{ID: "life.no-state", Level: Must, http: true, run: noState,
			Why:    "data of one message must not be sent with the next",
			Source: contract + ", Provider.Send"},
		{ID: "privacy.logs", Level: Must, alone: true, run: privateLogs,
			Why:    "a driver must not log: it returns errors, which the program can redact",
			Source: "OWASP Logging Cheat Sheet, Data to exclude"},
	}
}

func openOffline(t *trial) {
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
		"://not an address":     "an invalid URL",
		"https://u:p@192.0.2.1": "a URL with credentials",
	} {
		p, err := t.Open(url)
		if err == nil {
			_ = provider.Close(p) // it should not exist
			t.failf("Open accepted %s (%q)", what, url)
			continue
		}
		if _, ok := errors.AsType[*provider.ConfigError](err); !ok {
			t.failf("Open rejected %s with an error that is not a *provider.ConfigError: %q", what, err)
		}
		t.leaks("Open's error", err.Error())
	}
}

func (t *trial) closer(l *lab) io.Closer {
	c, ok := provider.As[io.Closer](l.p)
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
			t.failf("call %d of Close: %v", n+1, err)
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
	manySends = 1000
	manyOpens = 30
	tolerance = 20 // goroutines that may start and end for other reasons
)

// thousandSends counts goroutines and connections. Every tenth response is an
// error, as leaks are most common there.
func thousandSends(t *trial) {
	l := t.lab(func(n int, good faultserver.Response) faultserver.Reply {
		if n%10 == 0 {
			return faultserver.Page(http.StatusBadGateway).Reply()
		}
		return good.Reply()
	})
	m := t.message("Hello")
	// One context for all sends, as ending it would hide leaks.
	ctx := l.ctx()
	l.sendUnder(ctx, m)
	before := runtime.NumGoroutine()
	for range manySends {
		l.sendUnder(ctx, m)
	}
	if !eventually(func() bool { return runtime.NumGoroutine() < before+tolerance }) {
		t.failf("%d sends leaked %d goroutines", manySends, runtime.NumGoroutine()-before)
	}
	if n := l.server.OpenConnections(); n > tolerance {
		t.failf("%d consecutive sends left %d connections open", manySends, n)
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
	if !eventually(func() bool { return runtime.NumGoroutine() < before+tolerance }) {
		t.failf("%d providers that were opened, used and closed leaked %d goroutines", manyOpens, runtime.NumGoroutine()-before)
	}
}

// noState sends a message with all fields, then one with only the required ones.
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
				t.failf("%q of the previous message is in the request. %s", left, dump(s))
			}
		}
	}
}

// watch records what the process logs, and passes it on.
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

// logging is held while the process's loggers are replaced.
var logging sync.Mutex

// privateLogs records the default loggers while messages are accepted, refused and
// lost. Other packages may log at the same time, so that only the content of the
// messages counts.
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
	l := t.lab(func(n int, good faultserver.Response) faultserver.Reply {
		return []faultserver.Reply{good.Reply(), faultserver.Page(400).Reply(), faultserver.Page(500).Reply(), {End: faultserver.Reset}}[(n-1)%4]
	})
	for range 4 {
		m := t.message(privateText)
		l.send(m)
		t.leaksMessage("the log", w.text(), m)
	}
}
