package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/provider"
)

func callbackCases() []Case {
	return []Case{
		{ID: "callbacks.golden", Level: Must, run: callbacksGolden,
			Why:    "a misread report shows undelivered messages as delivered, or the reverse",
			Source: "the callback files name the vendor's documents"},
		{ID: "callbacks.forged", Level: Must, run: callbacksForged,
			Why:    "anybody can send requests to a public address; a forged report can hide a failure",
			Source: contract + ", ErrBadSignature"},
		{ID: "callbacks.unknown-status", Level: Must, run: callbacksUnknownStatus,
			Why:    "vendors add statuses; a new one must be reported as unknown, neither guessed nor rejected for ever",
			Source: contract + ", StatusUnknown"},
		{ID: "callbacks.whole-batch", Level: Must, run: callbacksCut,
			Why:    "a truncated callback that is acknowledged loses the events that are missing",
			Source: contract + ", CallbackParser"},
		{ID: "callbacks.repeated", Level: Must, run: callbacksRepeated,
			Why:    "vendors repeat callbacks until they are acknowledged; that is harmless only if parsing keeps no state",
			Source: contract + ", CallbackParser"},
		{ID: "callbacks.empty", Level: Must, run: callbacksJunk(emptyBodies),
			Why:    "probes and health checks reach public addresses; they are not events, and must not crash the program",
			Source: contract + ", CallbackParser"},
		{ID: "callbacks.huge", Level: Must, run: callbacksJunk(hugeBodies),
			Why:    "anybody can send anything to a public address",
			Source: contract + ", CallbackParser"},
		{ID: "callbacks.bad-utf8", Level: Must, run: callbacksBadUTF8,
			Why:    "incoming texts may have a broken encoding; the text of an event must be valid UTF-8",
			Source: "RFC 3629"},
	}
}

// parser returns a lab whose provider parses callbacks; without the capability the
// case is not applicable.
func (t *trial) parser() *lab {
	l := t.lab(accept)
	if !l.p.Capabilities().Has(provider.HasCallbacks) {
		t.notApplicable("the driver has no capability callbacks")
	}
	return l
}

// goldens returns the callback files; without any, the case is not applicable.
func (l *lab) goldens() []golden {
	if len(l.callbacks) == 0 {
		l.notApplicable("Replies has no callbacks/*.http: the vendor's callbacks")
	}
	return l.callbacks
}

// parse parses a copy of a callback. It ends the case if the driver panics or
// hangs, and fails it if the driver changes the callback.
func (l *lab) parse(c provider.Callback) ([]provider.Event, error) {
	given, kept := copyCallback(c), copyCallback(c)
	type outcome struct {
		events  []provider.Event
		err     error
		problem string
	}
	returned := make(chan outcome, 1)
	ctx, cancel := context.WithTimeout(context.Background(), sendTime)
	defer cancel()
	go func() {
		var o outcome
		defer func() {
			if p := recover(); p != nil {
				o.problem = fmt.Sprintf("ParseCallback panics: %v\n%s", p, debug.Stack())
			}
			returned <- o
		}()
		o.events, o.err = provider.ParseCallback(ctx, l.p, &given)
	}()
	select {
	case o := <-returned:
		if o.problem != "" {
			l.stopf("%s", o.problem)
		}
		if !reflect.DeepEqual(given, kept) {
			l.failf("ParseCallback changed the callback")
		}
		return o.events, o.err
	case <-time.After(sendTime):
		l.stopf("ParseCallback did not return within %s", sendTime)
	}
	return nil, nil
}

func copyCallback(c provider.Callback) provider.Callback {
	c.Body = bytes.Clone(c.Body)
	c.Header = c.Header.Clone()
	c.Query = url.Values(http.Header(c.Query).Clone())
	return c
}

