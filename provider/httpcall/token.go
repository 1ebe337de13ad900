package httpcall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/redact"
)

// Limits on how long an access token is used.
const (
	// MaxTokenLife applies to longer lives: a token may be revoked at any time,
	// and some vendors announce lifetimes of years.
	MaxTokenLife = time.Hour
	// DefaultTokenLife applies if the token endpoint does not announce a life.
	DefaultTokenLife = 5 * time.Minute

	renewalPause = 5 * time.Second // between early renewals that fail
)

// ClientCredentials says how to get access tokens by the OAuth2 client
// credentials grant (RFC 6749, section 4.4).
type ClientCredentials struct {
	TokenURL     string
	RevokeURL    string // RFC 7009; "" = none
	ClientID     provider.Secret
	ClientSecret provider.Secret
	Scopes       []string // none = what the vendor gives by default

	// Now is the clock for the life of tokens; nil = time.Now.
	Now func() time.Time
}

// TokenSource provides the access token of requests ([Request].Tokens) and
// caches it until shortly before it expires. Tokens are renewed in the
// background while the old one is still valid. At most one token request is in
// progress; all requests that wait for a token share it, and it does not end
// with the context of any of them. A TokenSource is safe for concurrent use.
//
// A request that gets no token is not sent: the error is
// provider.Unauthenticated if the token endpoint rejects the client, else
// provider.Unavailable.
type TokenSource struct {
	credentials *ClientCredentials // behind a pointer, so that %#v of what holds a source prints no secret
	exchange    *TokenExchange     // nil = the client credentials grant
	client      *Client
	ctx         context.Context // ends at Close
	cancel      context.CancelFunc
	requests    sync.WaitGroup

	mu      sync.Mutex
	cached  *accessToken  // nil = none
	running *tokenRequest // nil = none
}

type accessToken struct {
	value   provider.Secret
	secrets redact.Secrets
	renewAt time.Time // renewed in the background from here on
	ends    time.Time // not used from here on
}

// tokenRequest is one in progress.
type tokenRequest struct {
	done  chan struct{}
	token *accessToken
	err   error
}

// NewTokenSource makes a TokenSource. It does no network I/O. The connection
// settings and the timeout of token requests are taken from config; its other
// settings are ignored. A bad setting is a *provider.ConfigError.
func NewTokenSource(config Config, credentials ClientCredentials) (*TokenSource, error) {
	if err := config.CheckURL("token_url", credentials.TokenURL); err != nil {
		return nil, err
	}
	if credentials.RevokeURL != "" {
		if err := config.CheckURL("revoke_url", credentials.RevokeURL); err != nil {
			return nil, err
		}
	}
	config.BaseURL, config.StatusOutcomes, config.CallbackURL = credentials.TokenURL, nil, ""
	client, err := New(config, credentials.ClientID, credentials.ClientSecret)
	if err != nil {
		return nil, err
	}
	if credentials.Now == nil {
		credentials.Now = time.Now
	}
	credentials.Scopes = slices.Clone(credentials.Scopes)
	return newTokenSource(&credentials, nil, client), nil
}

