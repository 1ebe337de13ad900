package rest

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/redact"
)

// buildSend builds a request that sends messages. net/http repeats requests
// with any method except POST and PATCH when a reused connection drops, so they
// get a connection of their own.
func (p *Provider) buildSend(r *request.Request, s request.Scope, each []request.Scope) (httpcall.Request, error) {
	req, err := r.Build(&p.recipe.api.Auth, s, each)
	req.Fresh = r.HTTPMethod() != http.MethodPost
	return req, err
}

// private lists what the request has of messages, which the vendor may repeat in its
// errors: their texts and numbers, also in the forms that the recipe writes.
func private(ms []*provider.Message, each []request.Scope) []string {
	all := redact.Private(ms...)
	for _, s := range each {
		for _, name := range []string{"to", "text", "typed"} {
			if written, ok := s.Values[name].(string); ok {
				all = append(all, written)
			}
		}
	}
	return all
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
	req.Private = private(nil, []request.Scope{s})
	a, err := p.do(ctx, c, req)
	if err != nil {
		return nil, err
	}
	return a, p.judge(c, a)
}

// rawOf returns a part of a callback as JSON, without secrets.
func (p *Provider) rawOf(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return json.RawMessage(p.secrets.Hide(string(b)))
}
