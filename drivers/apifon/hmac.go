package apifon

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/anysms/anysms/provider"
)

// signer signs requests by the scheme "ApifonWS" (docs.apifon.com,
// authentication): HMAC-SHA256 under the secret's bytes over method, path
// without query, body and date, joined by line feeds.
type signer struct {
	token, secret provider.Secret
	now           func() time.Time
}

// sign adds the two headers. The body must be exactly what is sent.
func (s *signer) sign(req *http.Request, body []byte) {
	date := s.now().UTC().Format(http.TimeFormat)
	mac := hmac.New(sha256.New, []byte(s.secret.Reveal()))
	mac.Write([]byte(req.Method + "\n" + req.URL.EscapedPath() + "\n"))
	mac.Write(body)
	mac.Write([]byte("\n" + date))
	signature := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	req.Header.Set("X-ApifonWS-Date", date)
	req.Header.Set("Authorization", "ApifonWS "+s.token.Reveal()+":"+signature)
}
