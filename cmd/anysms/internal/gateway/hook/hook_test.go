package hook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook"
	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

const (
	token         = "a-token-of-some-length"
	webhookSecret = "whsec_dGhpcyBpcyB0aGUga2V5IG9mIHRoZSBob29r"
	zitadelKey    = "zitadel-signing-key-of-a-target"
	grafanaSecret = "grafana-hmac-secret-0123"
)

// noon is the time of the lab's clock; the signatures below are of this second.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// Signatures of the fixtures, made with openssl:
//
//	{ printf '1795262400.'; cat zitadel.json; } | openssl dgst -sha256 -hmac zitadel-signing-key-of-a-target
//	{ printf '1795262400:'; cat grafana.json; } | openssl dgst -sha256 -hmac grafana-hmac-secret-0123
//	{ printf 'msg_1.1795262400.'; cat supabase.json; } | openssl dgst -sha256 -mac HMAC -macopt hexkey:… -binary | base64
const (
	zitadelSum  = "7dafed2f80f3f3e24d4ea6a0a653f5d8c724e4e89406de29184b73e9324c2079"
	grafanaSum  = "9a7dd7036a390c9594ce2bee646571547ff9b8cc1430d508a62cb99f3d4913f5"
	supabaseSum = "6N3E33b8SOTlfJmKluyuVxVHzELhvw6V0K0lYSTVazc="
)

// lab is a handler over a router with a ledger and a provider in memory, called over a
// socket.
type lab struct {
	*testing.T
	vendor *memory.Provider
	ledger *ledger.Ledger
	server *httptest.Server
	log    *bytes.Buffer
	h      *hook.Handler

	mu  sync.Mutex
	now time.Time
}

