package rest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/anysms/anysms/drivers/rest/internal/request"
)

//go:embed schema.json
var schemaJSON []byte

const schemaURL = "recipe.schema.json"

// Schema returns the JSON Schema (draft 2020-12) of recipes, for editors.
func Schema() []byte { return slices.Clone(schemaJSON) }

// validate validates a recipe against the schema.
func validate(root *yaml.Node) []Problem {
	count := 0
	instance, problem := plain(root, 0, &count)
	if problem != nil {
		return []Problem{problemOf(problem)}
	}
	schema, err := compiledSchema()
	if err != nil {
		return []Problem{{Reason: err.Error()}}
	}
	err = schema.Validate(instance)
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return []Problem{{Reason: err.Error()}}
	}
	printer := message.NewPrinter(language.English)
	var problems []Problem
	for _, leaf := range leaves(invalid) {
		problems = append(problems, schemaProblem(root, leaf, printer)...)
	}
	return problems
}

// compiledSchema compiles the schema once, when it is first needed: it takes
// several times as long as reading a recipe.
var compiledSchema = sync.OnceValues(compileSchema)

func compileSchema() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaJSON))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, err
	}
	return c.Compile(schemaURL)
}

// leaves returns the errors without causes. If no alternative fits, one that got
// further than the node itself is the one that was meant; without one the error
// is about all of them.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		best := slices.MaxFunc(e.Causes, func(a, b *jsonschema.ValidationError) int { return reach(a) - reach(b) })
		if reach(best) > len(e.InstanceLocation)*2 {
			return leaves(best)
		}
		return []*jsonschema.ValidationError{e}
	}
	var all []*jsonschema.ValidationError
	for _, cause := range e.Causes {
		all = append(all, leaves(cause)...)
	}
	return all
}

// reach is how far into the instance an alternative got; one of the wrong type
// did not get far.
func reach(e *jsonschema.ValidationError) int {
	if len(e.Causes) == 0 {
		if _, wrongType := e.ErrorKind.(*kind.Type); wrongType {
			return len(e.InstanceLocation)*2 - 1
		}
		return len(e.InstanceLocation) * 2
	}
	furthest := 0
	for _, cause := range e.Causes {
		furthest = max(furthest, reach(cause))
	}
	return furthest
}

// schemaProblem converts an error to problems with positions in the file.
func schemaProblem(root *yaml.Node, e *jsonschema.ValidationError, printer *message.Printer) []Problem {
	node, field := locate(root, e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		var problems []Problem
		for _, name := range k.Properties {
			key, _ := entry(node, name)
			at := node
			if key != nil {
				at = key
			}
			problems = append(problems, Problem{Line: at.Line, Column: at.Column, Field: joinField(field, name), Reason: "unknown key" + knownKeys(e.SchemaURL)})
		}
		return problems
	case *kind.Required:
		if len(e.InstanceLocation) == 0 {
			return []Problem{{Reason: "needs " + strings.Join(k.Missing, ", ")}}
		}
		return []Problem{{Line: node.Line, Column: node.Column, Field: field, Reason: "needs " + strings.Join(k.Missing, ", ")}}
	case *kind.OneOf:
		return []Problem{{Line: node.Line, Column: node.Column, Field: field, Reason: "needs exactly one of " + alternatives(e.SchemaURL, "oneOf")}}
	case *kind.AnyOf:
		return []Problem{{Line: node.Line, Column: node.Column, Field: field, Reason: "needs one of " + alternatives(e.SchemaURL, "anyOf")}}
	}
	return []Problem{{Line: node.Line, Column: node.Column, Field: field, Reason: e.ErrorKind.LocalizedString(printer)}}
}

// knownKeys lists the properties of the schema that an error came from.
func knownKeys(at string) string {
	schema := subschema(at)
	properties, _ := schema["properties"].(map[string]any)
	if len(properties) == 0 {
		return ""
	}
	var names []string
	for name := range properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return "; want one of " + strings.Join(names, ", ")
}

// alternatives describes the alternatives of a schema.
func alternatives(at, keyword string) string {
	list, _ := subschema(at)[keyword].([]any)
	var all []string
	for _, one := range list {
		schema, _ := one.(map[string]any)
		if ref, ok := schema["$ref"].(string); ok {
			schema = subschema(ref)
		}
		all = append(all, describe(schema))
	}
	return strings.Join(all, ", ")
}

// describe says in a few words what fits a schema.
func describe(schema map[string]any) string {
	words := func(key string) []string {
		list, _ := schema[key].([]any)
		all := make([]string, len(list))
		for i, v := range list {
			all[i] = fmt.Sprint(v)
		}
		return all
	}
	keys, kind := words("required"), schema["type"]
	switch {
	case schema["enum"] != nil:
		return strings.Join(words("enum"), ", ")
	case kind == nil:
		return strings.Join(keys, " with ")
	case kind == "array":
		return "a list"
	case kind == "object" && len(keys) > 0:
		return "{" + strings.Join(keys, ", ") + "}"
	case kind == "object":
		return "a map"
	}
	return fmt.Sprint("a ", kind)
}

// subschema follows the JSON pointer in a schema's URL.
func subschema(at string) map[string]any {
	var schema any
	if json.Unmarshal(schemaJSON, &schema) != nil {
		return nil
	}
	_, pointer, _ := strings.Cut(at, "#")
	for word := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if word == "" {
			continue
		}
		switch s := schema.(type) {
		case map[string]any:
			schema = s[strings.NewReplacer("~1", "/", "~0", "~").Replace(word)]
		case []any:
			i, err := strconv.Atoi(word)
			if err != nil || i >= len(s) {
				return nil
			}
			schema = s[i]
		}
	}
	found, _ := schema.(map[string]any)
	return found
}

// locate finds the node at an instance location, or the last one on the way,
// and the name of the field.
func locate(n *yaml.Node, location []string) (*yaml.Node, string) {
	field := ""
	for _, word := range location {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		switch n.Kind {
		case yaml.MappingNode:
			_, value := entry(n, word)
			if value == nil {
				return n, field
			}
			n, field = value, joinField(field, word)
		case yaml.SequenceNode:
			i, err := strconv.Atoi(word)
			if err != nil || i >= len(n.Content) {
				return n, field
			}
			n, field = n.Content[i], field+"["+word+"]"
		}
	}
	return n, field
}

func entry(n *yaml.Node, name string) (key, value *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// plain converts YAML to JSON values. An unquoted date is the string that was
// written; merge keys and keys that are not scalars are refused.
func plain(n *yaml.Node, depth int, count *int) (any, *request.Fault) {
	*count++
	if depth > request.MaxDepth || *count > maxNodes {
		return nil, request.FaultAt(n, "is nested too deeply or too large")
	}
	switch n.Kind {
	case yaml.AliasNode:
		return plain(n.Alias, depth+1, count)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, problem := plain(c, depth+1, count)
			if problem != nil {
				return nil, problem
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		return plainMap(n, depth, count)
	}
	return request.PlainScalar(n)
}

func plainMap(n *yaml.Node, depth int, count *int) (any, *request.Fault) {
	all := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return nil, request.FaultAt(key, "want a plain key")
		}
		if _, twice := all[key.Value]; twice {
			return nil, request.FaultAt(key, "duplicate key %q", key.Value)
		}
		v, problem := plain(n.Content[i+1], depth+1, count)
		if problem != nil {
			return nil, problem
		}
		all[key.Value] = v
	}
	return all, nil
}
