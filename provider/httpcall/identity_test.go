package httpcall_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider/httpcall"
)

// identity is a vendor with a token endpoint. Its API takes the newest token.
type identity struct {
	url string

	mu       sync.Mutex
	now      time.Time
	expires  string // expires_in as it stands in the answer, "" = none
	fail     func(w http.ResponseWriter, r *http.Request)
	hold     chan struct{} // token requests wait for it; nil = they do not
	forms    []string
	valid    string
	sends    int
	answered string // by the API; "" = {}
}

func newIdentity(t *testing.T) *identity {
	v := &identity{now: time.Unix(1_800_000_000, 0)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", v.issue)
	mux.HandleFunc("POST /revoke", v.revoke)
	mux.HandleFunc("POST /send", v.send)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	v.url = server.URL
	return v
}

func (v *identity) issue(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	v.mu.Lock()
	v.forms = append(v.forms, string(body))
	hold, fail := v.hold, v.fail
	v.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}
	if fail != nil {
		fail(w, r)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.valid = fmt.Sprintf("t0k/en+%d=", len(v.forms))
	expires := ""
	if v.expires != "" {
		expires = `,"expires_in":` + v.expires
	}
	fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer"%s}`, v.valid, expires)
}

func (v *identity) revoke(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r.FormValue("client_id") != "demo" || r.FormValue("client_secret") != "s3cr3t" || r.FormValue("token_type_hint") != "access_token" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.FormValue("token") == v.valid {
		v.valid = ""
	}
}

func (v *identity) send(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sends++
	if token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); v.valid == "" || token != v.valid {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	_, _ = io.WriteString(w, "{"+v.answered+"}")
}

func (v *identity) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
}

func (v *identity) forward(d time.Duration) { v.set(func() { v.now = v.now.Add(d) }) }

// fetches is how many token requests came.
func (v *identity) fetches() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.forms)
}

func (v *identity) clock() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// caller sends to the vendor with tokens from its token endpoint.
type caller struct {
	client *httpcall.Client
	tokens *httpcall.TokenSource
}

func (v *identity) caller(t *testing.T, change ...func(*httpcall.Config, *httpcall.ClientCredentials)) *caller {
	t.Helper()
	config := httpcall.Config{BaseURL: v.url}
	credentials := httpcall.ClientCredentials{
		TokenURL: v.url + "/token", RevokeURL: v.url + "/revoke", ClientID: "demo", ClientSecret: "s3cr3t", Now: v.clock,
	}
	for _, c := range change {
		c(&config, &credentials)
	}
	tokens, err := httpcall.NewTokenSource(config, credentials)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tokens.Close()) })
	return &caller{client: newClient(t, config), tokens: tokens}
}

func (c *caller) send(ctx context.Context) (*httpcall.Response, error) {
	r := post("{}")
	r.Tokens = c.tokens
	return c.client.Do(ctx, r)
}
