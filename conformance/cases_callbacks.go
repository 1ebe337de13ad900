package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/anysms/anysms/provider"
)

func callbackCases() []Case {
	const all = "parse the whole callback first, and return all of its events or an error"
	return []Case{
		{ID: "callbacks.golden", Level: Must, run: callbacksGolden,
			Why:    "a misread report shows undelivered messages as delivered, or the reverse",
			Source: "the callback files name the vendor's documents",
			Fix:    "read the fields as the vendor documents them, and map its statuses through a table"},
		{ID: "callbacks.forged", Level: Must, run: callbacksForged,
			Why:    "anybody can send requests to a public address; a forged report can hide a failure",
			Source: contract + ", ErrBadSignature",
			Fix:    "compare the whole signature or secret with hmac.Equal or subtle.ConstantTimeCompare before reading anything, and wrap provider.ErrBadSignature; if the vendor signs nothing, say so in the file (# signature: none: reason)"},
		{ID: "callbacks.unknown-status", Level: Must, run: callbacksUnknownStatus,
			Why:    "vendors add statuses; a new one must be reported as unknown, neither guessed nor rejected for ever",
			Source: contract + ", StatusUnknown",
			Fix:    "return StatusUnknown, not final, with the vendor's word in VendorStatus, for every word that is not in the table"},
		{ID: "callbacks.whole-batch", Level: Must, run: callbacksCut,
			Why:    "a truncated callback that is acknowledged loses the events that are missing",
			Source: contract + ", CallbackParser", Fix: all},
		{ID: "callbacks.bad-item", Level: Must, run: callbacksBadItem,
			Why:    "one item that cannot be read must neither be lost nor hold back the others of its batch",
			Source: contract + ", UnreadableItem",
			Fix:    "return provider.UnreadableItem for an item that cannot be read, beside the events of the others, and pass the list through provider.CheckReadable"},
		{ID: "callbacks.repeated", Level: Must, run: callbacksRepeated,
			Why:    "vendors repeat callbacks until they are acknowledged; that is harmless only if parsing keeps no state",
			Source: contract + ", CallbackParser", Fix: "keep nothing in the provider while parsing"},
		{ID: "callbacks.empty", Level: Must, run: callbacksJunk(emptyBodies),
			Why:    "probes and health checks reach public addresses; they are not events, and must not crash the program",
			Source: contract + ", CallbackParser", Fix: "return an error for a callback without the documented fields"},
		{ID: "callbacks.huge", Level: Must, run: callbacksJunk(hugeBodies),
			Why:    "anybody can send anything to a public address",
			Source: contract + ", CallbackParser", Fix: "assume nothing about the size or the nesting of a callback"},
		{ID: "callbacks.bad-utf8", Level: Must, run: callbacksBadUTF8,
			Why:    "incoming texts may have a broken encoding; the text of an event must be valid UTF-8",
			Source: "RFC 3629", Fix: "replace invalid bytes with strings.ToValidUTF8"},
	}
}

// parser returns a bench whose provider parses callbacks; without the capability the
// case is not applicable.
func (t *trial) parser() *bench {
	b := t.bench(accept)
	if !b.has(provider.HasCallbacks) {
		t.notApplicable("the driver has no capability callbacks")
	}
	return b
}

// goldens returns the callback files; without any, the case is not applicable.
func (b *bench) goldens() []golden {
	if len(b.callbacks) == 0 {
		b.notApplicable("Replies has no callbacks/*.http: the vendor's callbacks")
	}
	return b.callbacks
}

// parse parses a copy of a callback. It ends the case if the driver panics or
// hangs, and fails it if the driver changes the callback.
func (b *bench) parse(c provider.Callback) ([]provider.Event, error) {
	given, kept := copyCallback(c), copyCallback(c)
	events, err := doErr(b.trial, "ParseCallback", func(ctx context.Context) ([]provider.Event, error) {
		return provider.ParseCallback(ctx, b.p, &given)
	})
	if !reflect.DeepEqual(given, kept) {
		b.failf("ParseCallback changed the callback")
	}
	return events, err
}

func copyCallback(c provider.Callback) provider.Callback {
	c.Body = bytes.Clone(c.Body)
	c.Header = c.Header.Clone()
	c.Query = url.Values(http.Header(c.Query).Clone())
	return c
}

func callbacksGolden(t *trial) {
	b := t.parser()
	if len(b.callbacks) == 0 {
		t.unproven("the capability callbacks is set, but Replies has no callbacks/*.http: the vendor's callbacks")
	}
	for _, g := range b.goldens() {
		events, err := b.parse(g.callback)
		if err != nil {
			t.failf("%s: %v", g.file, err)
			continue
		}
		t.compareEvents(g.file, events, g.events)
	}
	if n := len(b.requests()); n > 0 {
		t.failf("ParseCallback made %d requests", n)
	}
}

func callbacksUnknownStatus(t *trial) {
	b := t.parser()
	tried := 0
	for _, g := range b.goldens() {
		if g.status == "" || g.covers {
			continue
		}
		tried++
		word := g.newStatus
		c := copyCallback(g.callback)
		c.Body = bytes.ReplaceAll(c.Body, []byte(g.status), []byte(word))
		c.URL = strings.ReplaceAll(c.URL, g.status, word)
		if u, err := url.Parse(c.URL); err == nil {
			c.Query = u.Query()
		}
		events, err := b.parse(c)
		if err != nil || len(events) != len(g.events) {
			t.failf("%s with status %s: %d events and error %v, want %d events", g.file, word, len(events), err, len(g.events))
			continue
		}
		found := false
		for _, e := range events {
			found = found || e.Status == provider.StatusUnknown && !e.Final && has(word, e.VendorStatus, e.VendorCode)
		}
		if !found {
			t.failf("%s with status %s: no event has StatusUnknown, not final, and the vendor's word", g.file, word)
		}
	}
	reports := slices.ContainsFunc(b.callbacks, func(g golden) bool { return !g.covers && !g.otherwise && g.reports() })
	switch {
	case tried > 0:
	case reports:
		t.unproven("no callbacks/*.http says which word is the status; want a comment line such as \"# status_word: DELIVRD\", or `# status_word: \"code\":7 => \"code\":987` for a number")
	default:
		t.notApplicable("no callbacks/*.http is a report with an unsigned body, in which a word decides")
	}
}

