package hook_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
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
		assert.Positive(l, wait)
		assert.LessOrEqual(l, wait, 3*time.Second)
		deadline, ok := ctx.Deadline()
		assert.True(l, ok && time.Until(deadline) <= 3*time.Second, "an answer comes after 3 s at most")
		ctx = context.WithoutCancel(ctx) // the gateway queues the message: a slow disk does not make it unsendable
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
	page, _, err := l.ledger.Messages(context.WithoutCancel(ctx), ledger.Filter{Ref: ref})
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
