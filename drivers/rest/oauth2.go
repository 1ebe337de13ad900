package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// oauth2 fetches access tokens with client credentials (RFC 6749 §4.4).
type oauth2 struct {
	TokenURL     template  `yaml:"token_url"`
	ClientID     template  `yaml:"client_id"`
	ClientSecret template  `yaml:"client_secret"`
	Scope        *template `yaml:"scope"`
}

// tokenMargin is how long before its end a token is no longer used.
const tokenMargin = 30 * time.Second

// tokens keeps one access token. Those who wait for the same token share one
// request, which no single caller's end can cancel.
type tokens struct {
	client *httpcall.Client
	form   url.Values

	mu       sync.Mutex
	token    string
	ends     time.Time
	fetching *fetch
}

// fetch is a token request under way.
type fetch struct {
	done  chan struct{}
	token string
	err   error
}

func newTokens(spec *oauth2, config Config, s scope, secrets []provider.Secret) (*tokens, error) {
	address, _ := spec.TokenURL.text(s, nil)
	client, err := httpcall.New(config.guarded(address), secrets...)
	if err != nil {
		return nil, fmt.Errorf("token_url: %w", err)
	}
	id, _ := spec.ClientID.text(s, nil)
	secret, _ := spec.ClientSecret.text(s, nil)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
	if spec.Scope != nil {
		if scope, ok := spec.Scope.text(s, nil); ok {
			form.Set("scope", scope)
		}
	}
	return &tokens{client: client, form: form}, nil
}

// get answers a token and whether it was cached before the call.
func (t *tokens) get(ctx context.Context) (token string, cached bool, err error) {
	t.mu.Lock()
	if t.token != "" && time.Now().Before(t.ends) {
		defer t.mu.Unlock()
		return t.token, true, nil
	}
	f := t.fetching
	if f == nil {
		f = &fetch{done: make(chan struct{})}
		t.fetching = f
		go t.run(context.WithoutCancel(ctx), f)
	}
	t.mu.Unlock()
	select {
	case <-f.done:
		return f.token, false, f.err
	case <-ctx.Done():
		return "", false, &provider.Error{Code: provider.Unavailable, Err: context.Cause(ctx)}
	}
}

// drop forgets a token that the vendor refused.
func (t *tokens) drop(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = ""
	}
}

func (t *tokens) run(ctx context.Context, f *fetch) {
	token, life, err := t.fetch(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	f.token, f.err = token, err
	t.fetching = nil
	if err == nil {
		t.token, t.ends = token, time.Now().Add(life-tokenMargin)
	}
	close(f.done)
}

// fetch asks once. Nothing was sent to anybody yet, so that every failure but
// that of the credentials is provider.Unavailable.
func (t *tokens) fetch(ctx context.Context) (token string, life time.Duration, err error) {
	resp, err := t.client.Do(ctx, httpcall.Form(http.MethodPost, "", t.form))
	if err != nil {
		return "", 0, &provider.Error{Code: provider.Unavailable, Err: fmt.Errorf("fetch access token: %w", errors.Unwrap(err))}
	}
	var answer struct {
		Token string  `json:"access_token"`
		Life  float64 `json:"expires_in"`
		Error string  `json:"error"`
	}
	readErr := resp.Decode(&answer)
	switch {
	case resp.Status == http.StatusUnauthorized, answer.Error == "invalid_client", answer.Error == "unauthorized_client":
		return "", 0, resp.Failed(provider.Unauthenticated, answer.Error, "the access token was refused")
	case !resp.OK() || readErr != nil || answer.Token == "":
		return "", 0, resp.Failed(provider.Unavailable, answer.Error, "no access token was given")
	}
	const short = 5 * time.Minute // for vendors that do not say
	life = short
	if answer.Life > 0 && answer.Life < 1e9 {
		life = time.Duration(answer.Life * float64(time.Second))
	}
	return answer.Token, life, nil
}

func (t *tokens) close() error {
	if t == nil {
		return nil
	}
	return t.client.Close()
}
