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
	tokens, err := httpcall.NewTokenExchange(config, httpcall.TokenExchange{
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
