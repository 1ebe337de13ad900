package apifontest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The paths of the identity server, which this server also is.
const (
	tokenPath  = "/oauth2/token"
	revokePath = "/oauth2/revoke"
)

// scopes are all scopes of the reference.
var scopes = []string{
	"accountInfo", "smsGateway", "imGateway", "otpGateway", "readList", "writeList", "readSubscriber", "writeSubscriber",
}

// token is an access token that was issued.
type token struct {
	scopes []string
	ends   time.Time
}

// TokenURL returns the setting token_url for this server.
func (s *Server) TokenURL() string { return s.URL + tokenPath }

// RevokeURL returns the setting revoke_url for this server.
func (s *Server) RevokeURL() string { return s.URL + revokePath }

// RevokeTokens revokes every access token, as the vendor may at any time.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Tokens returns how many access tokens were issued and not revoked.
func (s *Server) Tokens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tokens)
}

// badToken says why an access token is not valid for a scope; "" = it is.
func (s *Server) badToken(value, scope string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, known := s.tokens[value]
	switch {
	case !known:
		return "unknown access token"
	case s.options.Now().After(t.ends):
		return "the access token has expired"
	case slices.ContainsFunc(strings.Fields(scope), func(need string) bool { return !slices.Contains(t.scopes, need) }):
		return "the access token does not have the scope"
	}
	return ""
}

// issueToken is the token endpoint: client credentials in the form or in the
// query, both of which the vendor's customers use.
func (s *Server) issueToken(w http.ResponseWriter, r *http.Request) {
	if s.badClient(w, r) {
		return
	}
	if r.Form.Get("grant_type") != "client_credentials" {
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	granted := s.options.Scopes
	if asked := strings.Fields(r.Form.Get("scope")); len(asked) > 0 {
		for _, scope := range asked {
			if !slices.Contains(granted, scope) {
				oauthError(w, http.StatusBadRequest, "invalid_scope")
				return
			}
		}
		granted = asked
	}
	value := s.newID("token")
	s.mu.Lock()
	s.tokens[value] = token{granted, s.options.Now().Add(s.options.TokenLife)}
	s.mu.Unlock()
	answer{status: http.StatusOK, body: map[string]any{
		"access_token": value, "token_type": "Bearer", "expires_in": int(s.options.TokenLife.Seconds()), "scope": strings.Join(granted, " "),
	}}.write(w)
}

// revokeToken is the revocation endpoint (RFC 7009).
func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request) {
	if s.badClient(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, r.Form.Get("token"))
	w.WriteHeader(http.StatusOK)
}

// badClient refuses a client that is not this account's, or fails as requested.
func (s *Server) badClient(w http.ResponseWriter, r *http.Request) bool {
	if failure, failing := s.NextFailure(r.URL.Path); failing {
		failure.Write(w)
		return true
	}
	if err := r.ParseForm(); err != nil {
		oauthError(w, http.StatusBadRequest, "invalid_request")
		return true
	}
	if r.Form.Get("client_id") != s.options.ClientID || r.Form.Get("client_secret") != s.options.ClientSecret {
		oauthError(w, http.StatusUnauthorized, "invalid_client")
		return true
	}
	return false
}

func oauthError(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": word, "error_description": "refused: " + word})
}
