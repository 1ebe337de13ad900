package httpcall_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// A vendor's own exchange gives requests a token, which is renewed when it ends
// or is refused, and never appears in an error.
func TestTokenExchange(t *testing.T) {
	var exchanges, status int
	now := time.Now()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/exchange" {
			key, secret, _ := r.BasicAuth()
			assert.Equal(t, "key:secret-of-the-account", key+":"+secret)
			exchanges++
			w.WriteHeader(max(status, http.StatusOK))
			fmt.Fprintf(w, `token-%d`, exchanges)
			return
		}
		if r.Header.Get("Authorization") != fmt.Sprintf("Bearer token-%d", exchanges) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	config := httpcall.Config{BaseURL: server.URL}
	request := httpcall.Request{Method: http.MethodPost, Path: "/exchange", Header: http.Header{}}
	request.Header.Set("Authorization", "Basic a2V5OnNlY3JldC1vZi10aGUtYWNjb3VudA==")
	tokens, err := httpcall.NewExchangeTokenSource(config, httpcall.TokenExchange{
		Request: request,
		Read: func(r *httpcall.Response) (provider.Secret, time.Duration) {
			return provider.Secret(r.Body), time.Hour
		},
		Secrets: []provider.Secret{"secret-of-the-account"},
		Now:     func() time.Time { return now },
	})
	require.NoError(t, err)
	defer tokens.Close()
	client, err := httpcall.New(config)
	require.NoError(t, err)
	defer client.Close()
	send := func() (*httpcall.Response, error) {
		r := httpcall.Get("/messages", nil)
		r.Tokens = tokens
		return client.Do(t.Context(), r)
	}

	for range 2 {
		r, err := send()
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, r.Status)
	}
	assert.Equal(t, 1, exchanges, "the token is shared")
	now = now.Add(2 * time.Hour)
	r, err := send()
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, r.Status)
	assert.Equal(t, 2, exchanges, "it has ended")

	now, status = now.Add(2*time.Hour), http.StatusUnauthorized
	_, err = send()
	require.ErrorIs(t, err, provider.Unauthenticated)
	assert.NotContains(t, err.Error(), "secret-of-the-account")
	status = http.StatusServiceUnavailable
	_, err = send()
	require.ErrorIs(t, err, provider.Unavailable)
}

// TestExchangeWithoutALife keeps a token whose life the vendor does not tell for the
// default.
func TestExchangeWithoutALife(t *testing.T) {
	for _, tt := range []struct {
		name         string
		told, passed time.Duration
		exchanges    int
	}{
		{"none, at once", 0, 0, 1},
		{"none, in half the default", 0, httpcall.DefaultTokenLife / 2, 1},
		{"none, after the default", 0, httpcall.DefaultTokenLife, 2},
		{"negative", -time.Hour, httpcall.DefaultTokenLife / 2, 1},
		{"an hour, within it", time.Hour, 58 * time.Minute, 1},
		{"an hour, at its end", time.Hour, 59*time.Minute + 51*time.Second, 2},
		{"longer than the longest", 2 * httpcall.MaxTokenLife, httpcall.MaxTokenLife, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now, exchanges := time.Now(), 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/exchange" {
					exchanges++
					fmt.Fprint(w, "token")
				}
			}))
			defer server.Close()
			tokens, err := httpcall.NewExchangeTokenSource(httpcall.Config{BaseURL: server.URL}, httpcall.TokenExchange{
				Request: httpcall.Request{Method: http.MethodPost, Path: "/exchange"},
				Read: func(r *httpcall.Response) (provider.Secret, time.Duration) {
					return provider.Secret(r.Body), tt.told
				},
				Now: func() time.Time { return now },
			})
			require.NoError(t, err)
			defer tokens.Close()
			client, err := httpcall.New(httpcall.Config{BaseURL: server.URL})
			require.NoError(t, err)
			defer client.Close()
			for _, d := range []time.Duration{0, tt.passed} {
				now = now.Add(d)
				r := httpcall.Get("/messages", nil)
				r.Tokens = tokens
				_, err := client.Do(t.Context(), r)
				require.NoError(t, err)
			}
			assert.Equal(t, tt.exchanges, exchanges)
		})
	}
}
