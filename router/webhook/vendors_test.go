package webhook_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	pathpkg "path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance/golden"
	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
	"github.com/anysms/anysms/router/webhook"
)

// TestEveryVendor posts each documented callback of each vendor to the handler, twice. The
// golden files have what the ledger then knows of the messages that were sent before, and
// of events. That the drivers read the callbacks as documented is tested with them.
func TestEveryVendor(t *testing.T) {
	empty := emptyLedger(t)
	for vendor, list := range everyCallback(t) {
		t.Run(vendor, func(t *testing.T) {
			out := new(strings.Builder)
			for i := range list {
				t.Run(list[i].Name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { // vendors sign times, which the clock of the test waits for
						takeCallback(t, empty, &list[i], out)
					})
				})
			}
			golden.Check(t, filepath.Join("testdata", "callbacks", strings.ReplaceAll(vendor, " ", "_")+".txt"), out.String())
		})
	}
}

// emptyLedger returns a database that is copied for each callback, as making one takes long.
func emptyLedger(t *testing.T) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "anysms.db")
	l, err := sqlite.Open(t.Context(), file, ledger.Options{Key: make([]byte, 32)})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return b
}

// everyCallback lists the callbacks by vendor, in the order of the times in which they
// are valid.
func everyCallback(t *testing.T) map[string][]resttest.Callback {
	t.Helper()
	all := make(map[string][]resttest.Callback)
	for _, name := range rest.Builtin() {
		r, err := rest.Load(name)
		require.NoError(t, err)
		list, err := resttest.Callbacks(r)
		require.NoError(t, err)
		if len(list) > 0 {
			all["recipe "+name] = list
		}
	}
	for name, open := range map[string]func() (provider.Provider, error){
		"apifon": func() (provider.Provider, error) {
			return apifon.Driver.Open(t.Context(), json.RawMessage(`{"token":"t","secret":"s","callback_secret":"h00k-s3cr3t"}`))
		},
		"zoomconnect": func() (provider.Provider, error) {
			return zoomconnect.Driver.Open(t.Context(), json.RawMessage(`{"email":"user@shop.example","token":"t","callback_secret":"h00k-s3cr3t"}`))
		},
		"memory": func() (provider.Provider, error) {
			return memory.New(memory.Config{CallbackSecret: "s3cret-of-the-callbacks"})
		},
	} {
		p, err := open()
		require.NoError(t, err)
		files, err := filepath.Glob(filepath.Join("..", "..", "drivers", name, "testdata", "conformance", "callbacks", "*.http"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			all[name] = append(all[name], resttest.Callback{Name: filepath.Base(file), Provider: p, Callback: readCallback(t, file)})
		}
	}
	for _, list := range all {
		slices.SortStableFunc(list, func(a, b resttest.Callback) int {
			return cmp.Or(a.Callback.ReceivedAt.Compare(b.Callback.ReceivedAt), strings.Compare(a.Name, b.Name))
		})
	}
	return all
}

// readCallback reads a file of the conformance suite: notes, then a request.
func readCallback(t *testing.T, file string) *provider.Callback {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	for bytes.HasPrefix(raw, []byte("#")) {
		_, raw, _ = bytes.Cut(raw, []byte("\n"))
	}
	head, body, _ := bytes.Cut(raw, []byte("\n\n"))
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(append(head, "\n\n"...))))
	require.NoError(t, err)
	return &provider.Callback{
		Method: r.Method, URL: "https://" + r.Host + r.URL.RequestURI(), Query: r.URL.Query(), Header: r.Header, Body: bytes.TrimSuffix(body, []byte("\n")),
	}
}

// takeCallback posts a callback twice to where the vendor posts it, and writes what the
// ledger has made of it.
func takeCallback(t *testing.T, empty []byte, c *resttest.Callback, out *strings.Builder) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "anysms.db")
	require.NoError(t, os.WriteFile(file, empty, 0o600))
	l, err := sqlite.Open(t.Context(), file, ledger.Options{Key: make([]byte, 32)})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	if wait := time.Until(c.Callback.ReceivedAt); wait > 0 {
		time.Sleep(wait)
	}
	name, public := endpointOf(t, c.Callback)
	events, _ := provider.ParseCallback(t.Context(), c.Provider, c.Callback) // some are forged
	for _, e := range events {
		if e.Kind == provider.Report && e.ID != "" {
			sendAs(t, l, name, e.ID)
			time.Sleep(time.Millisecond) // ids begin with it, and messages are listed by id
		}
	}
	h, err := webhook.New(l, webhook.Options{PublicURL: public, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
		webhook.Endpoint{Name: name, Provider: c.Provider, NoToken: true})
	require.NoError(t, err)
	want, code := webhook.Counts{Received: 2, Events: 2 * int64(len(events))}, http.StatusOK
	switch {
	case c.Forged:
		want, code = webhook.Counts{Forged: 2}, http.StatusUnauthorized
	case c.Unread:
		want = webhook.Counts{Received: 2, Unreadable: 2}
	}
	for range 2 {
		assert.Equal(t, code, post(t, h, name, c.Callback))
	}
	assert.Equal(t, want, h.Counts())
	fmt.Fprintf(out, "%s: %d\n", c.Name, code)
	printRecorded(t, l, out)
}

