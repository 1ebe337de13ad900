package hook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook"
	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

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

func TestBadCalls(t *testing.T) {
	logto := hook.Config{Name: "login", Preset: "logto", Token: token}
	alerts := hook.Config{Name: "alerts", Preset: "alertmanager", Token: token, To: []string{"+306900000001"}}
	l := newLab(t, logto, alerts)
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
		"no code":       {body: `{"to":"+306900000001","payload":{}}`, status: 400, want: "template:1:97: the payload has no .payload.link"},
		"null code":     {body: `{"to":"+306900000001","payload":null}`, status: 400, want: "template:1:97: the payload has no .payload"},
		"no phone":      {body: `{"to":"nobody","payload":{"code":"1"}}`, status: 422, want: "invalid_recipient"},
		"no group":      {hook: "alerts", body: `{"status":"firing","alerts":[]}`, status: 400, want: "the payload has no groupKey and status"},
		"not an alerts": {hook: "alerts", body: `{"status":"firing","groupKey":"x","alerts":5}`, status: 400, want: "len: want a text, a list or an object, not a number"},
	} {
		t.Run(name, func(t *testing.T) {
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
				assert.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
				assert.JSONEq(t, `{"type":"about:blank","title":"Unprocessable Entity","status":422,"code":"invalid_recipient","detail":"no such subscriber"}`, got.body)
			}
			assert.Equal(t, int64(1), l.h.Counts()["login"].Refused)
		})
	}
}

// The reason of a refusal is for people: the code stands beside it, if at all.
func TestReasons(t *testing.T) {
	l := newLab(t, hook.Config{Name: "shop", Preset: "generic", Token: token, Fields: hook.Fields{To: "to", Text: "text"}})
	got := l.call(call{name: "shop", body: []byte(`{"to":"+30","text":"Hello"}`), header: bearer})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.JSONEq(t, `{"type":"about:blank","title":"Unprocessable Entity","status":422,"code":"invalid_recipient","detail":"not a telephone number"}`, got.body)
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
