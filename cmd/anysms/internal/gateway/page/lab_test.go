package page_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/api"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/page"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// The keys of the lab.
const (
	opsKey   = "ops-key-0123456789abcdef0123456789"
	readKey  = "read-key-0123456789abcdef0123456789"
	otherKey = "other-key-0123456789abcdef0123456789"
	sendKey  = "send-key-0123456789abcdef0123456789"
)

func keys() []settings.Key {
	return []settings.Key{
		{Name: "ops", Key: opsKey, Scopes: []string{settings.ScopeAdmin, settings.ScopeAll}},
		{Name: "shop", Key: readKey, Scopes: []string{settings.ScopeRead}},
		{Name: "other", Key: otherKey, Scopes: []string{settings.ScopeRead, settings.ScopeAdmin}},
		{Name: "sender", Key: sendKey, Scopes: []string{settings.ScopeSend}},
	}
}

// evil is what somebody could put into a text, a sender, a ref, or a vendor's words.
const evil = `"><script>window.hit=1</script><img src=x onerror="window.hit=1">'{{.}}`

// lab is a page over a ledger and two providers in memory.
type lab struct {
	testing.TB
	dir    string
	ledger *ledger.Ledger
	router *router.Router
	gate   *apikey.Gate
	errors api.LastErrors
	athens *memory.Provider
	usa    *memory.Provider
	server *httptest.Server
	ids    []string // of the messages of fill
}

// newLab is a lab whose searches end after the first two hundred messages.
func newLab(t testing.TB, serve *settings.Serve) *lab {
	t.Helper()
	return newLabIn(t, serve, t.TempDir(), time.Nanosecond)
}

// newLabIn is a lab with its database in a directory, and a patience for searches.
func newLabIn(t testing.TB, serve *settings.Serve, dir string, patience time.Duration) *lab {
	t.Helper()
	l := &lab{TB: t, gate: apikey.NewGate(serve), dir: dir}
	var err error
	l.ledger, err = sqlite.Open(t.Context(), filepath.Join(l.dir, "anysms.db"), ledger.Options{Namespace: "shop", KeepTexts: true, Feed: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.ledger.Close() })
	l.athens, err = memory.New(memory.Config{Price: &provider.Money{Micros: 41_000, Currency: "EUR"}})
	require.NoError(t, err)
	l.usa, err = memory.New(memory.Config{Price: &provider.Money{Micros: 41_000, Currency: "EUR"}})
	require.NoError(t, err)
	upstreams := []router.Upstream{{Name: "athens", Provider: l.athens}, {Name: "usa", Provider: l.usa, RateLimit: 50}}
	l.router, err = router.New(upstreams, &router.Options{
		Store: l.ledger, Journal: l.ledger, Validation: router.Shape, Retry: router.Retry{MaxAttempts: 1}, OnNotice: l.errors.Notice,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.router.Close(context.Background()) })
	configured := []config.Provider{{Upstream: upstreams[0], Driver: "memory"}, {Upstream: upstreams[1], Driver: "memory"}}
	backend := api.New(api.Backend{
		Gate: l.gate, Ledger: l.ledger, Router: l.router, Errors: &l.errors, Log: slog.New(slog.DiscardHandler),
		Configured: func() []config.Provider { return configured }, Region: func() string { return "GR" }, Patience: patience,
	})
	mux := http.NewServeMux()
	mux.Handle("/", backend)
	page.New(page.Options{
		Gate: l.gate, Ledger: l.ledger, Providers: backend.Providers, SetOverride: l.router.SetOverride,
		Region: func() string { return "GR" }, Changes: l.changes, Log: slog.New(slog.DiscardHandler), Version: "v0.0.0-test",
		Patience: patience,
	}).Register(mux)
	l.server = httptest.NewServer(mux)
	t.Cleanup(func() {
		l.server.CloseClientConnections() // streams do not end by themselves
		l.server.Close()
	})
	return l
}

