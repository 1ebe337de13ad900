package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
	"github.com/anysms/anysms/router/webhook"
)

const token = "a-token-of-some-length"

type lab struct {
	*testing.T
	ledger  *ledger.Ledger
	vendor  *memory.Provider
	handler *webhook.Handler
	server  *httptest.Server
	log     *bytes.Buffer
}

func newLab(t *testing.T, o webhook.Options, change func(*webhook.Endpoint)) *lab {
	t.Helper()
	l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "anysms.db"), ledger.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() }) // some tests close it before
	vendor, err := memory.New(memory.Config{CallbackSecret: "s3cret-of-the-vendor"})
	require.NoError(t, err)
	e := webhook.Endpoint{Name: "athens", Provider: vendor, Token: token}
	if change != nil {
		change(&e)
	}
	log := new(bytes.Buffer)
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	h, err := webhook.New(l, o, e)
	require.NoError(t, err)
	server := httptest.NewServer(http.StripPrefix("/callbacks", h))
	t.Cleanup(server.Close)
	return &lab{T: t, ledger: l, vendor: vendor, handler: h, server: server, log: log}
}

// post sends a callback and returns the status and the body of the response.
func (l *lab) post(path string, c *provider.Callback) (int, string) {
	l.Helper()
	r, err := http.NewRequestWithContext(l.Context(), c.Method, l.server.URL+path, bytes.NewReader(c.Body))
	require.NoError(l, err)
	r.Header = c.Header.Clone()
	resp, err := http.DefaultClient.Do(r)
	require.NoError(l, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(l, err)
	return resp.StatusCode, string(body)
}

func (l *lab) callback(events ...provider.Event) *provider.Callback {
	l.Helper()
	c, err := l.vendor.Callback(events...)
	require.NoError(l, err)
	return c
}

func report(id string, s provider.Status) provider.Event {
	return provider.Event{Kind: provider.Report, ID: id, Status: s, At: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
}

const path = "/callbacks/athens/" + token

// A message is sent, its outcome is lost, and the vendor's callback settles it.
func TestCallbackSettlesDoubt(t *testing.T) {
	l := newLab(t, webhook.Options{}, nil)
	r, err := router.New([]router.Upstream{{Name: "athens", Provider: l.vendor}}, &router.Options{Store: l.ledger, Journal: l.ledger})
	require.NoError(t, err)
	defer r.Close(context.Background())
	l.vendor.Script(memory.Answer{Err: provider.NewError(provider.Indeterminate, "the response was lost"), Taken: true})
	m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Your parcel is here.", Ref: "order-17"}
	result, err := r.Send(t.Context(), m)
	require.Error(t, err)
	require.Equal(t, provider.OutcomeUnknown, result.Status)
	require.NotEmpty(t, result.Attempts[0].ID)
	result, _ = r.Send(t.Context(), m)
	assert.Equal(t, provider.OutcomeUnknown, result.Status, "at_most_once does not try again")

	e := report("vendor-1", provider.StatusDelivered)
	e.Ref = "order-17"
	status, _ := l.post(path, l.callback(e))
	assert.Equal(t, http.StatusOK, status)
	result, err = r.Send(t.Context(), m)
	require.NoError(t, err)
	assert.True(t, result.Replayed)
	assert.Equal(t, "vendor-1", result.ID)
	assert.Equal(t, 1, l.vendor.Attempts(), "it was sent once")
	page, _, err := l.ledger.Messages(t.Context(), ledger.Filter{Ref: "order-17"})
	require.NoError(t, err)
	require.Len(t, page, 1)
	assert.Equal(t, ledger.Delivered, page[0].Status)
}

func TestBadCallbacks(t *testing.T) {
	good := report("A1", provider.StatusDelivered)
	tests := []struct {
		name   string
		path   string
		change func(*provider.Callback)
		status int
		counts webhook.Counts
	}{
		{"good", path, nil, 200, webhook.Counts{Received: 1, Events: 1}},
		{"no token", "/callbacks/athens", nil, 401, webhook.Counts{Forged: 1}},
		{"wrong token", "/callbacks/athens/x" + token, nil, 401, webhook.Counts{Forged: 1}},
		{"unknown provider", "/callbacks/sparta/" + token, nil, 401, webhook.Counts{Forged: 1}},
		{"more path", path + "/x", nil, 401, webhook.Counts{Forged: 1}},
		{"wrong signature", path, func(c *provider.Callback) { c.Body = append(c.Body, ' ') }, 401, webhook.Counts{Forged: 1}},
		{"no signature", path, func(c *provider.Callback) { c.Header.Del(memory.SignatureHeader) }, 401, webhook.Counts{Forged: 1}},
		{"method", path, func(c *provider.Callback) { c.Method = http.MethodDelete }, 405, webhook.Counts{Refused: 1}},
		{"too large", path, func(c *provider.Callback) { c.Body = make([]byte, 2<<20) }, 413, webhook.Counts{Refused: 1}},
		{"compressed", path, func(c *provider.Callback) { c.Header.Set("Content-Encoding", "gzip") }, 415, webhook.Counts{Refused: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t, webhook.Options{}, nil)
			c := l.callback(good)
			if tt.change != nil {
				tt.change(c)
			}
			status, body := l.post(tt.path, c)
			assert.Equal(t, tt.status, status)
			assert.Equal(t, tt.counts, l.handler.Counts())
			if status != 200 {
				assert.Equal(t, http.StatusText(status)+"\n", body, "no detail")
			}
		})
	}
}

func TestUnreadableCallbacksAreKept(t *testing.T) {
	l := newLab(t, webhook.Options{}, func(e *webhook.Endpoint) {
		var err error
		e.Provider, err = memory.New(memory.Config{}) // no signature
		require.NoError(t, err)
		e.Acknowledge = webhook.Acknowledgement{Status: 202, Body: "OK!", ContentType: "text/x-vendor"}
	})
	for _, body := range []string{"", "{", "\xff\xfe", `[{"kind":"x"}]`, "[\x00]", strings.Repeat("[", 1<<19)} {
		status, answer := l.post(path, &provider.Callback{Method: http.MethodPost, Header: http.Header{}, Body: []byte(body)})
		assert.Equal(t, 202, status, "a vendor must not repeat it for ever")
		assert.Equal(t, "OK!", answer)
	}
	assert.Equal(t, int64(6), l.handler.Counts().Unreadable)
}

// An item of a batch that cannot be read is kept, counted and acknowledged with the rest;
// whoever observes the events does not get it.
func TestUnreadableItem(t *testing.T) {
	var seen []provider.Event
	l := newLab(t, webhook.Options{Observe: func(_ context.Context, _ string, events ...provider.Event) error {
		seen = append(seen, events...)
		return nil
	}}, func(e *webhook.Endpoint) {
		var err error
		e.Provider, err = memory.New(memory.Config{}) // no signature
		require.NoError(t, err)
	})
	const bad = `{"kind":"x","text":"a secret to +306941234567"}`
	body := `[{"kind":"report","id":"A1","status":"delivered"},` + bad + `,{"kind":"report","id":"A2","status":"sent"}]`
	for range 2 { // the vendor repeats it
		status, _ := l.post(path, &provider.Callback{Method: http.MethodPost, Header: http.Header{}, Body: []byte(body)})
		assert.Equal(t, http.StatusOK, status)
	}
	assert.Equal(t, webhook.Counts{Received: 2, Events: 4, Unreadable: 2}, l.handler.Counts())
	assert.Len(t, seen, 4)
	for _, id := range []string{"A1", "A2"} {
		e, err := l.ledger.Reported(t.Context(), "athens", id)
		require.NoError(t, err)
		assert.NotNil(t, e, id)
	}
	kept, err := l.ledger.Unreadable(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, kept, 1)
	assert.Equal(t, bad, string(kept[0].Raw))
	assert.NotContains(t, l.log.String(), "secret")
	assert.NotContains(t, l.log.String(), "6941234567")
}

// A secret in the query of a callback without a body is not kept.
func TestUnreadableQuery(t *testing.T) {
	l := newLab(t, webhook.Options{}, func(e *webhook.Endpoint) {
		var err error
		e.Provider, err = memory.New(memory.Config{})
		require.NoError(t, err)
	})
	status, _ := l.post(path+"?key=s3cret-of-the-vendor&state=odd", &provider.Callback{Method: http.MethodGet, Header: http.Header{}})
	assert.Equal(t, http.StatusOK, status)
	kept, err := l.ledger.Unreadable(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, kept, 1)
	assert.Equal(t, "key=hidden&state=odd", string(kept[0].Raw))
}

// panicking is a driver with a bug.
type panicking struct{ provider.Provider }

func (panicking) ParseCallback(context.Context, *provider.Callback) ([]provider.Event, error) {
	panic("secret +306941234567")
}

func TestDriverPanics(t *testing.T) {
	l := newLab(t, webhook.Options{}, func(e *webhook.Endpoint) { e.Provider = panicking{e.Provider} })
	status, body := l.post(path, l.callback(report("A1", provider.StatusSent)))
	assert.Equal(t, 200, status)
	assert.Empty(t, body)
	assert.NotContains(t, l.log.String(), "secret")
	assert.Equal(t, int64(1), l.handler.Counts().Unreadable)
}

func TestDatabaseIsGone(t *testing.T) {
	l := newLab(t, webhook.Options{}, nil)
	require.NoError(t, l.ledger.Close())
	status, body := l.post(path, l.callback(report("A1", provider.StatusSent)))
	assert.Equal(t, 503, status, "the vendor repeats it")
	assert.Equal(t, "Service Unavailable\n", body)
	assert.Equal(t, webhook.Counts{Failed: 1}, l.handler.Counts())
}

func TestAddresses(t *testing.T) {
	l := newLab(t, webhook.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, func(e *webhook.Endpoint) {
		e.From = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	for _, tt := range []struct {
		forwarded string
		status    int
	}{
		{"192.0.2.7", 200},
		{"198.51.100.1, 192.0.2.7", 200},
		{"192.0.2.7, 198.51.100.1", 401}, // the first hop is the caller's own claim
		{"", 401},
		{"nonsense", 401},
	} {
		c := l.callback(report("A1", provider.StatusSent))
		if tt.forwarded != "" {
			c.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		status, _ := l.post(path, c)
		assert.Equal(t, tt.status, status, "forwarded for %q", tt.forwarded)
	}
}

func TestCutOff(t *testing.T) {
	l := newLab(t, webhook.Options{Timeout: 300 * time.Millisecond}, nil)
	for _, end := range []bool{true, false} { // the vendor closes the connection, or only stops
		conn, err := net.Dial("tcp", l.server.Listener.Addr().String())
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n[{", path)
		require.NoError(t, err)
		if end {
			require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		}
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		assert.Contains(t, string(answer), "400 Bad Request")
		require.NoError(t, conn.Close())
	}
	n, err := l.ledger.Unmatched(t.Context())
	require.NoError(t, err)
	assert.Zero(t, n)
}

func TestManyAtOnce(t *testing.T) {
	l := newLab(t, webhook.Options{}, nil)
	const callbacks, each = 200, 10
	var all sync.WaitGroup
	for i := range callbacks {
		var events []provider.Event
		for j := range each {
			events = append(events, report(fmt.Sprint("A", i/2, "-", j), provider.StatusDelivered)) // each twice
		}
		c := l.callback(events...)
		all.Go(func() {
			status, _ := l.post(path, c)
			assert.Equal(t, 200, status)
		})
	}
	all.Wait()
	n, err := l.ledger.Unmatched(t.Context())
	require.NoError(t, err)
	assert.Equal(t, callbacks*each/2, n)
}

func TestObserve(t *testing.T) {
	var seen []provider.Event
	l := newLab(t, webhook.Options{Observe: func(_ context.Context, name string, events ...provider.Event) error {
		assert.Equal(t, "athens", name)
		seen = append(seen, events...)
		return errors.New("the router is closed")
	}}, nil)
	status, _ := l.post(path, l.callback(report("A1", provider.StatusSent)))
	assert.Equal(t, 200, status, "it is recorded all the same")
	assert.Len(t, seen, 1)
}

func TestNewRefuses(t *testing.T) {
	vendor, err := memory.New(memory.Config{})
	require.NoError(t, err)
	for _, tt := range []struct {
		want      string
		endpoints []webhook.Endpoint
	}{
		{"the token has 5 characters; want at least 16", []webhook.Endpoint{{Name: "a", Provider: vendor, Token: "short"}}},
		{"must not have a slash", []webhook.Endpoint{{Name: "a/b", Provider: vendor, Token: token}}},
		{"NoToken and a token are both set", []webhook.Endpoint{{Name: "a", Provider: vendor, Token: token, NoToken: true}}},
		{"anybody could report anything", []webhook.Endpoint{{Name: "a", Provider: vendor, NoToken: true}}},
		{"duplicate name", []webhook.Endpoint{{Name: "a", Provider: vendor, Token: token}, {Name: "a", Provider: vendor, Token: token}}},
	} {
		_, err := webhook.New(nil, webhook.Options{}, tt.endpoints...)
		require.ErrorContains(t, err, tt.want)
	}
	signs, err := memory.New(memory.Config{CallbackSecret: "s3cret-of-the-vendor"})
	require.NoError(t, err)
	_, err = webhook.New(nil, webhook.Options{},
		webhook.Endpoint{Name: "a", Provider: vendor, NoToken: true, Insecure: true},
		webhook.Endpoint{Name: "b", Provider: vendor, NoToken: true, From: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
		webhook.Endpoint{Name: "c", Provider: signs, NoToken: true})
	require.NoError(t, err)
}

// An endpoint without a token takes what the driver has verified, whatever follows its name.
func TestWithoutToken(t *testing.T) {
	l := newLab(t, webhook.Options{}, func(e *webhook.Endpoint) { e.Token, e.NoToken = "", true })
	for i, path := range []string{"/callbacks/athens", "/callbacks/athens/", path} {
		status, _ := l.post(path, l.callback(report("A1", provider.StatusSent)))
		assert.Equal(t, 200, status, path)
		status, _ = l.post(path, &provider.Callback{Method: http.MethodPost, Body: []byte("[]"), Header: http.Header{}})
		assert.Equal(t, 401, status, "unsigned")
		assert.Equal(t, webhook.Counts{Received: int64(i + 1), Events: int64(i + 1), Forged: int64(i + 1)}, l.handler.Counts())
	}
}

// The address of a peer over IPv6 is compared too.
func TestAddressesIPv6(t *testing.T) {
	for from, want := range map[string]int{"::1/128": 200, "::/127": 200, "2001:db8::/32": 401, "127.0.0.0/8": 401} {
		l := newLab(t, webhook.Options{}, func(e *webhook.Endpoint) { e.From = []netip.Prefix{netip.MustParsePrefix(from)} })
		listener, err := net.Listen("tcp6", "[::1]:0")
		if err != nil {
			t.Skip("this machine has no IPv6: ", err)
		}
		server := httptest.NewUnstartedServer(l.server.Config.Handler)
		require.NoError(t, server.Listener.Close())
		server.Listener = listener
		server.Start()
		l.server.URL = server.URL
		status, _ := l.post(path, l.callback(report("A1", provider.StatusSent)))
		assert.Equal(t, want, status, from)
		server.Close()
	}
}

// Tokens are in the ledger where an endpoint has none of its own.
func TestTokensOfTheLedger(t *testing.T) {
	l := newLab(t, webhook.Options{}, func(e *webhook.Endpoint) { e.Token = "" })
	post := func(token string) int {
		status, _ := l.post(webhook.URL("/callbacks", "athens", token), l.callback(report("A1", provider.StatusSent)))
		return status
	}
	tokens, err := l.ledger.CallbackTokens(t.Context(), "athens")
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	first := tokens[0].Value
	assert.GreaterOrEqual(t, len(first), 26)
	assert.Equal(t, 200, post(first))
	assert.Equal(t, 401, post(""))
	assert.Equal(t, 401, post(first+"x"))
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", tokens[0], tokens, tokens[0]), first)

	second, err := l.ledger.RotateCallbackToken(t.Context(), "athens")
	require.NoError(t, err)
	require.NotEqual(t, first, second.Value)
	assert.Equal(t, 200, post(first), "the old one is taken for a day")
	require.Eventually(t, func() bool { return post(second.Value) == 200 }, 10*time.Second, 50*time.Millisecond)
	tokens, err = l.ledger.CallbackTokens(t.Context(), "athens")
	require.NoError(t, err)
	require.Len(t, tokens, 2)
	assert.Equal(t, second, tokens[0])
	assert.WithinDuration(t, time.Now().Add(ledger.TokenOverlap), tokens[1].Until, time.Minute)

	require.NoError(t, l.ledger.Close())
	fresh, err := webhook.New(l.ledger, webhook.Options{}, webhook.Endpoint{Name: "athens", Provider: l.vendor})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	fresh.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/athens/"+first, nil))
	assert.Equal(t, 503, w.Code, "while the ledger cannot be read, nobody is called a forger")
}
