//go:build references

package gateway_test

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance/golden"
)

// docs/openapi.json is the document that the gateway serves, and docs/api.md says the
// same for people; .ci/references.sh writes both.
func TestReference(t *testing.T) {
	l := open(t, "{}")
	resp, err := l.client.Get(l.url + "/openapi.json")
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	golden.Check(t, "../../../../docs/openapi.json", string(raw))
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	require.NoError(t, err)
	golden.Check(t, "../../../../docs/api.md", reference{doc}.page())
}

// reference writes an OpenAPI document as a page of Markdown.
type reference struct{ doc *openapi3.T }

const referenceHead = `# The gateway's API

Every call of ` + "`anysms serve`, made from its [OpenAPI document](openapi.json), which it serves at `/openapi.json`" + `.
[gateway.md](gateway.md) explains them.

Requests and responses are JSON. A key goes into ` + "`Authorization: Bearer KEY`" + `; the scope that it needs stands with the
call. A status that is not listed is an error, in the form of a [Problem](#problem).
`

// entry is a call of the document.
type entry struct {
	path, method string
	op           *openapi3.Operation
}

func (r reference) page() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	for _, tag := range r.doc.Tags {
		entries := r.entries(tag.Name)
		fmt.Fprintf(&b, "\n## %s\n", tag.Name)
		for _, e := range entries {
			r.call(&b, e)
		}
	}
	b.WriteString("\n## Types\n\nMembers marked with \\* are always there, or are required in a request.\n")
	for _, name := range sortedKeys(r.doc.Components.Schemas) {
		r.schema(&b, name, r.doc.Components.Schemas[name].Value)
	}
	return b.String()
}

// entries are the calls of a tag, by path and method.
func (r reference) entries(tag string) (list []entry) {
	for path, item := range r.doc.Paths.Map() {
		for method, op := range item.Operations() {
			if slices.Contains(op.Tags, tag) {
				list = append(list, entry{path, method, op})
			}
		}
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method)) })
	return list
}

func (r reference) call(b *strings.Builder, e entry) {
	fmt.Fprintf(b, "\n### %s %s\n\n%s.\n\n%s\n", e.method, e.path, strings.TrimSuffix(e.op.Summary, "."), e.op.Description)
	if len(e.op.Parameters) > 0 {
		b.WriteString("\n| parameter | in | |\n|---|---|---|\n")
		for _, p := range e.op.Parameters {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", p.Value.Name, p.Value.In, cell(p.Value.Description, p.Value.Schema.Value))
		}
	}
	if e.op.RequestBody != nil {
		fmt.Fprintf(b, "\nRequest: %s.\n", r.content(e.op.RequestBody.Value.Content))
	}
	b.WriteString("\n| status | body | |\n|---|---|---|\n")
	for _, status := range sortedKeys(e.op.Responses.Map()) {
		response := e.op.Responses.Map()[status].Value
		if status != "default" {
			fmt.Fprintf(b, "| %s | %s | %s |\n", status, r.content(response.Content), line(*response.Description))
		}
	}
}

func (r reference) content(c openapi3.Content) string {
	if len(c) == 0 {
		return "–"
	}
	var list []string
	for _, kind := range sortedKeys(c) {
		text := kind
		if c[kind].Schema != nil {
			text = typeOf(c[kind].Schema)
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

func (r reference) schema(b *strings.Builder, name string, s *openapi3.Schema) {
	fmt.Fprintf(b, "\n### %s\n", name)
	if s.Description != "" {
		fmt.Fprintf(b, "\n%s\n", s.Description)
	}
	if len(s.Properties) == 0 {
		return
	}
	b.WriteString("\n| member | type | |\n|---|---|---|\n")
	for _, member := range sortedKeys(s.Properties) {
		p := s.Properties[member]
		mark := ""
		if slices.Contains(s.Required, member) {
			mark = " \\*"
		}
		fmt.Fprintf(b, "| `%s`%s | %s | %s |\n", member, mark, typeOf(p), cell(p.Value.Description, p.Value))
	}
}

// typeOf is the type of a value, with a link if it is described on the page.
func typeOf(s *openapi3.SchemaRef) string {
	if name, found := strings.CutPrefix(s.Ref, "#/components/schemas/"); found {
		return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
	}
	v := s.Value
	switch {
	case len(v.OneOf) > 0:
		var list []string
		for _, one := range v.OneOf {
			list = append(list, typeOf(one))
		}
		return strings.Join(list, " or ")
	case v.Type.Includes("array") && v.Items != nil:
		return "array of " + typeOf(v.Items)
	case v.AdditionalProperties.Schema != nil:
		return "object of " + typeOf(v.AdditionalProperties.Schema)
	case v.Type == nil:
		return "any"
	}
	text := strings.Join(v.Type.Slice(), " or ")
	if v.Format != "" {
		text += " (" + v.Format + ")"
	}
	return text
}

// cell is a description with what a value is limited to.
func cell(description string, s *openapi3.Schema) string {
	parts := []string{line(description)}
	if len(s.Enum) > 0 || s.Min != nil && s.Max != nil {
		parts[0] = strings.TrimSuffix(parts[0], ".") + "."
	}
	if len(s.Enum) > 0 {
		var words []string
		for _, word := range s.Enum {
			if word != "" { // the default
				words = append(words, fmt.Sprintf("`%v`", word))
			}
		}
		parts = append(parts, "One of "+strings.Join(words, ", ")+".")
	}
	if s.Min != nil && s.Max != nil {
		parts = append(parts, fmt.Sprintf("From %v to %v.", *s.Min, *s.Max))
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

func line(s string) string { return strings.NewReplacer("\n", " ", "|", `\|`).Replace(s) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
