package request

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

var (
	errBadHeader = errors.New("a value contains a control character, which a header cannot have")
	errBadPath   = errors.New("a value cannot be part of the path")
)

// Request is an HTTP request with values to fill in.
type Request struct {
	Method   string   `yaml:"method"`
	Path     Template `yaml:"path"`
	Query    *Tree    `yaml:"query"`
	Headers  *Tree    `yaml:"headers"`
	Form     *Tree    `yaml:"form"`
	JSON     *Tree    `yaml:"json"`
	XML      *Tree    `yaml:"xml"`
	Position Position `yaml:"-"`
}

// UnmarshalYAML reads the request and keeps its position.
func (r *Request) UnmarshalYAML(n *yaml.Node) error {
	type plain Request
	if err := n.Decode((*plain)(r)); err != nil {
		return err
	}
	r.Position = At(n)
	return nil
}

// HTTPMethod is the method, POST by default.
func (r *Request) HTTPMethod() string {
	if r.Method == "" {
		return http.MethodPost
	}
	return r.Method
}

// Trees lists the parts that values are placed into; those that the request does
// not have are nil.
func (r *Request) Trees() []*Tree { return []*Tree{r.Query, r.Headers, r.Form, r.JSON, r.XML} }

// Names lists the values that the request uses.
func (r *Request) Names() []string {
	names := r.Path.Names()
	for _, tree := range r.Trees() {
		for _, t := range tree.Templates() {
			names = append(names, t.Names()...)
		}
	}
	return names
}

// Shared lists the values that the messages of a batch share: those outside of
// $each.
func (r *Request) Shared() []string {
	names := r.Path.Names()
	for _, tree := range r.Trees() {
		for _, t := range tree.Shared() {
			names = append(names, t.Names()...)
		}
	}
	return names
}

// Build fills the request and adds the credentials. Each has the values of the
// messages of a batch.
func (r *Request) Build(a *Auth, s Scope, each []Scope) (httpcall.Request, error) {
	req, err := r.body(a, s, each)
	if err != nil {
		return req, err
	}
	req.Method = r.HTTPMethod()
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
		filled, _ := r.Query.Fill(s, each)
		req.Query = FormValues(filled)
	}
	a.apply(&req, s)
	req.Sign = a.Sign(req.Body, s)
	if a.Body != nil && req.Body == nil {
		maps.Copy(req.Query, FormValues(a.inside(nil, s)))
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

// path fills the path. A value stays within its segment.
func (r *Request) path(s Scope) (string, error) {
	filled, ok := r.Path.Text(s, url.PathEscape)
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

// body makes the body, with the credentials in it where the vendor wants them
// there.
func (r *Request) body(a *Auth, s Scope, each []Scope) (httpcall.Request, error) {
	switch {
	case r.Form != nil:
		filled, _ := r.Form.Fill(s, each)
		return httpcall.Form("", "", FormValues(a.inside(filled, s))), nil
	case r.JSON != nil:
		filled, ok := r.JSON.Fill(s, each)
		if !ok {
			filled = Object{}
		}
		return httpcall.JSON("", "", a.inside(filled, s))
	case r.XML != nil:
		filled, _ := r.XML.Fill(s, each)
		body, err := xmlBody(filled)
		if err != nil {
			return httpcall.Request{}, &provider.Error{Code: provider.Unsupported, Err: err}
		}
		return httpcall.Request{Header: http.Header{"Content-Type": {"application/xml; charset=utf-8"}}, Body: body}, nil
	}
	return httpcall.Request{}, nil
}
