package request

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// TokenAuth exchanges an account's credentials for an access token, which
// requests carry as a bearer token. Token and ExpiresIn are keys of the response,
// joined by dots; the life is in seconds.
type TokenAuth struct {
	Request   Request    `yaml:"request"`
	Basic     *BasicAuth `yaml:"basic"`
	Token     string     `yaml:"token"`
	ExpiresIn string     `yaml:"expires_in"`
}

// Exchange describes the exchange for an account.
func (t *TokenAuth) Exchange(s Scope) (httpcall.TokenExchange, error) {
	own := Auth{Basic: t.Basic}
	req, err := t.Request.Build(&own, s, nil)
	return httpcall.TokenExchange{Request: req, Read: t.read, Secrets: own.Secrets(s)}, err
}

func (t *TokenAuth) read(r *httpcall.Response) (token provider.Secret, life time.Duration) {
	tree, err := ReadJSON(r.Body)
	if err != nil {
		return "", 0
	}
	seconds, err := strconv.ParseFloat(valueAt(tree, t.ExpiresIn), 64)
	if err == nil && seconds > 0 && seconds < httpcall.MaxTokenLife.Seconds() {
		life = time.Duration(seconds * float64(time.Second))
	}
	return provider.Secret(valueAt(tree, t.Token)), life
}

// valueAt follows keys that are joined by dots.
func valueAt(tree any, keys string) string {
	for key := range strings.SplitSeq(keys, ".") {
		members, _ := tree.(map[string]any)
		tree = members[key]
	}
	return WordOf(tree)
}

// Reply is a response with a token, as the vendor would give it, for tests.
func (t *TokenAuth) Reply(token string) any {
	var tree any = token
	for _, key := range slices.Backward(strings.Split(t.Token, ".")) {
		tree = map[string]any{key: tree}
	}
	return tree
}

func (t *TokenAuth) templates() []*Template {
	all := []*Template{&t.Request.Path}
	for _, tree := range t.Request.Trees() {
		all = append(all, tree.Templates()...)
	}
	if t.Basic != nil {
		all = append(all, &t.Basic.Username, &t.Basic.Password)
	}
	return all
}
