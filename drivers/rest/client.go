package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// buildSend builds a request that sends messages. net/http repeats requests
// with any method except POST and PATCH when a reused connection drops, so they
// get a connection of their own.
func (p *Provider) buildSend(r *request.Request, s request.Scope, each []request.Scope) (httpcall.Request, error) {
	req, err := r.Build(&p.recipe.api.Auth, s, each)
	req.Fresh = r.HTTPMethod() != http.MethodPost
	return req, err
}

// answer is a vendor's response, decoded as far as possible.
type answer struct {
	*httpcall.Response
	tree any
	err  error // why there is no tree
}

// do makes the request, once. The error is that of package httpcall.
func (p *Provider) do(ctx context.Context, c *call, req httpcall.Request) (*answer, error) {
	req.Tokens = p.tokens
	resp, err := p.client.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	a := &answer{Response: resp}
	a.tree, a.err = c.Reply.read(resp)
	return a, nil
}

// judge returns nil for a response that is an acceptance, else its error.
func (p *Provider) judge(c *call, a *answer) error {
	if a.err != nil {
		if c.Success.statusHolds(a.Status) {
			return a.Indeterminate(a.err)
		}
		return p.errorsOf(c).byStatus(a.Response)
	}
	if c.Success.holds(a.Status, a.tree) {
		return nil
	}
	return p.errorsOf(c).failure(a.Response, a.tree)
}

func (p *Provider) errorsOf(c *call) *errorTable {
	if c.Errors != nil {
		return c.Errors
	}
	return &p.recipe.api.Errors
}

// ask makes a request that is not a send and checks its response.
func (p *Provider) ask(ctx context.Context, c *call, s request.Scope) (*answer, error) {
	req, err := c.Request.Build(&p.recipe.api.Auth, s, nil)
	if err != nil {
		return nil, err
	}
	a, err := p.do(ctx, c, req)
	if err != nil {
		return nil, err
	}
	return a, p.judge(c, a)
}

// rawOf returns a part of a response as JSON, without secrets.
func (p *Provider) rawOf(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return json.RawMessage(p.redact.Replace(string(b)))
}

// redactor removes secrets from parsed data; package httpcall does it for whole
// responses.
func redactor(secrets []provider.Secret) *strings.Replacer {
	var pairs []string
	for _, s := range secrets {
		const shortest = 4 // a shorter one would also match parts of ordinary words
		if len(s.Reveal()) >= shortest {
			pairs = append(pairs, s.Reveal(), "[redacted]")
		}
	}
	return strings.NewReplacer(pairs...)
}
