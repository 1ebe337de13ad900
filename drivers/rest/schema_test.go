package rest

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/drivers/rest/internal/request"
)

// The schema and the Go types are two lists of the same keys.
func TestSchemaAndTypesHaveTheSameKeys(t *testing.T) {
	var schema map[string]any
	require.NoError(t, json.Unmarshal(Schema(), &schema))
	defs := schema["$defs"].(map[string]any)
	at := func(path ...string) map[string]any {
		node := schema
		for _, key := range path {
			node = node[key].(map[string]any)
		}
		return node
	}
	def := func(name string) map[string]any { return defs[name].(map[string]any) }
	for name, c := range map[string]struct {
		schema map[string]any
		typ    reflect.Type
		extra  []string // of the schema alone, or of the type alone
	}{
		"recipe":      {schema, reflect.TypeFor[recipeFile](), []string{"$schema"}},
		"setting":     {def("setting"), reflect.TypeFor[settingFile](), nil},
		"request":     {def("request"), reflect.TypeFor[request.Request](), nil},
		"call":        {def("call"), reflect.TypeFor[call](), nil},
		"errors":      {def("errors"), reflect.TypeFor[errorTable](), nil},
		"table":       {def("codes"), reflect.TypeFor[tableFile](), nil},
		"code row":    {def("code_row"), reflect.TypeFor[codeRow](), []string{"status", "final"}},
		"report row":  {def("report_row"), reflect.TypeFor[codeRow](), []string{"http"}},
		"status row":  {def("status_row"), reflect.TypeFor[statusRow](), nil},
		"source":      {at("properties", "sources", "additionalProperties"), reflect.TypeFor[sourceFile](), nil},
		"condition":   {def("condition"), reflect.TypeFor[condition](), nil},
		"price":       {def("price"), reflect.TypeFor[price](), nil},
		"receipt":     {def("receipt"), reflect.TypeFor[receiptSpec](), nil},
		"report":      {def("report"), reflect.TypeFor[eventSpec](), nil},
		"verify":      {def("verify"), reflect.TypeFor[verification](), nil},
		"fixture":     {def("fixture"), reflect.TypeFor[fixture.Fixture](), nil},
		"auth":        {at("properties", "auth"), reflect.TypeFor[request.Auth](), nil},
		"write":       {at("properties", "write"), reflect.TypeFor[writing](), nil},
		"idempotency": {at("properties", "idempotency"), reflect.TypeFor[idempotency](), nil},
		"send":        {at("properties", "send"), reflect.TypeFor[sendCall](), nil},
		"batch":       {at("properties", "batch"), reflect.TypeFor[batchCall](), nil},
		"status":      {at("properties", "status"), reflect.TypeFor[statusCall](), nil},
		"find":        {at("properties", "find"), reflect.TypeFor[findCall](), nil},
		"callbacks":   {at("properties", "callbacks"), reflect.TypeFor[callbackSpec](), nil},
		"inbox":       {at("properties", "inbox"), reflect.TypeFor[inboxCall](), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var inSchema []string
			for key := range c.schema["properties"].(map[string]any) {
				if !slices.Contains(c.extra, key) {
					inSchema = append(inSchema, key)
				}
			}
			inType := slices.DeleteFunc(yamlKeys(c.typ), func(key string) bool { return slices.Contains(c.extra, key) })
			assert.ElementsMatch(t, inSchema, inType)
		})
	}
}

func yamlKeys(t reflect.Type) []string {
	var keys []string
	for f := range t.Fields() {
		name, rest, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case rest == "inline":
			keys = append(keys, yamlKeys(f.Type)...)
		case name != "" && name != "-":
			keys = append(keys, name)
		}
	}
	return keys
}
