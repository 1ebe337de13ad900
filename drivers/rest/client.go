package rest

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

var (
	errBadHeader = errors.New("a value holds a control character that no header can carry")
	errBadPath   = errors.New("a value cannot stand in the address")
)

// buildSend fills a request that sends messages. net/http repeats requests by
// any method but POST and PATCH when a reused connection drops, so that such a
// one gets a connection of its own.
func (p *Provider) buildSend(r *request, s scope, each []scope) (httpcall.Request, error) {
	req, err := p.build(r, s, each)
	req.Fresh = r.method() != http.MethodPost
	return req, err
}

// build fills a request. Each is what stands for the messages of a batch.
func (p *Provider) build(r *request, s scope, each []scope) (httpcall.Request, error) {
	req, err := r.body(s, each, &p.recipe.Auth)
	if err != nil {
		return req, err
	}
	req.Method = r.method()
	if req.Path, err = r.path(s); err != nil {
		return req, err
	}
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	if r.Headers != nil {
		addHeaders(req.Header, r.Headers, s)
	}
	req.Query = make(url.Values)
	if r.Query != nil {
		filled, _ := r.Query.fill(s, each)
		req.Query = formValues(filled)
	}
	p.recipe.Auth.apply(&req, s)
	if p.recipe.Auth.Body != nil && req.Body == nil {
		maps.Copy(req.Query, formValues(p.recipe.Auth.inside(nil, s)))
	}
	for _, list := range req.Header {
		for _, value := range list {
			if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
				return req, &provider.Error{Code: provider.Unsupported, Err: errBadHeader}
			}
		}
	}
	return req, nil
}

func (r *request) method() string {
	if r.Method == "" {
		return http.MethodPost
	}
	return r.Method
}

// path fills the path; no value can leave its place in it.
func (r *request) path(s scope) (string, error) {
	filled, ok := r.Path.text(s, url.PathEscape)
	if !ok {
		return "", &provider.Error{Code: provider.Unsupported, Err: errBadPath}
	}
	for segment := range strings.SplitSeq(filled, "/") {
		if segment == "." || segment == ".." {
			return "", &provider.Error{Code: provider.Unsupported, Err: errBadPath}
		}
	}
	return filled, nil
}

// body makes the body, with the credentials in it where the vendor wants so.
func (r *request) body(s scope, each []scope, a *auth) (httpcall.Request, error) {
	switch {
	case r.Form != nil:
		filled, _ := r.Form.fill(s, each)
		return httpcall.Form("", "", formValues(a.inside(filled, s))), nil
	case r.JSON != nil:
		filled, ok := r.JSON.fill(s, each)
		if !ok {
			filled = object{}
		}
		return httpcall.JSON("", "", a.inside(filled, s))
	case r.XML != nil:
		filled, _ := r.XML.fill(s, each)
		body, err := xmlBody(filled)
		if err != nil {
			return httpcall.Request{}, &provider.Error{Code: provider.Unsupported, Err: err}
		}
		return httpcall.Request{Header: http.Header{"Content-Type": {"application/xml; charset=utf-8"}}, Body: body}, nil
	}
	return httpcall.Request{}, nil
}

// inside adds credentials to a filled body that is a map.
func (a *auth) inside(filled any, s scope) any {
	if a.Body == nil {
		return filled
	}
	members, isMap := filled.(object)
	if !isMap && filled != nil {
		return filled
	}
	own, _ := a.Body.fill(s, nil)
	more, _ := own.(object)
	return append(slices.Clip(members), more...)
}

// answer is a vendor's answer, read as far as it could be.
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

// judge is nil for an answer that is an acceptance, else the error it stands
// for.
func (p *Provider) judge(c *call, a *answer) error {
	if a.err != nil {
		if c.Success.statusHolds(a.Status) {
			return a.Doubt(a.err)
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
	return &p.recipe.Errors
}

// ask makes a request that is not a send and judges its answer.
func (p *Provider) ask(ctx context.Context, c *call, s scope) (*answer, error) {
	req, err := p.build(&c.Request, s, nil)
	if err != nil {
		return nil, err
	}
	a, err := p.do(ctx, c, req)
	if err != nil {
		return nil, err
	}
	return a, p.judge(c, a)
}

// rawOf is a part of an answer as JSON, without secrets.
func (p *Provider) rawOf(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return json.RawMessage(p.redact.Replace(string(b)))
}

// redactor replaces secrets in what was parsed already; package httpcall does it for
// whole answers.
func redactor(secrets []provider.Secret) *strings.Replacer {
	var pairs []string
	for _, s := range secrets {
		const shortest = 4 // a shorter one would tear holes into ordinary words
		if len(s.Reveal()) >= shortest {
			pairs = append(pairs, s.Reveal(), "[redacted]")
		}
	}
	return strings.NewReplacer(pairs...)
}