// changes looks often, so that tests need not wait.
func (l *lab) changes(ctx context.Context) <-chan struct{} {
	c := make(chan struct{})
	last, err := l.ledger.FeedEnd(ctx)
	go func() {
		defer close(c)
		for err == nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
			var end int64
			if end, err = l.ledger.FeedEnd(ctx); err != nil || end == last {
				continue
			}
			last = end
			select {
			case c <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c
}

// send sends a message and returns its id.
func (l *lab) send(m *provider.Message) string {
	l.Helper()
	result, _ := l.router.Send(l.Context(), m)
	require.NotNil(l, result)
	list, _, err := l.ledger.Messages(l.Context(), ledger.Filter{Ref: m.Ref})
	require.NoError(l, err)
	require.Len(l, list, 1)
	return list[0].ID
}

// fill sends ten messages with every kind of fate, of which some are malicious.
func (l *lab) fill() {
	l.Helper()
	message := func(n int, text string) *provider.Message {
		return &provider.Message{
			To: e164.MustParse(fmt.Sprintf("+3069412345%02d", n)), Text: text, From: "Example", Tag: "parcel",
			Ref: fmt.Sprintf("order-%d", 1000+n), Class: provider.Transactional,
		}
	}
	report := func(id string, s provider.Status, word string) {
		m, err := l.ledger.Message(l.Context(), id)
		require.NoError(l, err)
		_, err = l.ledger.Record(l.Context(), m.Provider, provider.Event{
			Kind: provider.Report, Attempt: m.Attempts[len(m.Attempts)-1].ID, ID: m.ProviderID, Status: s, Final: s != provider.StatusSent,
			VendorStatus: word, VendorCode: word, At: time.Now().Add(2 * time.Second),
		})
		require.NoError(l, err)
	}
	add := func(m *provider.Message) string {
		id := l.send(m)
		l.ids = append(l.ids, id)
		return id
	}
	report(add(message(1, "Your parcel is on its way.")), provider.StatusDelivered, "DELIVRD")
	report(add(message(2, "Your parcel waits at the post office.")), provider.StatusUndelivered, "UNDELIV")
	report(add(message(3, "Your parcel is on its way.")), provider.StatusSent, "ACCEPTD")
	l.athens.Script(memory.Answer{Err: provider.NewError(provider.Unavailable, "connection refused")})
	add(message(4, "Sent by the other provider."))
	l.athens.Script(memory.Answer{Err: provider.NewError(provider.InvalidRecipient, "no such subscriber")})
	add(message(5, "To nobody."))
	l.athens.Script(memory.Answer{Err: provider.NewError(provider.Indeterminate, "the response was lost"), Taken: true})
	add(message(6, "Perhaps it came."))
	code := message(7, "Your code is 135790.")
	code.Class, code.From, code.Ref = provider.OTP, "", "login-77"
	add(code)
	long := message(8, "A long ref and a long word.")
	long.Ref, long.Tag = strings.Repeat("ref0123456789", 15), strings.Repeat("tag", 30)
	add(long)
	bad := message(9, evil)
	bad.From, bad.Ref, bad.Tag = `<b>x</b>`, "ref"+evil, evil
	l.athens.Script(memory.Answer{Err: provider.NewError(provider.Indeterminate, evil), Taken: true})
	add(bad)
	report(add(message(10, "Straße, naïve, 😀 & <i>tags</i>")), provider.StatusDelivered, evil)
	_, err := l.ledger.OptOut(l.Context(),
		ledger.OptOut{Number: "+306941234599", Scope: ledger.ScopeAll, Source: ledger.FromReply},
		ledger.OptOut{Number: "+306941234598", Scope: ledger.ScopeSender, Value: evil, Source: ledger.FromImport})
	require.NoError(l, err)
}

// browser is a client with cookies that follows no redirect.
type browser struct {
	*lab
	client *http.Client
	csrf   string
}

func (l *lab) browser() *browser {
	l.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(l, err)
	return &browser{lab: l, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as is a browser that has signed in with a key.
func (l *lab) as(key string) *browser {
	l.Helper()
	b := l.browser()
	got := b.post("/sign-in", url.Values{"key": {key}, "next": {"/"}})
	require.Equal(l, http.StatusSeeOther, got.status, got.body)
	b.get("/analyser") // every key may see this view, which has the token
	return b
}

type answer struct {
	status int
	header http.Header
	body   string
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func (b *browser) do(r *http.Request) answer {
	b.Helper()
	resp, err := b.client.Do(r)
	require.NoError(b, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b, err)
	if found := csrfField.FindStringSubmatch(string(body)); found != nil {
		b.csrf = found[1]
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func (b *browser) get(path string) answer {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.server.URL+path, nil)
	require.NoError(b, err)
	return b.do(r)
}

// summed gets a view again, as a browser does, until its figures are there.
func (b *browser) summed(path string) answer {
	b.Helper()
	for {
		got := b.get(path)
		if got.header.Get("Refresh") == "" {
			return got
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (b *browser) post(path string, form url.Values) answer {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.server.URL+path, strings.NewReader(form.Encode()))
	require.NoError(b, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// act submits a form with the token.
func (b *browser) act(path string, form url.Values) answer {
	b.Helper()
	form.Set("csrf", b.csrf)
	return b.post(path, form)
}
