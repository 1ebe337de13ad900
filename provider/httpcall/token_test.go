package httpcall_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestTokenIsShared(t *testing.T) {
	v := newIdentity(t)
	c := v.caller(t, func(_ *httpcall.Config, c *httpcall.ClientCredentials) { c.Scopes = []string{"sms", "balance"} })
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			r, err := c.send(t.Context())
			if assert.NoError(t, err) {
				assert.True(t, r.OK())
			}
		})
	}
	all.Wait()
	assert.Equal(t, []string{"client_id=demo&client_secret=s3cr3t&grant_type=client_credentials&scope=sms+balance"}, v.forms)
	assert.Equal(t, 16, v.sends)
}

func TestTokenLife(t *testing.T) {
	const hour, short = time.Hour, 5 * time.Minute
	for expires, life := range map[string]time.Duration{
		`3600`: hour, `"3600"`: hour, `3600.0`: hour, `"1800.5"`: 1800500 * time.Millisecond,
		`20`: 20 * time.Second, `"20"`: 20 * time.Second,
		`315360000`: hour, `1e300`: hour, `"315360000"`: hour,
		``: short, `null`: short, `0`: short, `-1`: short, `"never"`: short, `""`: short, `"NaN"`: short, `true`: short, `{}`: short,
	} {
		t.Run(expires, func(t *testing.T) {
			t.Parallel()
			v := newIdentity(t)
			v.expires = expires
			c := v.caller(t)
			send := func() {
				t.Helper()
				_, err := c.send(t.Context())
				require.NoError(t, err)
			}
			send()
			v.forward(life * 3 / 4)
			send()
			assert.Equal(t, 1, v.fetches(), "used for at least three quarters of its life")
			v.forward(life / 4)
			send()
			assert.Equal(t, 2, v.fetches(), "not used once it has expired")
		})
	}
}

// A short life must not lead to a token request for each send.
func TestShortLivedTokenIsUsedAgain(t *testing.T) {
	v := newIdentity(t)
	v.expires = "20"
	c := v.caller(t)
	for range 16 {
		_, err := c.send(t.Context())
		require.NoError(t, err)
		v.forward(time.Second)
	}
	assert.Equal(t, 1, v.fetches())
}

func TestTokenIsRenewedInTheBackground(t *testing.T) {
	v := newIdentity(t)
	v.expires = "600"
	c := v.caller(t)
	_, err := c.send(t.Context())
	require.NoError(t, err)

	// The old token is used while the new one is on its way, or cannot be had.
	v.set(func() { v.hold = make(chan struct{}) })
	v.forward(9*time.Minute + time.Second)
	for range 3 {
		r, err := c.send(t.Context())
		require.NoError(t, err)
		assert.True(t, r.OK())
	}
	require.Eventually(t, func() bool { return v.fetches() == 2 }, 30*time.Second, time.Millisecond)
	v.set(func() { close(v.hold); v.hold = nil })
	require.Eventually(t, func() bool {
		r, err := c.send(t.Context())
		return err == nil && r.OK()
	}, 30*time.Second, time.Millisecond)
	assert.Equal(t, 2, v.fetches())
}

func TestFailedRenewalKeepsTheToken(t *testing.T) {
	v := newIdentity(t)
	v.expires = "600"
	c := v.caller(t)
	_, err := c.send(t.Context())
	require.NoError(t, err)
	v.set(func() { v.fail = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) } })
	v.forward(9*time.Minute + time.Second)
	send := func() {
		t.Helper()
		_, err := c.send(t.Context())
		require.NoError(t, err)
	}
	send()
	require.Eventually(t, func() bool { return v.fetches() == 2 }, 30*time.Second, time.Millisecond)
	for range 20 {
		send()
	}
	assert.Equal(t, 2, v.fetches(), "it is not tried again at once")
	v.forward(time.Minute)
	_, err = c.send(t.Context())
	require.ErrorIs(t, err, provider.Unavailable, "the token has expired and there is no other")
}

