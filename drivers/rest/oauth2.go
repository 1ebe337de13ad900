package rest

import (
	"strings"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// tokenSource makes the token source of an account.
func tokenSource(o *request.OAuth2, config Config, s request.Scope) (*httpcall.TokenSource, error) {
	address, _ := o.TokenURL.Text(s, nil)
	id, _ := o.ClientID.Text(s, nil)
	secret, _ := o.ClientSecret.Text(s, nil)
	credentials := httpcall.ClientCredentials{TokenURL: address, ClientID: provider.Secret(id), ClientSecret: provider.Secret(secret)}
	if o.Scope != nil {
		scope, _ := o.Scope.Text(s, nil)
		credentials.Scopes = strings.Fields(scope)
	}
	return httpcall.NewTokenSource(config.guarded(address), credentials)
}
