package rest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest"
)

// oracle reads a recipe's success predicate for itself, as plain maps, so that it
// shares no code with the engine.
type oracle struct {
	status []int
	where  []map[string]any
	json   bool // else the oracle cannot read the responses
}

func oracleOf(t testing.TB, r *rest.Recipe) oracle {
	var file struct {
		Send struct {
			Reply   any `yaml:"reply"`
			Success struct {
				Status []int            `yaml:"status"`
				Where  []map[string]any `yaml:"where"`
			} `yaml:"success"`
		} `yaml:"send"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(r.Source()), &file))
	s := file.Send.Success
	return oracle{status: s.Status, where: s.Where, json: file.Send.Reply == nil || file.Send.Reply == "json"}
}

// accepts reports whether a response may be an acceptance.
func (o oracle) accepts(status int, body []byte) bool {
	if len(o.status) > 0 && !slices.Contains(o.status, status) || len(o.status) == 0 && status/100 != 2 {
		return false
	}
	if !o.json {
		return true
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var tree any
	if decoder.Decode(&tree) != nil {
		return false
	}
	return !slices.ContainsFunc(o.where, func(c map[string]any) bool { return !holds(c, tree) })
}

func holds(c map[string]any, tree any) bool {
	at, every := c["path"], false
	if c["all"] != nil {
		at, every = c["all"], true
	}
	if c["any"] != nil {
		at = c["any"]
	}
	var found []any
	for _, one := range list(at) {
		if found = walk(tree, steps(fmt.Sprint(one))); len(found) > 0 {
			break
		}
	}
	good := func(v any) bool { return fits(c, v) }
	switch {
	case len(found) == 0:
		return c["path"] != nil && (c["empty"] == true || c["is_not"] != nil)
	case every:
		return !slices.ContainsFunc(found, func(v any) bool { return !good(v) })
	case c["any"] != nil:
		return slices.ContainsFunc(found, good)
	}
	return good(found[0])
}

func fits(c map[string]any, v any) bool {
	if empty, asked := c["empty"].(bool); asked {
		nothing := v == nil || strings.TrimSpace(fmt.Sprint(v)) == ""
		switch v := v.(type) {
		case []any:
			nothing = len(v) == 0
		case map[string]any:
			nothing = len(v) == 0
		}
		return nothing == empty
	}
	_, isMap := v.(map[string]any)
	_, isList := v.([]any)
	scalar := v != nil && !isMap && !isList
	text := strings.TrimSpace(fmt.Sprint(v))
	switch {
	case c["is_not"] != nil:
		return !scalar || text != fmt.Sprint(c["is_not"])
	case !scalar:
		return false
	case c["is"] != nil:
		return text == fmt.Sprint(c["is"])
	case c["matches"] != nil:
		return regexp.MustCompile(fmt.Sprint(c["matches"])).MatchString(text)
	}
	return slices.ContainsFunc(list(c["one_of"]), func(one any) bool { return fmt.Sprint(one) == text })
}

func list(v any) []any {
	if all, ok := v.([]any); ok {
		return all
	}
	return []any{v}
}

var step = regexp.MustCompile(`[^.\[\]]+`)

// steps splits "a.b[0].c[*]" into its keys and indexes.
func steps(path string) []string { return step.FindAllString(path, -1) }

func walk(v any, path []string) []any {
	if len(path) == 0 {
		return []any{v}
	}
	switch v := v.(type) {
	case map[string]any:
		if child, ok := v[path[0]]; ok {
			return walk(child, path[1:])
		}
	case []any:
		if path[0] == "*" {
			var all []any
			for _, child := range v {
				all = append(all, walk(child, path[1:])...)
			}
			return all
		}
		if i, err := strconv.Atoi(path[0]); err == nil && i < len(v) {
			return walk(v[i], path[1:])
		}
	}
	return nil
}

// The oracle itself can tell acceptances from refusals.
func TestOracle(t *testing.T) {
	r, err := rest.Load("gatewayapi")
	require.NoError(t, err)
	o := oracleOf(t, r)
	assert.True(t, o.accepts(200, []byte(`{"ids":[1],"usage":{"currency":"DKK"}}`)))
	assert.False(t, o.accepts(200, []byte(`{"ids":[1,2],"usage":{"currency":"DKK"}}`)), "two ids")
	assert.False(t, o.accepts(200, []byte(`{"ids":[1],"code":"0x0217","usage":{"currency":"DKK"}}`)))
	assert.False(t, o.accepts(403, []byte(`{"ids":[1],"usage":{"currency":"DKK"}}`)))
}