func TestRefusedToken(t *testing.T) {
	v := newIdentity(t)
	c := v.caller(t)
	_, err := c.send(t.Context())
	require.NoError(t, err)

	v.set(func() { v.valid = "another" })
	_, err = c.send(t.Context())
	require.ErrorIs(t, err, provider.Unavailable, "a cached token that is refused is dropped")
	require.ErrorContains(t, err, "the cached access token was refused")
	r, err := c.send(t.Context())
	require.NoError(t, err)
	assert.True(t, r.OK(), "the next request gets a fresh one")
	assert.Equal(t, 2, v.fetches())

	v.set(func() {
		v.fail = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"access_token":"useless"}`) }
		v.valid = "another"
	})
	_, err = c.send(t.Context())
	require.ErrorIs(t, err, provider.Unavailable)
	for range 2 {
		r, err = c.send(t.Context())
		require.NoError(t, err)
		require.ErrorIs(t, r.ByStatus(), provider.Unauthenticated, "a fresh token that is refused is a matter of the credentials")
	}
}

// A body can say, with any status, that the token is no longer valid.
func TestDropToken(t *testing.T) {
	v := newIdentity(t)
	c := v.caller(t)
	r, err := c.send(t.Context())
	require.NoError(t, err)
	assert.False(t, r.DropToken(), "it was fresh")
	_, err = c.send(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, v.fetches())
	r, err = c.send(t.Context())
	require.NoError(t, err)
	assert.True(t, r.DropToken(), "it was cached")
	_, err = c.send(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 3, v.fetches())

	r, err = c.client.Do(t.Context(), post("{}"))
	require.NoError(t, err)
	assert.False(t, r.DropToken(), "the request carried none")
}

func TestTokenRequestFails(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		code   provider.Code
		text   string
	}{
		{"invalid client", 401, `{"error":"invalid_client","error_description":"no client demo with s3cr3t"}`, provider.Unauthenticated, "vendor code invalid_client): no client [redacted] with [redacted]: get access token: HTTP status 401"},
		{"invalid client in a 400", 400, `{"error":"invalid_client"}`, provider.Unauthenticated, "HTTP status 400"},
		{"invalid client in a 200", 200, `{"error":"invalid_client"}`, provider.Unauthenticated, "HTTP status 200"},
		{"unauthorized client", 400, `{"error":"unauthorized_client"}`, provider.Unauthenticated, "unauthorized_client"},
		{"invalid scope", 400, `{"error":"invalid_scope"}`, provider.Unauthenticated, "invalid_scope"},
		{"401 without a body", 401, "", provider.Unauthenticated, "HTTP status 401"},
		{"407", 407, "", provider.Unauthenticated, "HTTP status 407"},
		{"invalid request", 400, `{"error":"invalid_request"}`, provider.Unavailable, "invalid_request"},
		{"server error", 500, `{"error":"server_error"}`, provider.Unavailable, "server_error"},
		{"bad gateway", 502, "", provider.Unavailable, "HTTP status 502"},
		{"throttled", 429, "", provider.Unavailable, "HTTP status 429"},
		{"redirect", 302, "", provider.Unavailable, "HTTP status 302"},
		{"html", 200, "<html>", provider.Unavailable, "not the expected JSON"},
		{"no token", 200, `{"token_type":"Bearer"}`, provider.Unavailable, "the response has no access_token"},
		{"a token that is no string", 200, `{"access_token":{"a":1}}`, provider.Unavailable, `"access_token" is a object`},
		{"another kind of token", 200, `{"access_token":"t","token_type":"mac"}`, provider.Unavailable, "the token_type of the response is not bearer"},
	}
	v := newIdentity(t)
	c := v.caller(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v.set(func() {
				v.fail = func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(tt.status)
					_, _ = io.WriteString(w, tt.body)
				}
			})
			_, err := c.send(t.Context())
			require.ErrorIs(t, err, tt.code)
			assert.Equal(t, provider.OutcomeNotSent, provider.OutcomeOf(err))
			assert.ErrorContains(t, err, "get access token: ")
			assert.ErrorContains(t, err, tt.text)
		})
	}
	assert.Zero(t, v.sends, "no request is made without a token")
	v.set(func() { v.fail = nil })
	_, err := c.send(t.Context())
	require.NoError(t, err, "a failure is not kept")
}

func TestTokenRetryAfter(t *testing.T) {
	v := newIdentity(t)
	v.fail = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, err := v.caller(t).send(t.Context())
	failed := new(provider.Error)
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 7*time.Second, failed.RetryAfter)
}

// The connection breaks in every phase, and nothing is in doubt: no message was
// part of the request.
func TestTokenConnectionFails(t *testing.T) {
	v := newIdentity(t)
	for name, fail := range map[string]func(http.ResponseWriter, *http.Request){
		"dropped": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"silent":  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"access_`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			v.set(func() { v.fail = fail })
			c := v.caller(t, func(c *httpcall.Config, _ *httpcall.ClientCredentials) {
				c.Timeout = provider.Duration(100 * time.Millisecond)
			})
			_, err := c.send(t.Context())
			require.ErrorIs(t, err, provider.Unavailable)
		})
	}
	assert.Zero(t, v.sends)
}