func callbacksGolden(t *trial) {
	l := t.parser()
	for _, g := range l.goldens() {
		events, err := l.parse(g.callback)
		if err != nil {
			t.failf("%s: %v", g.file, err)
			continue
		}
		if len(events) != len(g.events) {
			t.failf("%s: %d events, want %d", g.file, len(events), len(g.events))
			continue
		}
		for i, e := range events {
			has := eventFields(e)
			for key, want := range g.events[i] {
				if has[key] != want {
					t.failf("%s: event %d: %s is %q, want %q", g.file, i+1, key, fmt.Sprint(has[key]), fmt.Sprint(want))
				}
			}
		}
	}
	if n := len(l.server.Requests()) - l.before; n > 0 {
		t.failf("ParseCallback made %d requests", n)
	}
}

func callbacksForged(t *trial) {
	l := t.parser()
	signed := 0
	for _, g := range l.goldens() {
		if g.signature == "" {
			continue
		}
		signed++
		for what, forged := range g.forgeries() {
			events, err := l.parse(forged)
			if !errors.Is(err, provider.ErrBadSignature) {
				t.failf("%s %s: ParseCallback returned %d events and error %v, want an error that wraps ErrBadSignature", g.file, what, len(events), err)
			}
			if err != nil {
				t.leaks(g.file+" "+what+": the error", printed(err))
			}
		}
	}
	if signed == 0 {
		t.notApplicable("no callbacks/*.http is signed (# signature: header NAME)")
	}
}

// forgeries returns the callback without its signature, with a wrong one, and with
// a changed body.
func (g golden) forgeries() map[string]provider.Callback {
	without, wrong, changed := copyCallback(g.callback), copyCallback(g.callback), copyCallback(g.callback)
	kind, name, _ := strings.Cut(g.signature, " ")
	if kind == "header" {
		without.Header.Del(name)
		wrong.Header.Set(name, twist(wrong.Header.Get(name)))
	} else {
		setQuery(&without, name, nil)
		setQuery(&wrong, name, []string{twist(wrong.Query.Get(name))})
	}
	forged := map[string]provider.Callback{"without its signature": without, "with a wrong signature": wrong}
	if g.covers && len(changed.Body) > 0 {
		changed.Body = append(changed.Body, ' ')
		forged["with a changed body"] = changed
	}
	return forged
}

// setQuery replaces a query parameter in Query and in URL.
func setQuery(c *provider.Callback, name string, values []string) {
	delete(c.Query, name)
	if len(values) > 0 {
		c.Query[name] = values
	}
	if u, err := url.Parse(c.URL); err == nil {
		u.RawQuery = c.Query.Encode()
		c.URL = u.String()
	}
}

// twist changes one character in the middle of a signature.
func twist(signature string) string {
	b := []byte(signature)
	if len(b) == 0 {
		return "0"
	}
	at := len(b) / 2
	if b[at] == '1' {
		b[at] = '2'
	} else {
		b[at] = '1'
	}
	return string(b)
}

func callbacksUnknownStatus(t *trial) {
	const word = "ZQNEWSTATUS"
	l := t.parser()
	tried := 0
	for _, g := range l.goldens() {
		if g.status == "" || g.covers {
			continue
		}
		tried++
		c := copyCallback(g.callback)
		c.Body = bytes.ReplaceAll(c.Body, []byte(g.status), []byte(word))
		c.URL = strings.ReplaceAll(c.URL, g.status, word)
		for _, values := range c.Query {
			for i := range values {
				values[i] = strings.ReplaceAll(values[i], g.status, word)
			}
		}
		events, err := l.parse(c)
		if err != nil || len(events) != len(g.events) {
			t.failf("%s with status %s: %d events and error %v, want %d events", g.file, word, len(events), err, len(g.events))
			continue
		}
		found := false
		for _, e := range events {
			found = found || e.Status == provider.StatusUnknown && !e.Final && strings.Contains(e.VendorStatus+e.VendorCode, word)
		}
		if !found {
			t.failf("%s with status %s: no event has StatusUnknown, not final, and the vendor's word", g.file, word)
		}
	}
	if tried == 0 {
		t.notApplicable("no callbacks/*.http has a status_word (# status_word: DELIVRD) and an unsigned body")
	}
}

