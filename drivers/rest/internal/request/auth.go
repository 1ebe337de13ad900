package request

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// Auth is how requests are authenticated. More than one kind may be given.
type Auth struct {
	None    bool       `yaml:"none"`
	Basic   *BasicAuth `yaml:"basic"`
	Bearer  *Template  `yaml:"bearer"`
	Headers *Tree      `yaml:"headers"`
	Query   *Tree      `yaml:"query"`
	Body    *Tree      `yaml:"body"` // members of the form or JSON body, or of the query where there is no body
	OAuth2  *OAuth2    `yaml:"oauth2"`
	Token   *TokenAuth `yaml:"token"`

	// Requests are signed in at most one way.
	SigV4 *SigV4        `yaml:"sigv4"`
	Azure *AzureHMAC    `yaml:"azure_hmac"`
	OVH   *OVHSignature `yaml:"ovh"`
	MAC   *MACToken     `yaml:"mac"`
}

// BasicAuth is HTTP Basic authentication.
type BasicAuth struct {
	Username Template `yaml:"username"`
	Password Template `yaml:"password"`
}

// OAuth2 is authentication by access tokens of the client credentials grant
// (RFC 6749, section 4.4).
type OAuth2 struct {
	TokenURL     Template  `yaml:"token_url"`
	ClientID     Template  `yaml:"client_id"`
	ClientSecret Template  `yaml:"client_secret"`
	Scope        *Template `yaml:"scope"`
}

// Templates lists all templates, in which only settings may be used.
func (a *Auth) Templates() []*Template {
	var all []*Template
	for _, tree := range []*Tree{a.Headers, a.Query, a.Body} {
		all = append(all, tree.Templates()...)
	}
	if a.Bearer != nil {
		all = append(all, a.Bearer)
	}
	if a.Basic != nil {
		all = append(all, &a.Basic.Username, &a.Basic.Password)
	}
	if o := a.OAuth2; o != nil {
		all = append(all, &o.TokenURL, &o.ClientID, &o.ClientSecret)
		if o.Scope != nil {
			all = append(all, o.Scope)
		}
	}
	if a.Token != nil {
		all = append(all, a.Token.templates()...)
	}
	if by := a.signer(); by != nil {
		all = append(all, by.templates()...)
	}
	return all
}

// Missing returns the name of a setting that the credentials need and that is
// not set, "" if there is none. Of alternatives ({a|b}) it is the last.
func (a *Auth) Missing(s Scope) string {
	var needed []*Template
	if a.Basic != nil {
		needed = append(needed, &a.Basic.Username, &a.Basic.Password)
	}
	if a.Bearer != nil {
		needed = append(needed, a.Bearer)
	}
	if by := a.signer(); by != nil {
		needed = append(needed, by.templates()...)
	}
	if a.SigV4 != nil {
		needed = slices.DeleteFunc(needed, func(t *Template) bool { return t == a.SigV4.SessionToken })
	}
	for _, t := range needed {
		names := t.Names()
		if _, known := t.Text(s, nil); !known && len(names) > 0 {
			return names[len(names)-1]
		}
	}
	return ""
}

// apply adds the credentials to a request, except those of its body.
func (a *Auth) apply(r *httpcall.Request, s Scope) {
	if a.Basic != nil {
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(a.Basic.pair(s))))
	}
	if a.Bearer != nil {
		token, _ := a.Bearer.Text(s, nil)
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if a.Headers != nil {
		addHeaders(r.Header, a.Headers, s)
	}
	if a.Query != nil {
		filled, _ := a.Query.Fill(s, nil)
		maps.Copy(r.Query, FormValues(filled))
	}
}

// inside adds credentials to a filled body that is a map.
func (a *Auth) inside(filled any, s Scope) any {
	if a.Body == nil {
		return filled
	}
	members, isMap := filled.(Object)
	if !isMap && filled != nil {
		return filled
	}
	own, _ := a.Body.Fill(s, nil)
	more, _ := own.(Object)
	return append(slices.Clip(members), more...)
}

// Secrets are the credentials as they are sent, where that is not how they are
// set.
func (a *Auth) Secrets(s Scope) []provider.Secret {
	if a.Basic == nil {
		return nil
	}
	return []provider.Secret{provider.Secret(a.Basic.pair(s))}
}

func (b *BasicAuth) pair(s Scope) string {
	user, _ := b.Username.Text(s, nil)
	password, _ := b.Password.Text(s, nil)
	return user + ":" + password
}

func addHeaders(h http.Header, t *Tree, s Scope) {
	filled, _ := t.Fill(s, nil)
	for key, list := range FormValues(filled) {
		h[http.CanonicalHeaderKey(key)] = list
	}
}

// Authenticates reports whether a request carries these credentials. Access
// tokens are not checked.
func (a *Auth) Authenticates(req *http.Request, body []byte, settings map[string]string) bool {
	s := Scope{Settings: settings}
	if by := a.signer(); by != nil && !signedBy(by, req, body, s) {
		return false
	}
	want := httpcall.Request{Header: make(http.Header), Query: make(url.Values)}
	a.apply(&want, s)
	for key, list := range want.Header {
		if req.Header.Get(key) != list[0] {
			return false
		}
	}
	query := req.URL.Query()
	for key, list := range want.Query {
		if query.Get(key) != list[0] {
			return false
		}
	}
	if a.Body == nil {
		return true
	}
	filled, _ := a.Body.Fill(s, nil)
	given := bodyValues(query, body)
	for key, list := range FormValues(filled) {
		if given.Get(key) != list[0] {
			return false
		}
	}
	return true
}

// bodyValues are the values of a form or JSON body; without a body, of the
// query.
func bodyValues(query url.Values, body []byte) url.Values {
	if tree, err := ReadJSON(body); err == nil {
		if members, ok := tree.(map[string]any); ok {
			given := make(url.Values)
			for key, v := range members {
				given.Set(key, WordOf(v))
			}
			return given
		}
	}
	if form, err := url.ParseQuery(string(body)); err == nil && len(body) > 0 {
		return form
	}
	return query
}
