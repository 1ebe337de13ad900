package resttest

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"time"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/provider"
)

// Account is what the conformance suite needs to test a recipe, made from the
// recipe and its fixtures. Its fields are those of conformance.Harness with the
// same names.
type Account struct {
	Open        func(url string) (provider.Provider, error)
	OpenTimeout func(url string, timeout time.Duration) (provider.Provider, error)
	Replies     fs.FS
	Secrets     []string
	Extra       string
	Text        func(r *http.Request, body []byte) (to, text string)
	Numbers     string

	OtherRequests http.Handler
}

// NewAccount makes the account of a recipe's example.
func NewAccount(r *rest.Recipe) (Account, error) {
	m, err := modelOf(r)
	if err != nil {
		return Account{}, err
	}
	replies, err := m.replies()
	if err != nil {
		return Account{}, err
	}
	h := Account{
		Open: func(url string) (provider.Provider, error) { return Open(r, url) },
		OpenTimeout: func(url string, timeout time.Duration) (provider.Provider, error) {
			return openWithin(r, url, timeout)
		},
		Replies: replies,
		Extra:   r.Name,
		Text:    func(req *http.Request, body []byte) (to, text string) { return m.sentBy(req, body) },
	}
	if m.file.Auth.Token != nil {
		h.OtherRequests = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { m.serveToken(w, req) })
	}
	if only := m.file.Write.To.Only; len(only) > 0 {
		h.Numbers = only[0]
	}
	for _, s := range r.Settings {
		if s.Secret && r.Example[s.Name] != "" {
			h.Secrets = append(h.Secrets, r.Example[s.Name])
		}
	}
	return h, nil
}

// serveToken answers a request for an access token, and reports whether it was
// one.
func (m *model) serveToken(w http.ResponseWriter, req *http.Request) bool {
	t := m.file.Auth.Token
	if t == nil || !t.Request.Fits(req) {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(t.Reply("made-up-token")) // fails only if the client has gone
	return true
}

func (m *model) sentBy(req *http.Request, body []byte) (to, text string) {
	received, err := m.received(req, body)
	if err != nil || len(received) == 0 {
		return "", ""
	}
	text = received[0]["text"]
	if variable, ok := received[0]["template_variables.text"]; ok {
		text = variable
	}
	return received[0]["to"], text
}