func newLab(t *testing.T, hooks ...hook.Config) *lab {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "anysms.db"), ledger.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	vendor, err := memory.New(memory.Config{})
	require.NoError(t, err)
	r, err := router.New([]router.Upstream{{Name: "athens", Provider: vendor}}, &router.Options{
		Store: store, Journal: store, Validation: router.Shape, AttemptBudget: 1,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	l := &lab{T: t, vendor: vendor, ledger: store, log: new(bytes.Buffer), now: noon}
	l.h, err = hook.New(hook.Options{
		Submit: l.submit(r), Find: l.find, DefaultRegion: "GR", Now: l.clock,
		Log: slog.New(slog.NewTextHandler(l.log, nil)),
	}, hooks...)
	require.NoError(t, err)
	l.server = httptest.NewServer(http.StripPrefix("/hooks", l.h))
	t.Cleanup(l.server.Close)
	return l
}

func (l *lab) clock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

func (l *lab) sleep(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(d)
}

func (l *lab) submit(r *router.Router) hook.Submit {
	return func(ctx context.Context, _ string, m *provider.Message, wait time.Duration) (hook.Result, error) {
		assert.Greater(l, wait, 2*time.Second)
		assert.LessOrEqual(l, wait, 3*time.Second)
		deadline, ok := ctx.Deadline()
		assert.True(l, ok && time.Until(deadline) <= 3*time.Second, "an answer comes after 3 s at most")
		result, err := r.Send(ctx, m)
		if result == nil {
			return hook.Result{}, err
		}
		if strings.Contains(result.Message, "ref") && result.Code == provider.InvalidMessage {
			return hook.Result{}, hook.ErrConflict
		}
		page, _, err := l.ledger.Messages(ctx, ledger.Filter{Ref: m.Ref})
		if err != nil || len(page) == 0 { // refused before it was recorded
			return hook.Result{}, provider.NewError(result.Code, result.Message)
		}
		return hook.Result{ID: page[0].ID, Status: page[0].Status, Code: page[0].Code, Reason: page[0].Reason}, err
	}
}

// find takes the lab's clock for the time of creation: the ledger has the real one.
func (l *lab) find(ctx context.Context, _, ref string) (time.Time, bool, error) {
	page, _, err := l.ledger.Messages(ctx, ledger.Filter{Ref: ref})
	if err != nil || len(page) == 0 {
		return time.Time{}, false, err
	}
	return noon, true, nil
}

type call struct {
	name   string
	body   []byte
	header map[string]string
	method string
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (l *lab) call(c call) answer {
	l.Helper()
	if c.method == "" {
		c.method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(l.Context(), c.method, l.server.URL+"/hooks/"+c.name, bytes.NewReader(c.body))
	require.NoError(l, err)
	r.Header.Set("Content-Type", "application/json")
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(l, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(l, err)
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	return b
}

// signed are the headers of Standard Webhooks, made with its own library.
func signed(t testing.TB, secret, id string, at time.Time, body []byte) map[string]string {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	signature, err := w.Sign(id, at, body)
	require.NoError(t, err)
	return map[string]string{"webhook-id": id, "webhook-timestamp": fmt.Sprint(at.Unix()), "webhook-signature": signature}
}

var bearer = map[string]string{"Authorization": "Bearer " + token}

// sample is the published payload of each software with what must become of it.
type sample struct {
	config hook.Config
	header map[string]string
	to     string
	text   string
	class  provider.Class
}

func samples() map[string]sample {
	return map[string]sample{
		"supabase": {
			hook.Config{Secret: "v1," + webhookSecret},
			map[string]string{"webhook-id": "msg_1", "webhook-timestamp": "1795262400", "webhook-signature": "v1," + supabaseSum},
			"+1333363128", "Your verification code is 561166.", provider.OTP,
		},
		"zitadel": {
			hook.Config{Secret: zitadelKey}, map[string]string{"ZITADEL-Signature": "t=1795262400,v1=" + zitadelSum}, "+41791234567",
			"0M53RF is your one-time password for example.zitadel.com. Use it within the next 1h0m0s.\n@example.zitadel.com #0M53RF", provider.OTP,
		},
		"logto":     {hook.Config{Token: token}, bearer, "+1234567890", "Your verification code is 123456.", provider.OTP},
		"authentik": {hook.Config{Token: token}, bearer, "+306900000001", "Use this code to authenticate in authentik: 123456", provider.OTP},
		"kratos": {
			hook.Config{Token: token}, map[string]string{"Authorization": "Basic YW55c21zOmEtdG9rZW4tb2Ytc29tZS1sZW5ndGg="}, "+12065550101",
			"Your login code is: 708321\n\nIt expires in 60 minutes.\n\n@www.example.org #708321", provider.OTP,
		},
		"alertmanager": {
			hook.Config{Token: token, To: []string{"+306900000001"}}, bearer,
			"+306900000001", "FIRING TestAlert: Test summary", provider.Transactional,
		},
		"grafana": {
			hook.Config{Secret: grafanaSecret, To: []string{"+306900000001"}},
			map[string]string{"X-Grafana-Alerting-Signature": grafanaSum, "X-Grafana-Alerting-Timestamp": "1795262400"},
			"+306900000001", "FIRING: This alert was triggered for zone us-1 (2 alerts)", provider.Transactional,
		},
		"generic": {
			hook.Config{Token: token, Fields: hook.Fields{To: "customer.phones.0", Text: "event.words", Ref: "event.id"}}, bearer,
			"+306900000001", "Your parcel is here.", provider.Transactional,
		},
	}
}

func TestEveryPresetIsSampled(t *testing.T) {
	for _, name := range hook.Presets() {
		assert.Contains(t, samples(), name)
	}
}

// The published payload is sent once, however often it comes.
func TestSamples(t *testing.T) {
	for name, s := range samples() {
		t.Run(name, func(t *testing.T) {
			s.config.Name, s.config.Preset = "login", name
			l := newLab(t, s.config)
			c := call{name: "login", body: fixture(t, name), header: s.header}
			for range 3 {
				got := l.call(c)
				assert.Equal(t, http.StatusOK, got.status, got.body)
				assert.Equal(t, "application/json", got.header.Get("Content-Type"))
				var told struct{ ID, Ref, Status string }
				require.NoError(t, json.Unmarshal([]byte(got.body), &told))
				assert.Equal(t, "accepted", told.Status)
				assert.Contains(t, told.ID, "msg_")
				assert.Contains(t, told.Ref, "login-")
			}
			require.Len(t, l.vendor.Messages(), 1)
			m := l.vendor.Messages()[0].Message
			assert.Equal(t, s.to, m.To.String())
			assert.Equal(t, s.text, m.Text)
			assert.Equal(t, s.class, m.Class)
			assert.Equal(t, "login", m.Tag)
			assert.Equal(t, int64(3), l.h.Counts()["login"].Messages)
			assert.NotContains(t, l.log.String(), strings.TrimPrefix(s.to, "+"))
			assert.NotContains(t, l.log.String(), token)
		})
	}
}

func TestSupabaseSendsToTheNewNumber(t *testing.T) {
	l := newLab(t, hook.Config{Name: "login", Preset: "supabase", Secret: "v1,whsec_b2xkIHNlY3JldCBvZiB0aGUgc2FtZSBob29r|v1," + webhookSecret})
	body := fixture(t, "supabase-change")
	header := signed(t, "whsec_YW5vdGhlciBzZWNyZXQgb2Ygc3VwYWJhc2U=", "msg_1", noon, body)
	// As generateSignatures joins them while a secret is replaced.
	header["webhook-signature"] += ", " + signed(t, webhookSecret, "msg_1", noon, body)["webhook-signature"]
	got := l.call(call{name: "login", body: body, header: header})
	require.Equal(t, http.StatusOK, got.status, got.body)
	require.Len(t, l.vendor.Messages(), 1)
	assert.Equal(t, "+306900000002", l.vendor.Messages()[0].Message.To.String())
	assert.Contains(t, l.vendor.Messages()[0].Message.Text, "008041", "leading zeros stay")
}

// Each try of supabase has another webhook-id: a repeat is the same number and text
// within a minute, also where the minute turns.
func TestRepeatWithinAMinute(t *testing.T) {
	l := newLab(t, hook.Config{Name: "login", Preset: "supabase", Secret: "v1," + webhookSecret})
	body := fixture(t, "supabase")
	try := func(id string) {
		got := l.call(call{name: "login", body: body, header: signed(t, webhookSecret, id, l.clock(), body)})
		require.Equal(t, http.StatusOK, got.status, got.body)
	}
	try("msg_1")
	l.sleep(59*time.Second + 900*time.Millisecond)
	try("msg_2")
	assert.Len(t, l.vendor.Messages(), 1)
	l.sleep(100 * time.Millisecond)
	try("msg_3")
	assert.Len(t, l.vendor.Messages(), 2, "a minute later it is another message")
}

func TestRepeatWhereTheMinuteTurns(t *testing.T) {
	l := newLab(t, hook.Config{Name: "login", Preset: "logto", Token: token, RepeatWithin: new(provider.Duration(7 * time.Minute))})
	try := func() {
		require.Equal(t, http.StatusOK, l.call(call{name: "login", body: fixture(t, "logto"), header: bearer}).status)
	}
	try()
	l.sleep(7*time.Minute - time.Second) // noon is no multiple of seven minutes: the window's number is another one
	try()
	assert.Len(t, l.vendor.Messages(), 1)
}

func TestForgedCalls(t *testing.T) {
	change := func(name, value string) func(map[string]string) {
		return func(h map[string]string) { h[name] = value }
	}
	flipped := strings.Replace(zitadelSum, "7d", "8d", 1)
	for name, c := range map[string]struct {
		preset string
		change func(map[string]string)
		body   string
	}{
		"no token":                       {preset: "logto", change: change("Authorization", "")},
		"another token":                  {preset: "logto", change: change("Authorization", "Bearer a-token-of-some-lengtH")},
		"the beginning of the token":     {preset: "logto", change: change("Authorization", "Bearer a-token-of-some")},
		"the token and more":             {preset: "logto", change: change("Authorization", "Bearer "+token+"x")},
		"basic with another password":    {preset: "kratos", change: change("Authorization", "Basic YW55c21zOng=")},
		"basic that is no base64":        {preset: "kratos", change: change("Authorization", "Basic %%%")},
		"no signature":                   {preset: "zitadel", change: change("ZITADEL-Signature", "")},
		"no timestamp":                   {preset: "zitadel", change: change("ZITADEL-Signature", "v1="+zitadelSum)},
		"another signature":              {preset: "zitadel", change: change("ZITADEL-Signature", "t=1795262400,v1="+flipped)},
		"another time":                   {preset: "zitadel", change: change("ZITADEL-Signature", "t=1795262401,v1="+zitadelSum)},
		"another body":                   {preset: "zitadel", body: `{}`},
		"no webhook-id":                  {preset: "supabase", change: change("webhook-id", "")},
		"another webhook-id":             {preset: "supabase", change: change("webhook-id", "msg_2")},
		"a signature of another version": {preset: "supabase", change: change("webhook-signature", "v1a,"+supabaseSum)},
		"grafana without timestamp":      {preset: "grafana", change: change("X-Grafana-Alerting-Timestamp", "")},
		"grafana with another time":      {preset: "grafana", change: change("X-Grafana-Alerting-Timestamp", "1795262399")},
	} {
		t.Run(name, func(t *testing.T) {
			s := samples()[c.preset]
			s.config.Name, s.config.Preset = "login", c.preset
			l := newLab(t, s.config)
			header := make(map[string]string)
			maps.Copy(header, s.header)
			body := fixture(t, c.preset)
			if c.body != "" {
				body = []byte(c.body)
			}
			if c.change != nil {
				c.change(header)
			}
			got := l.call(call{name: "login", body: body, header: header})
			assert.Equal(t, http.StatusUnauthorized, got.status, got.body)
			assert.Empty(t, l.vendor.Messages())
			assert.Equal(t, int64(1), l.h.Counts()["login"].Forged)
		})
	}
}

// A recorded call is taken for five minutes, before and after.
func TestReplayedSignatures(t *testing.T) {
	for _, preset := range []string{"supabase", "zitadel", "grafana"} {
		for _, late := range []time.Duration{-6 * time.Minute, -5 * time.Minute, 5 * time.Minute, 6 * time.Minute, 400 * 24 * time.Hour} {
			s := samples()[preset]
			s.config.Name, s.config.Preset = "login", preset
			l := newLab(t, s.config)
			l.sleep(late)
			want := http.StatusOK
			if late.Abs() > 5*time.Minute {
				want = http.StatusUnauthorized
			}
			got := l.call(call{name: "login", body: fixture(t, preset), header: s.header})
			assert.Equal(t, want, got.status, "%s, %v", preset, late)
		}
	}
}

func TestBadCalls(t *testing.T) {
	logto := hook.Config{Name: "login", Preset: "logto", Token: token}
	alerts := hook.Config{Name: "alerts", Preset: "alertmanager", Token: token, To: []string{"+306900000001"}}
	for name, c := range map[string]struct {
		hook, body, want string
		status           int
		header           map[string]string
		method           string
	}{
		"unknown hook":  {hook: "logn", status: 404, want: "there is no such hook"},
		"GET":           {method: "GET", status: 405, want: "want POST"},
		"form":          {header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, status: 415, want: "want Content-Type: application/json"},
		"compressed":    {header: map[string]string{"Content-Encoding": "gzip"}, status: 415, want: "not compressed"},
		"too large":     {body: `{"to":"` + strings.Repeat("9", 1<<20) + `"}`, status: 413, want: "more than 1 MiB"},
		"empty":         {body: " ", status: 400, want: "the body is not JSON"},
		"not JSON":      {body: `{"to":`, status: 400, want: "the body is not JSON"},
		"two values":    {body: `{} {}`, status: 400, want: "something after the JSON value"},
		"no object":     {body: `["+306900000001"]`, status: 400, want: "not a JSON object"},
		"no number":     {body: `{"payload":{"code":"1"}}`, status: 400, want: "the payload has no to, which has the number"},
		"null number":   {body: `{"to":null,"payload":{"code":"1"}}`, status: 400, want: "the payload has no to, which has the number"},
		"no code":       {body: `{"to":"+306900000001","payload":{}}`, status: 400, want: "the payload has no .payload.link, which the template needs"},
		"null code":     {body: `{"to":"+306900000001","payload":null}`, status: 400, want: "the payload has no .payload.link, which the template needs"},
		"no phone":      {body: `{"to":"nobody","payload":{"code":"1"}}`, status: 422, want: "invalid_recipient"},
		"no group":      {hook: "alerts", body: `{"status":"firing","alerts":[]}`, status: 400, want: "the payload has no groupKey and status"},
		"not an alerts": {hook: "alerts", body: `{"status":"firing","groupKey":"x","alerts":5}`, status: 400, want: "the template failed: 1:"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, logto, alerts)
			if c.hook == "" {
				c.hook = "login"
			}
			header := map[string]string{"Authorization": "Bearer " + token}
			maps.Copy(header, c.header)
			got := l.call(call{name: c.hook, body: []byte(c.body), header: header, method: c.method})
			assert.Equal(t, c.status, got.status)
			assert.Contains(t, got.body, c.want)
			assert.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
			assert.NotContains(t, got.body, "306900000001")
			assert.Empty(t, l.vendor.Messages())
		})
	}
}

// What each software is told when a message is refused, as its source reads it.
func TestRefusalsAsEachSoftwareReadsThem(t *testing.T) {
	for name, s := range samples() {
		t.Run(name, func(t *testing.T) {
			s.config.Name, s.config.Preset = "login", name
			l := newLab(t, s.config)
			l.vendor.Script(memory.Answer{Err: provider.NewError(provider.InvalidRecipient, "no such subscriber")})
			got := l.call(call{name: "login", body: fixture(t, name), header: s.header})
			switch name {
			case "supabase":
				assert.Equal(t, http.StatusOK, got.status)
				assert.Equal(t, "application/json", got.header.Get("Content-Type"))
				assert.JSONEq(t, `{"error":{"http_code":422,"message":"no such subscriber"}}`, got.body)
			case "authentik":
				assert.Equal(t, http.StatusUnprocessableEntity, got.status)
				assert.Equal(t, "The message could not be sent: no such subscriber\n", got.body)
			default:
				assert.Equal(t, http.StatusUnprocessableEntity, got.status)
				assert.Contains(t, got.body, `"code":"invalid_recipient"`)
			}
			assert.Equal(t, int64(1), l.h.Counts()["login"].Refused)
		})
	}
}

// A call that failed is sent when it is tried again; the one in doubt is not.
func TestAnotherTry(t *testing.T) {
	for name, s := range samples() {
		t.Run(name, func(t *testing.T) {
			s.config.Name, s.config.Preset = "login", name
			l := newLab(t, s.config)
			c := call{name: "login", body: fixture(t, name), header: s.header}
			l.vendor.Script(memory.Answer{Err: provider.NewError(provider.Unavailable, "connection refused")})
			got := l.call(c)
			assert.Equal(t, http.StatusServiceUnavailable, got.status, got.body)
			assert.Equal(t, "1", got.header.Get("Retry-After"))
			got = l.call(c)
			assert.Equal(t, http.StatusOK, got.status, got.body)
			assert.Len(t, l.vendor.Messages(), 1)
		})
	}
}

func TestDoubtIsNotTriedAgain(t *testing.T) {
	l := newLab(t, hook.Config{Name: "login", Preset: "zitadel", Secret: zitadelKey})
	l.vendor.Script(memory.Answer{Err: provider.NewError(provider.Indeterminate, "the response was lost"), Taken: true})
	for range 3 {
		got := l.call(call{name: "login", body: fixture(t, "zitadel"), header: samples()["zitadel"].header})
		assert.Equal(t, http.StatusOK, got.status)
		assert.Contains(t, got.body, `"status":"unknown"`)
	}
	assert.Len(t, l.vendor.Messages(), 1)
}

func TestDatabaseIsLost(t *testing.T) {
	l := newLab(t, hook.Config{Name: "login", Preset: "supabase", Secret: webhookSecret})
	require.NoError(t, l.ledger.Close())
	got := l.call(call{name: "login", body: fixture(t, "supabase"), header: samples()["supabase"].header})
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.Equal(t, "1", got.header.Get("Retry-After"), "supabase tries again")
	assert.Empty(t, l.vendor.Messages())
}

// An alert goes to each recipient once, even if it is repeated because of one of them.
func TestAlertToSeveral(t *testing.T) {
	l := newLab(t, hook.Config{Name: "alerts", Preset: "alertmanager", Token: token, To: []string{"+306900000001", "+306900000002", "+306900000003"}})
	_, err := l.ledger.OptOut(t.Context(), ledger.OptOut{Number: "+306900000002", Scope: ledger.ScopeAll, Source: ledger.FromAPI})
	require.NoError(t, err)
	l.vendor.Script(memory.Answer{Err: provider.NewError(provider.Unavailable, "connection refused")})
	c := call{name: "alerts", body: fixture(t, "alertmanager"), header: bearer}
	got := l.call(c)
	assert.Equal(t, http.StatusServiceUnavailable, got.status, "one of three was not sent: alertmanager tries again")
	assert.Len(t, l.vendor.Messages(), 1)
	got = l.call(c)
	assert.Equal(t, http.StatusOK, got.status, got.body)
	assert.Len(t, l.vendor.Messages(), 2)
	var told struct {
		Items []struct{ Status, Code string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &told))
	require.Len(t, told.Items, 3)
	assert.Equal(t, "accepted", told.Items[0].Status)
	assert.Equal(t, "opted_out", told.Items[1].Code)
	assert.Equal(t, "accepted", told.Items[2].Status)
}

// A notification about the same alerts is the same message, whatever values it shows.
func TestAlertIdentity(t *testing.T) {
	l := newLab(t, hook.Config{Name: "alerts", Preset: "alertmanager", Token: token, To: []string{"+306900000001"}})
	body := string(fixture(t, "alertmanager"))
	send := func(replace ...string) answer {
		return l.call(call{name: "alerts", body: []byte(strings.NewReplacer(replace...).Replace(body)), header: bearer})
	}
	require.Equal(t, http.StatusOK, send().status)
	got := send("Test summary", "Test summary: 93 %", "2020-01-01T01:00:00Z", "2020-01-01T05:00:00Z")
	assert.Equal(t, http.StatusOK, got.status, got.body)
	assert.Len(t, l.vendor.Messages(), 1)
	require.Equal(t, http.StatusOK, send(`"firing"`, `"resolved"`).status)
	assert.Len(t, l.vendor.Messages(), 2)
	require.Equal(t, http.StatusOK, send("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z").status)
	assert.Len(t, l.vendor.Messages(), 3, "it fires again")
}

func TestGenericRefs(t *testing.T) {
	body := fixture(t, "generic")
	fields := hook.Fields{To: "customer.phones.0", Text: "event.words"}
	l := newLab(t,
		hook.Config{Name: "key", Preset: "generic", Token: token, Fields: fields},
		hook.Config{Name: "signed", Preset: "generic", Secret: webhookSecret, Fields: fields},
		hook.Config{Name: "fixed", Preset: "generic", Token: token, To: []string{"+306900000001", "+306900000002"}, Template: "{{.event.words}} ({{.event.id}})"},
	)
	ref := func(got answer) string {
		t.Helper()
		require.Equal(t, http.StatusOK, got.status, got.body)
		var told struct{ Ref string }
		require.NoError(t, json.Unmarshal([]byte(got.body), &told))
		return told.Ref
	}
	withKey := map[string]string{"Authorization": "Bearer " + token, "Idempotency-Key": "order-17"}
	assert.Equal(t, "key-order-17", ref(l.call(call{name: "key", body: body, header: withKey})))
	other := bytes.Replace(body, []byte("here"), []byte("there"), 1)
	assert.Equal(t, http.StatusConflict, l.call(call{name: "key", body: other, header: withKey}).status)
	assert.Equal(t, "signed-msg_9", ref(l.call(call{name: "signed", body: body, header: signed(t, webhookSecret, "msg_9", noon, body)})))
	assert.Equal(t, http.StatusOK, l.call(call{name: "fixed", body: body, header: bearer}).status)
	require.Len(t, l.vendor.Messages(), 4)
	assert.Equal(t, "Your parcel is here. (4711)", l.vendor.Messages()[3].Message.Text)
	withKey["Idempotency-Key"] = strings.Repeat("x", 201)
	assert.Equal(t, http.StatusBadRequest, l.call(call{name: "key", body: body, header: withKey}).status)
}

// A rate limit of the gateway is passed on.
func TestRateLimited(t *testing.T) {
	h, err := hook.New(hook.Options{
		Find: func(context.Context, string, string) (time.Time, bool, error) { return time.Time{}, false, nil },
		Submit: func(context.Context, string, *provider.Message, time.Duration) (hook.Result, error) {
			return hook.Result{}, provider.NewError(provider.RateLimited, "50 messages a second")
		},
	}, hook.Config{Name: "login", Preset: "logto", Token: token})
	require.NoError(t, err)
	server := httptest.NewServer(h)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/login", bytes.NewReader(fixture(t, "logto")))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", token)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
	assert.Equal(t, "1", resp.Header.Get("Retry-After"))
}

func TestConfigurationErrors(t *testing.T) {
	ok := hook.Config{Name: "login", Preset: "logto", Token: token}
	for want, change := range map[string]func(*hook.Config){
		`[0].name: "Login page"; want 1 to 64 letters`:                          func(c *hook.Config) { c.Name = "Login page" },
		`[0].preset: unknown preset "logtoo" (did you mean "logto"?); want one`: func(c *hook.Config) { c.Preset = "logtoo" },
		`[0].token: must not be empty: anybody could send`:                      func(c *hook.Config) { c.Token = "" },
		`[0].token: has 5 characters; want at least 16`:                         func(c *hook.Config) { c.Token = "short" },
		`[0].secret: logto signs nothing; want token`:                           func(c *hook.Config) { c.Secret = "x" },
		`[0].token: zitadel sends no token; want secret`:                        func(c *hook.Config) { c.Preset = "zitadel" },
		`[0].secret: must not be empty: anybody could send; want the signing`:   func(c *hook.Config) { c.Preset, c.Token = "zitadel", "" },
		`[0].secret: is not base64 after whsec_; want the hook's secret`:        func(c *hook.Config) { c.Preset, c.Token, c.Secret = "supabase", "", "v1,whsec_%%" },
		`[0].to: the payload names the recipient, in to; leave this out`:        func(c *hook.Config) { c.To = []string{"+306900000001"} },
		`[0].to: must not be empty: who gets the messages`:                      func(c *hook.Config) { c.Preset = "alertmanager" },
		`[0].to[0]: `:                                                 func(c *hook.Config) { c.Preset, c.To = "alertmanager", []string{"690"} },
		`[0].to[1]: duplicate number`:                                 func(c *hook.Config) { c.Preset, c.To = "grafana", []string{"+306900000001", "+306900000001"} },
		`[0].class: "codes"; want one of otp`:                         func(c *hook.Config) { c.Class = "codes" },
		`[0].fields: only the preset generic has fields`:              func(c *hook.Config) { c.Fields.To = "x" },
		`[0].to: want a list of numbers here, or fields.to`:           func(c *hook.Config) { c.Preset = "generic" },
		`[0].template: want template or fields.text`:                  func(c *hook.Config) { c.Preset, c.Fields.To = "generic", "to" },
		`[0].fields.to: "a..b"; want names and indexes with dots`:     func(c *hook.Config) { c.Preset, c.Template, c.Fields.To = "generic", "x", "a..b" },
		`[0].template: template:1: function "env" not defined`:        func(c *hook.Config) { c.Template = `{{env "HOME"}}` },
		`[0].template: define and block are not available`:            func(c *hook.Config) { c.Template = `{{define "x"}}{{end}}y` },
		`[0].template: template:2: unclosed action`:                   func(c *hook.Config) { c.Template = "a\n{{.b" },
		`[0].repeat_within: 48h0m0s; want whole seconds, at most 24h`: func(c *hook.Config) { c.RepeatWithin = new(provider.Duration(48 * time.Hour)) },
	} {
		c := ok
		change(&c)
		err := hook.Check([]hook.Config{c})
		require.Error(t, err, want)
		_, isConfig := errors.AsType[*provider.ConfigError](err)
		assert.True(t, isConfig)
		assert.Contains(t, err.Error(), want)
	}
	require.NoError(t, hook.Check([]hook.Config{ok}))
	assert.EqualError(t, hook.Check([]hook.Config{ok, ok}), `[1].name: duplicate hook name "login"`)
}

func FuzzCall(f *testing.F) {
	for _, name := range hook.Presets() {
		f.Add(string(fixture(f, name)))
	}
	var hooks []hook.Config
	for name, s := range samples() {
		s.config.Name, s.config.Preset = name, name
		if s.config.Secret != "" && name != "supabase" && name != "zitadel" {
			s.config.Secret, s.config.Token = "", token
		}
		if s.config.Secret == "" {
			hooks = append(hooks, s.config)
		}
	}
	var taken *provider.Message
	h, err := hook.New(hook.Options{
		DefaultRegion: "GR",
		Find:          func(context.Context, string, string) (time.Time, bool, error) { return time.Time{}, false, nil },
		Submit: func(_ context.Context, _ string, m *provider.Message, _ time.Duration) (hook.Result, error) {
			taken = m
			return hook.Result{Status: ledger.Queued}, nil
		},
	}, hooks...)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body string) {
		for i := range hooks {
			taken = nil
			r := httptest.NewRequest(http.MethodPost, "/"+hooks[i].Name, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, w.Code == http.StatusOK, taken != nil, w.Body.String())
			if taken != nil {
				require.NoError(t, taken.Validate())
				require.NotEmpty(t, taken.Ref)
			}
			require.NotEqual(t, http.StatusInternalServerError, w.Code)
		}
	})
}
