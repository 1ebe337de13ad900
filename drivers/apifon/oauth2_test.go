package apifon_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// openOAuth2 starts a fake vendor and a provider that fetches access tokens.
func openOAuth2(t *testing.T, options apifontest.Options, change ...func(*apifon.Config)) (*apifontest.Server, *apifon.Provider) {
	server := apifontest.NewServer(options)
	config := apifon.Config{
		Config:   httpcall.Config{BaseURL: server.URL},
		ClientID: apifontest.ClientID, ClientSecret: apifontest.ClientSecret,
		TokenURL: server.TokenURL(), RevokeURL: server.RevokeURL(), Sender: "Example", Now: options.Now,
	}
	for _, c := range change {
		c(&config)
	}
	p, err := apifon.New(config)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, p.Close())
		server.Close()
	})
	return server, p
}

func hello() *provider.Message { return &provider.Message{To: ann, Text: "hello"} }

func TestTokenIsSharedAndKept(t *testing.T) {
	server, p := openOAuth2(t, apifontest.Options{})
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			_, err := p.Send(t.Context(), hello())
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Equal(t, 1, server.Tokens(), "one fetch for all")
	assert.Len(t, server.Messages(), 16)
	assert.Equal(t, 17, server.Requests())
}

func TestTokenIsRenewed(t *testing.T) {
	c := &clock{now: time.Now()}
	server, p := openOAuth2(t, apifontest.Options{Now: c.Now, TokenLife: 10 * time.Minute})
	send := func() {
		t.Helper()
		_, err := p.Send(t.Context(), hello())
		require.NoError(t, err)
	}
	send()
	c.forward(8 * time.Minute)
	send()
	assert.Equal(t, 1, server.Tokens())

	c.forward(time.Minute + time.Second) // within the last tenth of its life
	send()
	require.Eventually(t, func() bool { return server.Tokens() == 2 }, 5*time.Second, time.Millisecond, "renewed while it still holds")

	// The renewal may still be on its way back when the clock jumps.
	c.forward(11 * time.Minute)
	require.Eventually(t, func() bool {
		_, err := p.Send(t.Context(), hello())
		return err == nil
	}, 5*time.Second, time.Millisecond)
	assert.Equal(t, 3, server.Tokens(), "fetched again once it has ended")
}

func TestEarlyRenewalMayFail(t *testing.T) {
	c := &clock{now: time.Now()}
	server, p := openOAuth2(t, apifontest.Options{Now: c.Now, TokenLife: 10 * time.Minute})
	_, err := p.Send(t.Context(), hello())
	require.NoError(t, err)
	server.FailWith(httpcalltest.Failure{Path: "/oauth2/token", Status: 500})
	c.forward(9*time.Minute + 30*time.Second)
	for range 3 {
		_, err = p.Send(t.Context(), hello())
		require.NoError(t, err, "the token that is kept still holds")
	}
}

func TestRefusedToken(t *testing.T) {
	server, p := openOAuth2(t, apifontest.Options{})
	_, err := p.Send(t.Context(), hello())
	require.NoError(t, err)

	server.RevokeTokens()
	_, err = p.Send(t.Context(), hello())
	require.ErrorIs(t, err, provider.Unavailable, "a kept token that is refused is dropped")
	_, err = p.Send(t.Context(), hello())
	require.NoError(t, err, "the next send fetches another")

	server.RevokeTokens()
	_, err = p.Send(t.Context(), hello())
	require.ErrorIs(t, err, provider.Unavailable)
	server.Fail(401, "")
	_, err = p.Send(t.Context(), hello())
	require.ErrorIs(t, err, provider.Unauthenticated, "a fresh token that is refused is a matter for a human")
}

func TestMissingScope(t *testing.T) {
	_, p := openOAuth2(t, apifontest.Options{}, func(c *apifon.Config) { c.Scopes = []string{"accountInfo"} })
	_, err := p.Send(t.Context(), hello())
	require.ErrorIs(t, err, provider.Unauthenticated)
}

