package gateway_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// generator makes requests from the OpenAPI document: mostly of the right form.
type generator struct{ *rand.Rand }

func (g generator) one(list ...any) any { return list[g.IntN(len(list))] }

// strings that found faults somewhere before, and plain ones.
func (g generator) text() any {
	return g.one("+306900000001", "+306900000002", "Hello", "", "Γεια 👋", "\x00", "\ufeff", strings.Repeat("x", 1600), "{code}", "10m", "-1h",
		"2099-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "../..", "%2e", "' OR 1=1 --", "<script>", "\u202e", "tr", "999999999h")
}

func (g generator) any() any {
	return g.one(nil, true, 0, -1, 1e300, 4, "", g.text(), []any{}, []any{nil}, map[string]any{}, map[string]any{"to": []any{1}})
}

func (g generator) value(s *openapi3.Schema) any {
	if s == nil || g.IntN(8) == 0 {
		return g.any()
	}
	switch {
	case len(s.Enum) > 0 && g.IntN(4) > 0:
		return g.one(s.Enum...)
	case s.Type.Includes("object"):
		object := map[string]any{}
		for name, p := range s.Properties {
			if slices.Contains(s.Required, name) && g.IntN(10) > 0 || g.IntN(3) == 0 {
				object[name] = g.value(p.Value)
			}
		}
		if g.IntN(10) == 0 {
			object["unknown/~"] = g.any()
		}
		return object
	case s.Type.Includes("array"):
		list := []any{}
		for range g.IntN(5) {
			list = append(list, g.value(s.Items.Value))
		}
		return list
	case s.Type.Includes("integer"):
		return g.IntN(12)
	case s.Type.Includes("boolean"):
		return g.IntN(2) == 0
	}
	return g.text()
}

func (g generator) path(path string, op *openapi3.Operation) string {
	var query []string
	for _, p := range op.Parameters {
		value := fmt.Sprint(g.one(g.text(), "athens", "1", "500", "1s", "accepted"))
		switch {
		case p.Value.In == "path":
			if value == "" || strings.Trim(value, "./") == "" {
				value = "x" // which would be another path
			}
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", escape(value))
		case p.Value.In == "query" && g.IntN(3) == 0 && p.Value.Name != "wait":
			query = append(query, p.Value.Name+"="+escape(value))
		}
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	return path
}

// escape percent-encodes every byte.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

// TestRandomRequests makes random requests of every operation: none is answered with a
// fault of the gateway, and all responses are as the document says.
func TestRandomRequests(t *testing.T) {
	rounds := 25
	if os.Getenv("ANYSMS_LONG") != "" {
		rounds = 5000
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	l := open(t, "{}")
	counts := make(map[int]int)
	for range rounds {
		for path, item := range l.checks.document.Paths.Map() {
			for method, op := range item.Operations() {
				if op.OperationID == "streamEvents" || op.OperationID == "overrideProvider" {
					continue // endless; and what would leave no provider
				}
				body := ""
				if op.RequestBody != nil {
					raw, err := json.Marshal(g.value(op.RequestBody.Value.Content["application/json"].Schema.Value))
					require.NoError(t, err)
					body = string(raw)
				}
				a := l.call("", method, g.path(path, op), body)
				assert.Less(t, a.status, 500, "%s %s %s: %s", method, path, body, a.body)
				counts[a.status]++
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Log(counts)
	assert.NotZero(t, counts[202]+counts[207]+counts[201])
	assert.NotZero(t, counts[400])
}

// Empty words are the defaults, and the document says so.
func TestEmptyIsTheDefault(t *testing.T) {
	l := open(t, "{}")
	a := l.call("", "POST", "/v1/messages", `{"to":"+306900000001","text":"Hello","class":"","delivery":""}`)
	assert.Equal(t, 202, a.status, string(a.body))
	a = l.call("", "POST", "/v1/optouts", `[{"number":"+306900000002","scope":"","source":""}]`)
	assert.Equal(t, 200, a.status, string(a.body))
	a = l.call("", "PUT", "/v1/optouts/+306900000003", `{"scope":"","source":""}`)
	assert.Equal(t, 200, a.status, string(a.body))
}
