package apifon

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// How long access tokens are kept. The vendor's lifetimes range from an hour to
// years; a token may be revoked at any time.
const (
	maxTokenLife = time.Hour
	maxEarly     = time.Minute     // before its end a token is renewed, at most by this
	renewalPause = 5 * time.Second // between early renewals that fail
)

// accessToken is a token of OAuth2 client credentials (RFC 6749 §4.4).
type accessToken struct {
	value provider.Secret
	ends  time.Time
	hide  *strings.Replacer // takes the value out of answers
}

func newAccessToken(value string, ends time.Time) *accessToken {
	const hidden = "[redacted]"
	hide := strings.NewReplacer(value, hidden, strings.ReplaceAll(value, "/", `\/`), hidden, url.QueryEscape(value), hidden)
	return &accessToken{provider.Secret(value), ends, hide}
}

// tokenSource fetches access tokens and keeps the last one. There is one fetch
// at a time, shared by all who wait, and it runs under its own timeout: a caller
// who gives up does not end it for the others.
type tokenSource struct {
	config *Config
	http   *httpcall.Client
	ctx    context.Context // ends when the client is closed
	cancel context.CancelFunc
	fetch  sync.WaitGroup

	mu      sync.Mutex
	kept    *accessToken
	renewAt time.Time
	running *fetch // nil = none
}

// fetch is a token request under way.
type fetch struct {
	done  chan struct{}
	token *accessToken
	err   error
}

func newTokenSource(config *Config, w *httpcall.Client) *tokenSource {
	ctx, cancel := context.WithCancel(context.Background())
	return &tokenSource{config: config, http: w, ctx: ctx, cancel: cancel}
}

// close ends a fetch under way and waits for it.
func (s *tokenSource) close() {
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.fetch.Wait()
}

// get answers a token, and whether it was kept from an earlier call. Its errors
// are never doubt: a send that has no token is not sent.
func (s *tokenSource) get(ctx context.Context) (token *accessToken, kept bool, err error) {
	s.mu.Lock()
	now := s.config.Now()
	if s.kept != nil && now.Before(s.kept.ends) {
		token = s.kept
		if !now.Before(s.renewAt) {
			s.renewAt = now.Add(renewalPause)
			s.start()
		}
		s.mu.Unlock()
		return token, true, nil
	}
	f := s.start()
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.token, false, f.err
	case <-ctx.Done():
		return nil, false, &provider.Error{Code: provider.Unavailable, Err: context.Cause(ctx)}
	}
}

// start joins the fetch under way or begins one. The lock is held.
func (s *tokenSource) start() *fetch {
	if s.running != nil {
		return s.running
	}
	f := &fetch{done: make(chan struct{})}
	if s.ctx.Err() != nil {
		f.err = provider.NewError(provider.Unavailable, "the provider is closed")
		close(f.done)
		return f
	}
	s.running = f
	s.fetch.Go(func() {
		f.token, f.err = s.request()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running = nil
		if f.err == nil {
			s.keep(f.token)
		}
		close(f.done)
	})
	return f
}

// keep holds a new token. The lock is held.
func (s *tokenSource) keep(token *accessToken) {
	life := token.ends.Sub(s.config.Now())
	s.kept = token
	s.renewAt = token.ends.Add(-min(maxEarly, life/10))
}

// drop forgets a token that the vendor no longer takes.
func (s *tokenSource) drop(token *accessToken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == token {
		s.kept = nil
	}
}

// tokenAnswer is either answer of the identity server (RFC 6749 §5.1, §5.2).
type tokenAnswer struct {
	AccessToken string  `json:"access_token"`
	TokenType   string  `json:"token_type"`
	ExpiresIn   float64 `json:"expires_in"` // seconds; 0 = it does not say
	Error       string  `json:"error"`
	Description string  `json:"error_description"`
}

// request fetches a token.
func (s *tokenSource) request() (*accessToken, error) {
	form := url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {s.config.ClientID.Reveal()},
		"client_secret": {s.config.ClientSecret.Reveal()},
	}
	if len(s.config.Scopes) > 0 {
		form.Set("scope", strings.Join(s.config.Scopes, " "))
	}
	asked := s.config.Now()
	r, err := s.http.Do(s.ctx, identityRequest(s.config.TokenURL, form))
	if err != nil {
		return nil, notSent(err)
	}
	var answer tokenAnswer
	decodeErr := r.Decode(&answer)
	switch {
	case decodeErr == nil && answer.Error != "":
		return nil, r.Failed(tokenCode(answer.Error), answer.Error, answer.Description)
	case !r.OK() || decodeErr != nil:
		err := r.ByStatus()
		if err.Code != provider.Unauthenticated {
			err.Code = provider.Unavailable
		}
		return nil, err
	case answer.AccessToken == "" || answer.TokenType != "" && !strings.EqualFold(answer.TokenType, "bearer"):
		return nil, r.Failed(provider.Unavailable, "", "the identity server gave no bearer token")
	}
	life := maxTokenLife
	if seconds := answer.ExpiresIn; seconds > 0 && seconds < maxTokenLife.Seconds() {
		life = time.Duration(seconds * float64(time.Second))
	}
	return newAccessToken(answer.AccessToken, asked.Add(life)), nil
}

// notSent is a failure of a request that carried no message.
func notSent(err error) error {
	if e, ok := errors.AsType[*provider.Error](err); ok && e.Code == provider.Indeterminate {
		return &provider.Error{Code: provider.Unavailable, Err: e.Err}
	}
	return err
}

// revoke ends the kept token at the vendor.
func (s *tokenSource) revoke(ctx context.Context) error {
	s.mu.Lock()
	token := s.kept
	s.kept = nil
	s.mu.Unlock()
	if token == nil {
		return nil
	}
	form := url.Values{
		"client_id":       {s.config.ClientID.Reveal()},
		"client_secret":   {s.config.ClientSecret.Reveal()},
		"token":           {token.value.Reveal()},
		"token_type_hint": {"access_token"},
	}
	r, err := s.http.Do(ctx, identityRequest(s.config.RevokeURL, form))
	if err != nil {
		return err
	}
	if !r.OK() {
		return r.ByStatus()
	}
	return nil
}

// identityRequest asks the identity server over a connection of its own: it is
// asked too rarely to keep one.
func identityRequest(address string, form url.Values) httpcall.Request {
	r := httpcall.Form(http.MethodPost, address, form)
	r.Fresh = true
	return r
}
