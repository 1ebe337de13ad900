package api

import (
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
)

func newDocument(version string) *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "anysms", Version: version,
			Description: "Sends SMS through several vendors and says what became of each message.",
			License:     &huma.License{Name: "Apache License 2.0", Identifier: "Apache-2.0"},
		},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"key": {Type: "http", Scheme: "bearer", Description: "A key of the configuration. A gateway without keys serves its own machine only."},
			},
		},
		Security: []map[string][]string{{"key": {}}, {}},
		Tags: []*huma.Tag{
			{Name: "messages"}, {Name: "verifications"}, {Name: "events"}, {Name: "providers"}, {Name: "opt-outs"}, {Name: "texts"},
		},
	}
}

// describe adds an operation to the document.
func describe(d *huma.OpenAPI, op operation, in, out reflect.Type) {
	o := &huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Tags: []string{op.tag},
		Summary: op.summary, Description: strings.TrimSpace(op.description + "\n\nScope: " + op.scope),
		Parameters: op.params, Responses: make(map[string]*huma.Response),
	}
	if in != reflect.TypeFor[none]() {
		o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: d.Components.Schemas.Schema(in, true, op.id+"Request")},
		}}
	}
	for status, meaning := range op.responses {
		r := &huma.Response{Description: meaning}
		if out != reflect.TypeFor[none]() {
			r.Content = map[string]*huma.MediaType{"application/json": {Schema: d.Components.Schemas.Schema(out, true, op.id+"Response")}}
		}
		o.Responses[strconv.Itoa(status)] = r
	}
	o.Responses["default"] = &huma.Response{
		Description: "An error",
		Content: map[string]*huma.MediaType{
			problem.ContentType: {Schema: d.Components.Schemas.Schema(reflect.TypeFor[problem.Problem](), true, "Problem")},
		},
	}
	d.AddOperation(o)
}

func pathParam(name, description string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
}

func queryParam(name, description string) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
}

func enumParam(name, description string, words []string) *huma.Param {
	p := queryParam(name, description)
	for _, w := range words {
		p.Schema.Enum = append(p.Schema.Enum, w)
	}
	return p
}

func intParam(name, description string, least, most float64) *huma.Param {
	p := queryParam(name, description)
	p.Schema = &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Maximum: &most}
	return p
}

// unescape reads a pair of a query.
func unescape(pair string) (name, value string, err error) {
	name, value, _ = strings.Cut(pair, "=")
	if name, err = url.QueryUnescape(name); err != nil {
		return "query", "", err
	}
	value, err = url.QueryUnescape(value)
	return name, value, err
}

// ok is the usual meaning of 200.
func ok(meaning string) map[int]string { return map[int]string{http.StatusOK: meaning} }

// allowNull makes null a value of the members that are pointers to structs and are not
// left out when they are nil: huma's schemas allow it for plain values only.
func allowNull(schemas huma.Registry) {
	for name, s := range schemas.Map() {
		t := schemas.TypeFromRef("#/components/schemas/" + name)
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for f := range t.Fields() {
			member, omit, _ := strings.Cut(f.Tag.Get("json"), ",")
			p := s.Properties[member]
			if f.Type.Kind() == reflect.Pointer && omit == "" && p != nil && p.Ref != "" {
				s.Properties[member] = &huma.Schema{
					OneOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}, Description: f.Tag.Get("doc"),
				}
			}
		}
	}
}
