package httpcall

import (
	"errors"
	"time"

	"github.com/anysms/anysms/provider"
)

// TokenExchange is how a vendor exchanges an account's key and secret for an
// access token, where that is not OAuth2.
type TokenExchange struct {
	// Request asks for a token. It is made once for each token, relative to the base
	// URL of the configuration, and has the credentials.
	Request Request
	// Read returns the token of a response with status 2xx and how long it lives; ""
	// = it has none, 0 = [DefaultTokenLife].
	Read func(*Response) (token provider.Secret, life time.Duration)
	// Secrets are the credentials in the request, to be redacted.
	Secrets []provider.Secret

	// Now is the clock for the life of tokens; nil = time.Now.
	Now func() time.Time
}

// NewExchangeTokenSource makes a TokenSource for a vendor's own exchange. It does no
// network I/O. [TokenSource.Revoke] only forgets its token. A bad setting is a *provider.ConfigError.
func NewExchangeTokenSource(config Config, e TokenExchange) (*TokenSource, error) {
	config.StatusOutcomes, config.CallbackURL = nil, ""
	client, err := New(config, e.Secrets...)
	if err != nil {
		return nil, err
	}
	if e.Now == nil {
		e.Now = time.Now
	}
	e.Request.Fresh = true
	return newTokenSource(&ClientCredentials{TokenURL: config.BaseURL + e.Request.Path, Now: e.Now}, &e, client), nil
}

// trade makes one exchange.
func (s *TokenSource) trade() (*accessToken, error) {
	asked := s.exchange.Now()
	r, err := s.client.Do(s.ctx, s.exchange.Request)
	switch {
	case err != nil:
		return nil, noToken(provider.Unavailable, err)
	case !r.OK():
		return nil, noToken(tokenErrorCode(r.Status, ""), r.Failed("", "", ""))
	}
	token, life := s.exchange.Read(r)
	if token == "" {
		return nil, noToken(provider.Unavailable, r.Indeterminate(errors.New("the response has no token")))
	}
	if life <= 0 {
		life = DefaultTokenLife
	}
	return newAccessToken(token.Reveal(), asked, min(life, MaxTokenLife)), nil
}