// has reports whether a text contains one of the words.
func has(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return w != "" && strings.Contains(text, w) })
}

// callbacksCut truncates the bodies of callbacks with several events.
func callbacksCut(t *trial) {
	b := t.parser()
	tried := 0
	for _, g := range b.goldens() {
		if len(g.events) < 2 || len(g.callback.Body) < 2 {
			continue
		}
		tried++
		for _, n := range []int{len(g.callback.Body) - 1, len(g.callback.Body) * 3 / 4, len(g.callback.Body) / 2} {
			c := copyCallback(g.callback)
			c.Body = c.Body[:n]
			if events, err := b.parse(c); err == nil && len(events) < len(g.events) {
				t.failf("%s cut to %d of %d bytes: %d of %d events and no error", g.file, n, len(g.callback.Body), len(events), len(g.events))
			}
		}
	}
	if tried == 0 {
		t.notApplicable("no callbacks/*.http has more than one event")
	}
}

// callbacksBadItem replaces one of several events by something else.
func callbacksBadItem(t *trial) {
	b := t.parser()
	tried := 0
	for _, g := range b.goldens() {
		if len(g.events) < 2 || g.covers {
			continue
		}
		for n := range g.events {
			body, ok := spoilItem(g.callback.Body, len(g.events), n)
			if !ok {
				continue
			}
			tried++
			b.parseSpoilt(g, body, n)
		}
	}
	if tried == 0 {
		t.notApplicable("no callbacks/*.http has several events in JSON and an unsigned body")
	}
}

// parseSpoilt parses a batch whose event n cannot be read: it must be kept, and must not
// hold back the others.
func (b *bench) parseSpoilt(g golden, body []byte, n int) {
	right, err := b.parse(g.callback)
	if err != nil {
		return // callbacks.golden says so
	}
	c := copyCallback(g.callback)
	c.Body = body
	events, err := b.parse(c)
	if err != nil || len(events) != len(right) {
		b.failf("%s with a list in place of event %d: %d events and error %v, want %d events", g.file, n+1, len(events), err, len(right))
		return
	}
	for i := range events {
		if i == n && (events[i].Kind != provider.Unreadable || len(events[i].Raw) == 0) {
			b.failf("%s with a list in place of event %d: its kind is %q and Raw has %d bytes, want an unreadable event with the item", g.file, n+1, events[i].Kind, len(events[i].Raw))
		}
		if i != n && (events[i].ID != right[i].ID || events[i].Kind != right[i].Kind || events[i].Status != right[i].Status) {
			b.failf("%s with a list in place of event %d: event %d is another than without", g.file, n+1, i+1)
		}
	}
}

// spoilItem replaces the n-th element of the list of a JSON text that has as many
// elements as there are events.
func spoilItem(body []byte, events, n int) (spoilt []byte, ok bool) {
	var tree any
	if unmarshalNumbers(body, &tree) != nil {
		return nil, false
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, value := range v {
				walk(value)
			}
		case []any:
			if len(v) == events && !ok {
				v[n], ok = []any{"zq"}, true
				return
			}
			for _, value := range v {
				walk(value)
			}
		}
	}
	walk(tree)
	spoilt, err := json.Marshal(tree)
	return spoilt, ok && err == nil
}

func callbacksRepeated(t *trial) {
	b := t.parser()
	for _, g := range b.goldens() {
		first, firstErr := b.parse(g.callback)
		for range 3 {
			again, err := b.parse(g.callback)
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
		b := t.parser()
		heads := []provider.Callback{
			{},
			{Method: http.MethodGet, URL: "https://hooks.example/"},
			{Method: http.MethodPost, URL: "https://hooks.example/", Header: http.Header{"Content-Type": {"application/json"}}},
			{Method: http.MethodPost, URL: "https://hooks.example/", Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
		}
		for _, g := range b.callbacks {
			heads = append(heads, copyCallback(g.callback))
		}
		for _, head := range heads[:min(len(heads), 6)] {
			for _, body := range bodies() {
				c := head
				c.Body = []byte(body)
				before := t.failed()
				events, err := b.parse(c)
				if err == nil && meaningful(events) && len(c.Query) == 0 {
					t.failf("body %s: %d events and no error", show(body), len(events))
				}
				if t.failed() > before {
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
	b := t.parser()
	for _, g := range b.goldens() {
		for _, e := range g.events {
			for _, field := range []string{"text", "id", "status", "vendor_status"} {
				word, _ := e[field].(string)
				if word == "" || !bytes.Contains(g.callback.Body, []byte(word)) {
					continue
				}
				c := copyCallback(g.callback)
				c.Body = bytes.ReplaceAll(c.Body, []byte(word), []byte(word[:1]+"\xff\xfe"+word[1:]))
				events, _ := b.parse(c)
				for _, e := range events {
					if !utf8.ValidString(e.Text) || !utf8.ValidString(e.ID) || !utf8.ValidString(e.VendorStatus) {
						t.failf("%s with invalid UTF-8 in %s: the event has invalid UTF-8 too", g.file, field)
					}
				}
			}
		}
	}
}