func TestTokenRequestFails(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		code   provider.Code
	}{
		{"wrong client", 401, `{"error":"invalid_client","error_description":"Client authentication failed"}`, provider.Unauthenticated},
		{"wrong client in a 400", 400, `{"error":"invalid_client"}`, provider.Unauthenticated},
		{"error in a 200", 200, `{"error":"invalid_scope"}`, provider.Unauthenticated},
		{"unauthorized without body", 401, "", provider.Unauthenticated},
		{"server error", 500, `{"error":"server_error"}`, provider.Unavailable},
		{"html", 200, "<html>", provider.Unavailable},
		{"no token", 200, `{"token_type":"Bearer"}`, provider.Unavailable},
		{"another kind of token", 200, `{"access_token":"t","token_type":"mac"}`, provider.Unavailable},
		{"bad gateway", 502, "", provider.Unavailable},
		{"throttled", 429, "", provider.Unavailable},
	}
	server, p := openOAuth2(t, apifontest.Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server.FailWith(httpcalltest.Failure{Path: "/oauth2/token", Status: tt.status, Body: tt.body})
			_, err := p.Send(t.Context(), hello())
			require.ErrorIs(t, err, tt.code)
			assert.NotContains(t, err.Error(), apifontest.ClientSecret)
		})
	}
	assert.Empty(t, server.Calls(), "nothing was sent")
	_, err := p.Send(t.Context(), hello())
	require.NoError(t, err, "a failed fetch is not kept")
}

func TestTokenServerDropsAndHangs(t *testing.T) {
	server, p := openOAuth2(t, apifontest.Options{}, func(c *apifon.Config) { c.Timeout = provider.Duration(100 * time.Millisecond) })
	for _, mode := range []httpcalltest.Mode{httpcalltest.Down, httpcalltest.Drop, httpcalltest.Hang} {
		require.NoError(t, server.SetMode(mode))
		_, err := p.Send(t.Context(), hello())
		require.ErrorIs(t, err, provider.Unavailable, "%s: no token, no doubt", mode)
	}
	require.NoError(t, server.SetMode(httpcalltest.Hang))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := p.Send(ctx, hello())
	require.ErrorIs(t, err, provider.Unavailable)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestAccessTokenIsRedacted(t *testing.T) {
	server, p := openOAuth2(t, apifontest.Options{})
	const token = "30000000-0000-4000-8000-000000000001"
	server.Fail(403, `{"result_info":{"status_code":403,"description":"token `+token+` may not"}}`)
	_, err := p.Send(t.Context(), hello())
	failed := new(provider.Error)
	require.ErrorAs(t, err, &failed)
	assert.NotContains(t, failed.VendorMessage, token)
	assert.Contains(t, failed.VendorMessage, "redacted")
}

func TestAccessTokenIsRedactedAsItIsEscaped(t *testing.T) {
	identity := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"T0k/en+value="}`)
	}))
	defer identity.Close()
	server, p := openOAuth2(t, apifontest.Options{}, func(c *apifon.Config) { c.TokenURL = identity.URL })
	for _, form := range []string{`T0k/en+value=`, `T0k\/en+value=`, `T0k%2Fen%2Bvalue%3D`} {
		server.Fail(200, `{"request_id":"q","results":{"306900000001":[{"message_id":"m"}]},"x":"`+form+`"}`)
		receipt, err := p.Send(t.Context(), hello())
		require.NoError(t, err)
		assert.Contains(t, string(receipt.Raw), `"x":"[redacted]"`)
	}
}

func TestRevoke(t *testing.T) {
	server, p := openOAuth2(t, apifontest.Options{})
	require.NoError(t, p.Client().Revoke(t.Context()), "nothing to revoke")
	_, err := p.Send(t.Context(), hello())
	require.NoError(t, err)
	require.NoError(t, p.Client().Revoke(t.Context()))
	assert.Zero(t, server.Tokens())
	_, err = p.Send(t.Context(), hello())
	require.NoError(t, err)
}

func TestCloseDuringTokenRequest(t *testing.T) {
	server, p := openOAuth2(t, apifontest.Options{})
	require.NoError(t, server.SetMode(httpcalltest.Hang))
	failed := make(chan error, 1)
	go func() {
		_, err := p.Send(context.Background(), hello())
		failed <- err
	}()
	require.Eventually(t, func() bool { return server.Requests() == 1 }, 5*time.Second, time.Millisecond)
	require.NoError(t, p.Close())
	require.ErrorIs(t, <-failed, provider.Unavailable)
	_, err := p.Send(t.Context(), hello())
	require.ErrorIs(t, err, provider.Unavailable)
}