// endpointOf splits the URL that a vendor has signed into the name of the endpoint and
// what precedes it.
func endpointOf(t *testing.T, c *provider.Callback) (name, public string) {
	t.Helper()
	u, err := url.Parse(c.URL)
	require.NoError(t, err)
	name = pathpkg.Base(u.Path)
	if u.Host == "" || name == "/" || name == "." {
		return "vendor", "https://hooks.example"
	}
	return name, u.Scheme + "://" + u.Host + strings.TrimSuffix(pathpkg.Dir(u.Path), "/")
}

func post(t *testing.T, h http.Handler, name string, c *provider.Callback) int {
	t.Helper()
	query := c.Query.Encode()
	if u, err := url.Parse(c.URL); err == nil && u.RawQuery != "" {
		query = u.RawQuery
	}
	r := httptest.NewRequestWithContext(t.Context(), c.Method, "/"+url.PathEscape(name)+"?"+query, bytes.NewReader(c.Body))
	r.Header = c.Header.Clone()
	if c.RemoteIP != "" {
		r.Header.Set("X-Forwarded-For", c.RemoteIP)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// sendAs records a message that a vendor has accepted under an id.
func sendAs(t *testing.T, l *ledger.Ledger, name, id string) {
	t.Helper()
	m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello", Ref: "for " + id}
	c := router.Claim{Ref: m.Ref, Fingerprint: "f", Owner: "me", Keep: time.Hour, Message: m}
	c.Intent = &router.JournalEntry{Key: m.Ref, Provider: name, Attempt: l.NewAttempt(), Message: m}
	prior, err := l.Begin(t.Context(), c)
	require.NoError(t, err)
	if prior != nil {
		return // the callback has several reports about it
	}
	result := &router.Result{Ref: m.Ref, To: m.To, Provider: name, Status: provider.OutcomeAccepted, ID: id}
	result.Attempts = []router.Attempt{{ID: c.Intent.Attempt, Provider: name, Outcome: provider.OutcomeAccepted}}
	require.NoError(t, l.Finish(t.Context(), c, result))
}

// printRecorded writes the messages and the events of a ledger, without what is made up
// anew each time.
func printRecorded(t *testing.T, l *ledger.Ledger, out *strings.Builder) {
	t.Helper()
	page, _, err := l.Messages(t.Context(), ledger.Filter{})
	require.NoError(t, err)
	for _, m := range slices.Backward(page) {
		fmt.Fprintf(out, "  message %s is %s\n", m.ProviderID, m.Status)
	}
	texts := []string{"kind", "provider_id", "status", "segment_status", "code", "vendor_status", "vendor_code", "peer", "detail"}
	numbers := []string{"final", "segment", "segment_of", "vendor_time", "message <> ''"}
	err = l.Database().Read(t.Context(), func(tx ledger.Tx) error {
		return tx.Query(t.Context(), func(scan func(...any) error) error {
			words, values := make([]string, len(texts)), make([]int64, len(numbers))
			var to []any
			for i := range words {
				to = append(to, &words[i])
			}
			for i := range values {
				to = append(to, &values[i])
			}
			if err := scan(to...); err != nil {
				return err
			}
			fmt.Fprint(out, "  event")
			for i, w := range words {
				if w != "" {
					fmt.Fprintf(out, " %s=%s", texts[i], w)
				}
			}
			for i, v := range values[:3] {
				if v != 0 {
					fmt.Fprintf(out, " %s=%d", numbers[i], v)
				}
			}
			if values[3] != 0 {
				fmt.Fprintf(out, " at=%s", time.UnixMicro(values[3]).UTC().Format(time.RFC3339Nano))
			}
			if values[4] == 0 {
				fmt.Fprint(out, " (about no known message)")
			}
			fmt.Fprintln(out)
			return nil
		}, "SELECT "+strings.Join(texts, ", ")+", "+strings.Join(numbers, ", ")+" FROM anysms_events ORDER BY seq")
	})
	require.NoError(t, err)
	for o, err := range l.OptOuts(t.Context(), "") {
		require.NoError(t, err)
		fmt.Fprintf(out, "  opt-out of %s, scope %s\n", o.Number, o.Scope)
	}
}