// A caller who gives up does not end the token request for the others.
func TestCallerGivesUp(t *testing.T) {
	v := newIdentity(t)
	v.hold = make(chan struct{})
	c := v.caller(t)
	ctx, cancel := context.WithCancel(t.Context())
	impatient, patient := make(chan error, 1), make(chan error, 1)
	go func() { _, err := c.send(ctx); impatient <- err }()
	require.Eventually(t, func() bool { return v.fetches() == 1 }, 30*time.Second, time.Millisecond)
	go func() { _, err := c.send(t.Context()); patient <- err }()
	cancel()
	err := <-impatient
	require.ErrorIs(t, err, provider.Unavailable)
	require.ErrorIs(t, err, context.Canceled)
	v.set(func() { close(v.hold); v.hold = nil })
	require.NoError(t, <-patient)
	assert.Equal(t, 1, v.fetches())
}

func TestCloseEndsTheTokenRequest(t *testing.T) {
	v := newIdentity(t)
	v.hold = make(chan struct{})
	c := v.caller(t)
	failed := make(chan error, 1)
	go func() { _, err := c.send(t.Context()); failed <- err }()
	require.Eventually(t, func() bool { return v.fetches() == 1 }, 30*time.Second, time.Millisecond)
	require.NoError(t, c.tokens.Close())
	require.ErrorIs(t, <-failed, provider.Unavailable)
	_, err := c.send(t.Context())
	require.ErrorIs(t, err, provider.Unavailable)
	assert.Equal(t, 1, v.fetches())
}

func TestRevoke(t *testing.T) {
	v := newIdentity(t)
	c := v.caller(t)
	require.NoError(t, c.tokens.Revoke(t.Context()), "nothing to revoke")
	_, err := c.send(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.tokens.Revoke(t.Context()))
	assert.Empty(t, v.valid)
	_, err = c.send(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, v.fetches())

	c = v.caller(t, func(_ *httpcall.Config, c *httpcall.ClientCredentials) { c.RevokeURL = "" })
	require.ErrorIs(t, c.tokens.Revoke(t.Context()), provider.Unsupported)
}

// A token that could not be revoked is not called revoked.
func TestRevokeFails(t *testing.T) {
	v := newIdentity(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, url := range []string{closed.URL, v.url + "/no-such-path"} {
		c := v.caller(t, func(_ *httpcall.Config, c *httpcall.ClientCredentials) { c.RevokeURL = url })
		_, err := c.send(t.Context())
		require.NoError(t, err)
		require.ErrorIs(t, c.tokens.Revoke(t.Context()), provider.Unavailable)
	}
}

// An empty scope would be a wrong one: without scopes the vendor gives those it gives by
// default.
func TestNoScopes(t *testing.T) {
	v := newIdentity(t)
	_, err := v.caller(t).send(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"client_id=demo&client_secret=s3cr3t&grant_type=client_credentials"}, v.forms)
}

func TestAccessTokenIsRedacted(t *testing.T) {
	for _, form := range []string{`t0k/en+1=`, `t0k\/en+1=`, `t0k%2Fen%2B1%3D`} {
		v := newIdentity(t)
		v.answered = `"said":"` + form + `"`
		r, err := v.caller(t).send(t.Context())
		require.NoError(t, err)
		assert.JSONEq(t, `{"said":"[redacted]"}`, string(r.Raw()))
		assert.NotContains(t, r.Failed(provider.Rejected, "", form).Error(), form)
	}
}

func TestTokenSourceShowsNoSecret(t *testing.T) {
	v := newIdentity(t)
	c := v.caller(t)
	_, err := c.send(t.Context())
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "tokens", c.tokens)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", c.tokens, c.tokens, c.tokens), fmt.Sprintf("%#v", c), log.String()} {
		for _, secret := range []string{"s3cr3t", v.valid} {
			assert.NotContains(t, text, secret)
		}
	}
}

func TestTokenConfig(t *testing.T) {
	good := httpcall.ClientCredentials{TokenURL: "https://ids.example/token"}
	for want, change := range map[string]func(*httpcall.Config, *httpcall.ClientCredentials){
		"token_url: must not be empty": func(_ *httpcall.Config, c *httpcall.ClientCredentials) { c.TokenURL = "" },
		"token_url: plain http":        func(_ *httpcall.Config, c *httpcall.ClientCredentials) { c.TokenURL = "http://ids.example" },
		"revoke_url: plain http":       func(_ *httpcall.Config, c *httpcall.ClientCredentials) { c.RevokeURL = "http://ids.example" },
		"timeout: -1ns is negative":    func(c *httpcall.Config, _ *httpcall.ClientCredentials) { c.Timeout = -1 },
		"proxy: is not a URL such":     func(c *httpcall.Config, _ *httpcall.ClientCredentials) { c.Proxy = "ftp://x" },
	} {
		config, credentials := httpcall.Config{BaseURL: "not looked at"}, good
		change(&config, &credentials)
		_, err := httpcall.NewTokenSource(config, credentials)
		wrong := new(provider.ConfigError)
		require.ErrorAs(t, err, &wrong, want)
		assert.ErrorContains(t, err, want)
	}
}