func newTokenSource(credentials *ClientCredentials, exchange *TokenExchange, client *Client) *TokenSource {
	s := &TokenSource{credentials: credentials, exchange: exchange, client: client}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// String describes the source without its credentials.
func (s *TokenSource) String() string { return "access tokens from " + s.credentials.TokenURL }

// GoString redacts like String.
func (s *TokenSource) GoString() string { return s.String() }

// LogValue redacts like String.
func (s *TokenSource) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Close cancels a token request in progress and waits for its end. Later
// requests that need a token are provider.Unavailable. It may be called again.
func (s *TokenSource) Close() error {
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.requests.Wait()
	return s.client.Close()
}

// Revoke revokes the cached token at the vendor, if there is one; the next
// request gets a fresh one.
func (s *TokenSource) Revoke(ctx context.Context) error {
	if s.credentials.RevokeURL == "" {
		return &provider.Error{Code: provider.Unsupported, Err: errors.New("no revocation endpoint is set")}
	}
	s.mu.Lock()
	token := s.cached
	s.cached = nil
	s.mu.Unlock()
	if token == nil {
		return nil
	}
	form := s.form()
	form.Set("token", token.value.Reveal())
	form.Set("token_type_hint", "access_token")
	r, err := s.client.Do(ctx, tokenForm(s.credentials.RevokeURL, form))
	if err != nil {
		return err
	}
	if !r.OK() {
		return r.ByStatus()
	}
	return nil
}

// token returns a token and whether it was cached before the call.
func (s *TokenSource) token(ctx context.Context) (token *accessToken, cached bool, err error) {
	s.mu.Lock()
	now := s.credentials.Now()
	if token = s.cached; token != nil && now.Before(token.ends) {
		if !now.Before(token.renewAt) {
			token.renewAt = now.Add(renewalPause)
			s.start()
		}
		s.mu.Unlock()
		return token, true, nil
	}
	r := s.start()
	s.mu.Unlock()
	select {
	case <-r.done:
		return r.token, false, r.err
	case <-ctx.Done():
		return nil, false, &provider.Error{Code: provider.Unavailable, Err: context.Cause(ctx)}
	}
}

// start joins the token request in progress or begins one. The lock is held.
func (s *TokenSource) start() *tokenRequest {
	if s.running != nil {
		return s.running
	}
	r := &tokenRequest{done: make(chan struct{})}
	if s.ctx.Err() != nil {
		r.err = &provider.Error{Code: provider.Unavailable, Err: errClosed}
		close(r.done)
		return r
	}
	s.running = r
	s.requests.Go(func() {
		fetch := s.fetch
		if s.exchange != nil {
			fetch = s.trade
		}
		token, err := fetch()
		s.mu.Lock()
		defer s.mu.Unlock()
		r.token, r.err = token, err
		s.running = nil
		if err == nil {
			s.cached = token
		}
		close(r.done)
	})
	return r
}

// drop forgets a token that the vendor refused.
func (s *TokenSource) drop(token *accessToken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cached == token {
		s.cached = nil
	}
}

// tokenAnswer is a token endpoint's success or error (RFC 6749, sections 5.1 and
// 5.2).
type tokenAnswer struct {
	AccessToken string          `json:"access_token"`
	TokenType   string          `json:"token_type"`
	ExpiresIn   json.RawMessage `json:"expires_in"` // seconds; some vendors write a string
	Error       string          `json:"error"`
	Description string          `json:"error_description"`
}

// fetch makes one token request.
func (s *TokenSource) fetch() (*accessToken, error) {
	form := s.form()
	form.Set("grant_type", "client_credentials")
	if len(s.credentials.Scopes) > 0 {
		form.Set("scope", strings.Join(s.credentials.Scopes, " "))
	}
	asked := s.credentials.Now()
	r, err := s.client.Do(s.ctx, tokenForm(s.credentials.TokenURL, form))
	if err != nil {
		return nil, noToken(provider.Unavailable, err)
	}
	var answer tokenAnswer
	unread := r.Decode(&answer)
	switch {
	case unread == nil && answer.Error != "":
		return nil, noToken(tokenErrorCode(r.Status, answer.Error), r.Failed("", answer.Error, answer.Description))
	case !r.OK():
		return nil, noToken(tokenErrorCode(r.Status, ""), r.Failed("", "", ""))
	case unread != nil:
		return nil, noToken(provider.Unavailable, r.Indeterminate(unread))
	case answer.AccessToken == "":
		return nil, noToken(provider.Unavailable, r.Indeterminate(errors.New("the response has no access_token")))
	case answer.TokenType != "" && !strings.EqualFold(answer.TokenType, "bearer"):
		return nil, noToken(provider.Unavailable, r.Indeterminate(errors.New("the token_type of the response is not bearer")))
	}
	return newAccessToken(answer.AccessToken, asked, tokenLife(answer.ExpiresIn)), nil
}

func (s *TokenSource) form() url.Values {
	return url.Values{"client_id": {s.credentials.ClientID.Reveal()}, "client_secret": {s.credentials.ClientSecret.Reveal()}}
}

// tokenForm uses a connection of its own: token requests are too rare to keep
// one.
func tokenForm(address string, form url.Values) Request {
	r := Form(http.MethodPost, address, form)
	r.Fresh = true
	return r
}

// noToken turns the failure of a token request into the error of the request
// that needed the token.
func noToken(code provider.Code, err error) error {
	failed := &provider.Error{Code: code, Err: err}
	if e, ok := errors.AsType[*provider.Error](err); ok {
		failed.VendorCode, failed.VendorMessage, failed.RetryAfter, failed.Err = e.VendorCode, e.VendorMessage, e.RetryAfter, e.Err
	}
	failed.Err = fmt.Errorf("get access token: %w", failed.Err)
	return failed
}

// tokenErrorCode distinguishes a client that was rejected, which needs a human,
// from a failure of the server.
func tokenErrorCode(status int, word string) provider.Code {
	switch word {
	case "invalid_client", "unauthorized_client", "invalid_grant", "invalid_scope", "unsupported_grant_type", "access_denied":
		return provider.Unauthenticated
	}
	if status == http.StatusUnauthorized || status == http.StatusProxyAuthRequired {
		return provider.Unauthenticated
	}
	return provider.Unavailable
}

// tokenLife reads expires_in, a number or a string that contains a number.
func tokenLife(raw json.RawMessage) time.Duration {
	seconds, err := strconv.ParseFloat(string(bytes.Trim(raw, `"`)), 64)
	switch {
	case err != nil || !(seconds > 0): // NaN too
		return DefaultTokenLife
	case seconds > MaxTokenLife.Seconds():
		return MaxTokenLife
	}
	return time.Duration(seconds * float64(time.Second))
}

// newAccessToken keeps a margin at the end of a token's life, smaller for short
// lives, so that a request with it still arrives in time.
func newAccessToken(value string, asked time.Time, life time.Duration) *accessToken {
	return &accessToken{
		value:   provider.Secret(value),
		secrets: redact.NewSecrets(provider.Secret(value)),
		renewAt: asked.Add(life - min(time.Minute, life/5)),
		ends:    asked.Add(life - min(10*time.Second, life/10)),
	}
}
