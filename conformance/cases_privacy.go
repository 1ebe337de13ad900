package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/anysms/anysms/provider"
)

func privacyCases() []Case {
	const source = "OWASP Logging Cheat Sheet, Data to exclude; GDPR Art. 5(1)(c)"
	const redact = "in the vendor's words and in errors of libraries, replace the credentials, the message's number and text, and runs of seven or more digits; httpcall.Response does so"
	return []Case{
		{ID: "privacy.errors", Level: Must, Core: true, needs: aLab, run: privateErrors,
			Why: "errors are logged; a key, a number or a text in one is disclosed", Source: source, Fix: redact},
		{ID: "privacy.transport-errors", Level: Must, Core: true, needs: aLab, wire: true, run: privateTransportErrors,
			Why: "errors of libraries contain what was sent, such as the URL with its query", Source: source, Fix: redact},
		{ID: "privacy.receipt", Level: Must, Core: true, needs: aLab, run: privateReceipt,
			Why: "vendors echo requests; callers store the raw response and print receipts", Source: source,
			Fix: "replace the credentials in Receipt.Raw, and make sure that it is JSON or empty"},
		{ID: "privacy.provider", Level: Must, run: privateProvider,
			Why: "a provider that is printed with %+v must not print its credentials", Source: source,
			Fix: "fmt prints unexported fields without calling their methods: give the provider String and GoString methods, or keep its settings behind a pointer"},
		{ID: "privacy.logs", Level: Must, alone: true, wire: true, run: privateLogs,
			Why:    "a driver must not log, nor print: it returns errors, which the program can redact",
			Source: source, Fix: "remove the print or log statement, or leave out number, text and credentials"},
	}
}

// leaks finds secrets, in the forms in which they are sent.
func (t *trial) leaks(what, text string) {
	for i, secret := range t.Secrets {
		forms := []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))}
		for _, form := range forms {
			if form != "" && strings.Contains(text, form) {
				t.failf("%s contains secret %d of the harness", what, i+1)
				break
			}
		}
	}
}

// leaksMessage also finds the number and the text.
func (t *trial) leaksMessage(what, text string, m *provider.Message) {
	t.leaks(what, text)
	_, national := m.To.Split()
	if strings.Contains(text, national) {
		t.failf("%s contains the recipient's number", what)
	}
	if strings.Contains(text, m.Text) || strings.Contains(text, url.QueryEscape(m.Text)) {
		t.failf("%s contains the text", what)
	}
}

// printed is a value as fmt and slog print it.
func printed(v any) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v\n%+v\n%#v\n%s\n%q\n", v, v, v, v, v)
	slog.New(slog.NewTextHandler(&b, nil)).Info("", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("", "v", v)
	return b.String()
}

// checkError checks an error and everything that it wraps.
func (b *bench) checkError(what string, r result, m *provider.Message) {
	if r.err == nil {
		return
	}
	b.leaksMessage(what+": the error", do(b.trial, "printing an error", func() string { return printed(r.err) }), m)
	if _, ok := errors.AsType[*provider.Error](r.err); !ok {
		b.failf("%s: the error does not wrap a *provider.Error: %q", what, r.err)
	}
}

const privateText = "zq-private-text 4829137"

// privateErrors looks at the error of each documented refusal. In HTTP, the vendor
// also echoes the request.
func privateErrors(t *trial) {
	b := t.bench(accept)
	for _, documented := range t.refusals() {
		m := t.plain(privateText)
		b.reset(func(n int, _ []byte) Reply { return Reply{Text: documented.fill(m, n)} })
		b.checkError(documented.file, b.send(m), m)
	}
	if t.overHTTP() {
		b.echoErrors()
		b.echoSpelled()
	}
}

func privateTransportErrors(t *trial) {
	telling := []string{FaultRefused, FaultClose, "reset-after-read", "reset-in-request", "gibberish", "truncated-length"}
	for _, fault := range t.lab.Faults() {
		if !slices.Contains(telling, fault.Name) {
			continue
		}
		b := t.bench(accept)
		b.fail(fault.Name)
		m := t.plain(privateText)
		b.checkError(fault.Name, b.send(m), m)
	}
}

func privateReceipt(t *trial) {
	b := t.bench(accept)
	m := t.plain(privateText)
	if t.overHTTP() {
		b.reset(b.echoInReceipt(m))
	}
	r := b.send(m)
	if r.receipt == nil {
		t.stopf("Send returned %s, want accepted", r)
	}
	t.leaks("Receipt.Raw", string(r.receipt.Raw))
	if len(r.receipt.Raw) > 0 && !json.Valid(r.receipt.Raw) {
		t.failf("Receipt.Raw is not JSON")
	}
	encoded, err := json.Marshal(r.receipt)
	if err != nil {
		t.failf("the receipt cannot be marshalled as JSON: %v", err)
	}
	// The id is the vendor's and may contain anything.
	rest := strings.ReplaceAll(printed(r.receipt)+printed(*r.receipt)+string(encoded), r.receipt.ID, "")
	t.leaksMessage("the printed receipt", rest, m)
}

func privateProvider(t *trial) {
	b := t.bench(accept)
	t.leaks("the provider printed", do(t, "printing the provider", func() string {
		return fmt.Sprintf("%v\n%+v\n%#v\n%s", b.p, b.p, b.p, b.p)
	}))
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

// logging is held while the process's loggers and output files are replaced.
var logging sync.Mutex

// privateLogs records the default loggers, standard output and standard error while
// messages are accepted, refused and lost. Other packages may log at the same time,
// so that only the content of the messages counts.
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
	var messages []*provider.Message
	out := t.outputOf(func() {
		b := t.bench(accept)
		try := func() {
			m := t.plain(privateText)
			messages = append(messages, m)
			b.send(m)
		}
		try()
		for _, documented := range t.refusals() {
			b.reset(always(documented.fill(nil, 1)))
			try()
		}
		b.fail(FaultClose)
		try()
	})
	for _, m := range messages {
		t.leaksMessage("the log", w.text(), m)
		t.leaksMessage("what was printed", out, m)
	}
}

// outputOf returns what is written to standard output and standard error meanwhile.
// What the process writes to the file descriptors without package os is not seen.
func (t *trial) outputOf(f func()) string {
	var text strings.Builder
	func() {
		for _, file := range []**os.File{&os.Stdout, &os.Stderr} {
			restore, err := overhear(file)
			if err != nil {
				t.stopf("%v", err)
			}
			defer func() { text.WriteString(restore()) }() // f may end the case
		}
		f()
	}()
	return text.String()
}

// overhear records what is written to a file, and passes it on, until restore is
// called.
func overhear(file **os.File) (restore func() string, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	original := *file
	*file = w
	heard := make(chan string)
	go func() {
		all, _ := io.ReadAll(io.TeeReader(r, original)) // until w is closed
		r.Close()
		heard <- string(all)
	}()
	return func() string {
		*file = original
		w.Close()
		return <-heard
	}, nil
}
