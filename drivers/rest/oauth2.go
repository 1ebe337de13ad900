package rest

import (
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// oauth2 is authentication by access tokens of the client credentials grant
// (RFC 6749, section 4.4).
type oauth2 struct {
	TokenURL     template  `yaml:"token_url"`
	ClientID     template  `yaml:"client_id"`
	ClientSecret template  `yaml:"client_secret"`
	Scope        *template `yaml:"scope"`
}

// source makes the token source with the settings filled in.
func (o *oauth2) source(config Config, s scope) (*httpcall.TokenSource, error) {
	address, _ := o.TokenURL.text(s, nil)
	id, _ := o.ClientID.text(s, nil)
	secret, _ := o.ClientSecret.text(s, nil)
	credentials := httpcall.ClientCredentials{TokenURL: address, ClientID: provider.Secret(id), ClientSecret: provider.Secret(secret)}
	if o.Scope != nil {
		scope, _ := o.Scope.text(s, nil)
		credentials.Scopes = strings.Fields(scope)
	}
	return httpcall.NewTokenSource(config.guarded(address), credentials)
}
