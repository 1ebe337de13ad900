package rest

import (
	"encoding/base64"
	"maps"
	"net/http"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// auth is how requests prove whose they are. More than one kind may be given.
type auth struct {
	None    bool       `yaml:"none"`
	Basic   *basicAuth `yaml:"basic"`
	Bearer  *template  `yaml:"bearer"`
	Headers *tree      `yaml:"headers"`
	Query   *tree      `yaml:"query"`
	Body    *tree      `yaml:"body"` // members of the form or JSON body, or of the query where there is no body
	OAuth2  *oauth2    `yaml:"oauth2"`
}

type basicAuth struct {
	Username template `yaml:"username"`
	Password template `yaml:"password"`
}

// trees lists the parts that settings are placed into.
func (a *auth) trees() []*tree { return []*tree{a.Headers, a.Query, a.Body} }

// apply adds what does not change from request to request.
func (a *auth) apply(r *httpcall.Request, s scope) {
	if a.Basic != nil {
		user, _ := a.Basic.Username.text(s, nil)
		password, _ := a.Basic.Password.text(s, nil)
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	if a.Bearer != nil {
		token, _ := a.Bearer.text(s, nil)
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if a.Headers != nil {
		addHeaders(r.Header, a.Headers, s)
	}
	if a.Query != nil {
		filled, _ := a.Query.fill(s, nil)
		maps.Copy(r.Query, formValues(filled))
	}
}

// secrets are what the credentials look like on the wire, where that is not how
// they were given.
func (a *auth) secrets(s scope) []provider.Secret {
	if a.Basic == nil {
		return nil
	}
	user, _ := a.Basic.Username.text(s, nil)
	password, _ := a.Basic.Password.text(s, nil)
	return []provider.Secret{provider.Secret(user + ":" + password)}
}

func addHeaders(h http.Header, t *tree, s scope) {
	filled, _ := t.fill(s, nil)
	for key, list := range formValues(filled) {
		h[http.CanonicalHeaderKey(key)] = list
	}
}
