package apifontest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// unauthorized says why a request's credentials are not valid for a scope; "" =
// they are.
func (s *Server) unauthorized(r *request, scope string) string {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return "want exactly one Authorization header"
	}
	scheme, credentials, _ := strings.Cut(headers[0], " ")
	switch scheme {
	case "ApifonWS":
		return s.badSignature(r, credentials)
	case "Bearer":
		return s.badToken(credentials, scope)
	}
	return "unknown scheme"
}

// badSignature checks the signature over the path of the request line, without
// the query, and over the exact bytes of the body.
func (s *Server) badSignature(r *request, credentials string) string {
	token, signature, _ := strings.Cut(credentials, ":")
	date := r.Header.Get("X-ApifonWS-Date")
	at, err := http.ParseTime(date)
	off := s.options.Now().Sub(at)
	path, _, _ := strings.Cut(r.RequestURI, "?")
	mac := hmac.New(sha256.New, []byte(s.options.Secret))
	mac.Write([]byte(strings.Join([]string{r.Method, path, string(r.body), date}, "\n")))
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	switch {
	case token != s.options.Token:
		return "unknown token"
	case err != nil || at.Format(http.TimeFormat) != date:
		return "the date is not RFC 1123 in GMT"
	case off.Abs() > s.options.Tolerance:
		return "the date differs too much from the server's"
	case !hmac.Equal([]byte(signature), []byte(want)):
		return "wrong signature"
	}
	return ""
}