// callbacksCut truncates the bodies of callbacks with several events.
func callbacksCut(t *trial) {
	l := t.parser()
	tried := 0
	for _, g := range l.goldens() {
		if len(g.events) < 2 || len(g.callback.Body) < 2 {
			continue
		}
		tried++
		for _, n := range []int{len(g.callback.Body) - 1, len(g.callback.Body) * 3 / 4, len(g.callback.Body) / 2} {
			c := copyCallback(g.callback)
			c.Body = c.Body[:n]
			if events, err := l.parse(c); err == nil && len(events) < len(g.events) {
				t.failf("%s cut to %d of %d bytes: %d of %d events and no error", g.file, n, len(g.callback.Body), len(events), len(g.events))
			}
		}
	}
	if tried == 0 {
		t.notApplicable("no callbacks/*.http has more than one event")
	}
}

func callbacksRepeated(t *trial) {
	l := t.parser()
	for _, g := range l.goldens() {
		first, firstErr := l.parse(g.callback)
		for range 3 {
			again, err := l.parse(g.callback)
			if (err == nil) != (firstErr == nil) || !reflect.DeepEqual(first, again) {
				t.failf("%s: parsing the same callback again returns different events", g.file)
				break
			}
		}
	}
}

func emptyBodies() []string {
	return []string{"", " ", "null", "{}", "[]", "[null]", "{", "<", "a=", "=", "&&", "\x00", "[[[[", `{"a":{"b":[`}
}

func hugeBodies() []string {
	return []string{
		strings.Repeat("a", 5<<20),
		strings.Repeat("[", 1<<20),
		strings.Repeat(`{"a":`, 1<<18),
		"[" + strings.Repeat(`{},`, 1<<18) + "{}]",
		strings.Repeat("a=b&", 1<<18),
		strings.Repeat("<a>", 1<<16),
	}
}

// callbacksJunk parses bodies that are not callbacks, with the headers of the callback
// files, if there are any.
func callbacksJunk(bodies func() []string) func(*trial) {
	return func(t *trial) {
		l := t.parser()
		heads := []provider.Callback{
			{},
			{Method: http.MethodGet, URL: "https://hooks.example/"},
			{Method: http.MethodPost, URL: "https://hooks.example/", Header: http.Header{"Content-Type": {"application/json"}}},
			{Method: http.MethodPost, URL: "https://hooks.example/", Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
		}
		for _, g := range l.callbacks {
			heads = append(heads, copyCallback(g.callback))
		}
		for _, head := range heads[:min(len(heads), 6)] {
			for _, body := range bodies() {
				c := head
				c.Body = []byte(body)
				before := len(t.failures)
				events, err := l.parse(c)
				if err == nil && meaningful(events) && len(c.Query) == 0 {
					t.failf("body %s: %d events and no error", show(body), len(events))
				}
				if len(t.failures) > before {
					return
				}
			}
		}
	}
}

// meaningful reports whether an event is about a message.
func meaningful(events []provider.Event) bool {
	for _, e := range events {
		if e.Status != provider.StatusUnknown || e.ID != "" || e.Text != "" {
			return true
		}
	}
	return false
}

func callbacksBadUTF8(t *trial) {
	l := t.parser()
	for _, g := range l.goldens() {
		for _, e := range g.events {
			for _, field := range []string{"text", "id", "status", "vendor_status"} {
				word, _ := e[field].(string)
				if word == "" || !bytes.Contains(g.callback.Body, []byte(word)) {
					continue
				}
				c := copyCallback(g.callback)
				c.Body = bytes.ReplaceAll(c.Body, []byte(word), []byte(word[:1]+"\xff\xfe"+word[1:]))
				events, _ := l.parse(c)
				for _, e := range events {
					if !utf8.ValidString(e.Text) || !utf8.ValidString(e.ID) || !utf8.ValidString(e.VendorStatus) {
						t.failf("%s with invalid UTF-8 in %s: the event has invalid UTF-8 too", g.file, field)
					}
				}
			}
		}
	}
}
