package rest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/rest"
)

// small is a recipe that has little and is right.
const small = `recipe: 1
name: acme
title: Acme
sources: {api: {page: "https://acme.example/docs"}}
experimental: true
base_url: https://api.acme.example
settings:
  key: {doc: API key, secret: true}
auth:
  bearer: "{key}"
send:
  request:
    path: /messages
    json: {to: "{to}", text: "{text}"}
  receipt:
    id: id
errors:
  code: error.code
  codes:
    rows: {11: {is: invalid_recipient, says: no such number}}
example: {key: k3yk3yk3y}
fixtures:
  - name: accepted
    message: {to: "+306900000001", text: Hello}
    reply: {status: 200, body: {id: abcdef}}
    receipt: {id: abcdef}
`

func TestParseReportsProblems(t *testing.T) {
	_, err := rest.Parse("acme.yaml", []byte(small))
	require.NoError(t, err)
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", "title: Acme", "titel: Acme", `3:1: titel: unknown key; want one of $schema, auth, balance`},
		{"unknown key deep down", "path: /messages", "pfad: /messages", `13:5: send.request.pfad: unknown key; want one of form, headers, json`},
		{"missing key", "sources: {api: {page: \"https://acme.example/docs\"}}\n", "", `acme.yaml: needs sources`},
		{"wrong type", "sources: {api: {page: \"https://acme.example/docs\"}}", "sources: 7", `4:10: sources: got number, want object`},
		{"no day", `docs"}`, `docs", checked: 2026-02-30}`, `checked: "2026-02-30" is not a day such as 2026-05-01`},
		{"template names nothing", `"{key}"`, `"{kex}"`, `10:11: auth.bearer: unknown name {kex}; want one of key`},
		{"template names nothing in the body", `"{to}"`, `"{two}"`, `14:16: send.request.json.to: unknown name {two}; want one of to, from, text`},
		{"template with an open brace", `"{to}"`, `"{to"`, `is not a name in braces`},
		{"no place for the text", `, text: "{text}"`, "", `no part of the request has {text}`},
		{"bad path", "id: id", `id: "a..b"`, `16:9: send.receipt.id: path "a..b": empty key`},
		{"path with an open bracket", "id: id", `id: "a[0"`, `unterminated bracket`},
		{"path to many", "id: id", `id: "a[*].id"`, `16:9: send.receipt.id: path "a[*].id" may lead to several values`},
		{"bad expression", "id: id", `id: {path: id, pattern: "("}`, `missing closing )`},
		{"expression without group", "id: id", `id: {path: id, pattern: "x"}`, `needs a group`},
		{"unknown code", "invalid_recipient", "bad_number", `errors.codes.rows.11.is: value must be one of 'invalid_recipient', 'invalid_message'`},
		{"unknown code in short", "{is: invalid_recipient, says: no such number}", "bad_number", `errors.codes.rows.11: needs one of invalid_recipient, invalid_message, opted_out`},
		{"a code twice", "rows: {", "rows: {aa: no_route, AA: no_route, ", `errors.codes.rows.AA: duplicate row "AA" (case does not matter)`},
		{"a row that is left out", "  codes:\n", "  codes:\n    left_out: {11: why}\n", `errors.codes.left_out.11: "11" has a row and is left out`},
		{"a source that is none", "says: no such number", "says: no such number, from: leaflet", `errors.codes.rows.11: "leaflet" is not one of the recipe's sources`},
		{"a key twice", "title: Acme", "title: Acme\ntitle: Again", `title`},
		{"reserved setting", "  key: {doc", "  timeout: {doc: x}\n  key: {doc", `8:3: settings.timeout: "timeout" is a setting of every recipe`},
		{"id and no_id", "    id: id", "    id: id\n    no_id: why", `send.receipt: needs exactly one of id, no_id`},
		{"neither id nor no_id", "    id: id", "    segments: n", `send.receipt: needs exactly one of id, no_id`},
		{"a price without currency", "    id: id", "    id: id\n    cost: {amount: p}", `send.receipt.cost: needs one of currency, paid_in`},
		{"another form of reply", "  receipt:\n", "  reply: yaml\n  receipt:\n", `send.reply: needs one of json, xml, {text}`},
		{"plain http", "https://api.acme", "http://api.acme", `base_url: 'http://api.acme.example' does not match pattern`},
		{"text reply and a path into it", "  receipt:\n    id: id", "  reply: {text: '^(?P<code>x)$'}\n  receipt:\n    id: id", `path "id" cannot match: the response is a text with the groups code`},
		{"text reply with a group without name", "  receipt:\n", "  reply: {text: '^(x)$'}\n  receipt:\n", `every group needs a name`},
		{"GET with a body", "path: /messages", "method: GET\n    path: /messages", `a GET has no body`},
		{"condition of a list without all", "  receipt:\n", "  success: {where: [{path: \"m[*].s\", is: 0}]}\n  receipt:\n", `use all or any instead of path`},
		{"all of one value", "  receipt:\n", "  success: {where: [{all: m, is: 0}]}\n  receipt:\n", `all and any need a path with [*]`},
		{"condition without operator", "  receipt:\n", "  success: {where: [{path: m, all: n}]}\n  receipt:\n", `one of is, is_not, one_of, matches, empty`},
		{"claims absence", "errors:\n", "find:\n  request: {method: GET, path: /find, query: {r: \"{ref}\"}}\n  each: list[*]\n  ref: ref\n  receipt: {id: id}\n  settles: 5m\nerrors:\n", `an experimental recipe must not have settles`},
		{"calls doubt certain", "  codes:\n", "  when: [{status: [502], is: unavailable}]\n  codes:\n", `an experimental recipe may not override`},
		{"no settings for fixtures", "example: {key: k3yk3yk3y}\n", "", `example: needs a value for key`},
		{"fixture with a bad number", `+306900000001`, `06900000001`, `fixture "accepted"`},
		{"number that is none in JSON", "id: abcdef}}", "id: 0123}}", `0123 is not a number as JSON writes it`},
		{"not YAML", "title: Acme", "title: [", `did not find expected`},
		{"two documents", "recipe: 1\n", "recipe: 1\n---\nrecipe: 1\n", `more than one document`},
		{"other version", "recipe: 1", "recipe: 2", `1:9: recipe: value must be 1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, small, c.old)
			_, err := rest.Parse("acme.yaml", []byte(strings.Replace(small, c.old, c.new, 1)))
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
			assert.True(t, strings.HasPrefix(err.Error(), "acme.yaml:"), err.Error())
			require.ErrorAs(t, err, new(*rest.LoadError))
		})
	}
}

func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "acme.yaml")
	require.NoError(t, os.WriteFile(file, []byte(small), 0o600))
	r, err := rest.Load(file)
	require.NoError(t, err)
	assert.Equal(t, "acme", r.Name)

	_, err = rest.Load("nobody")
	require.ErrorContains(t, err, `unknown recipe "nobody"; want a file that ends in .yaml or .yml, or one of 46elks, africastalking`)
	_, err = rest.Load(filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = rest.Parse("empty.yaml", nil)
	require.ErrorContains(t, err, "empty.yaml: must not be empty")
	_, err = rest.Parse("bomb.yaml", []byte(bomb()))
	require.Error(t, err)
}

// bomb grows by aliases.
func bomb() string {
	s := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 9; i++ {
		n := string(rune('0' + i))
		p := string(rune('0' + i - 1))
		s += "a" + n + ": &a" + n + " [*a" + p + ",*a" + p + ",*a" + p + ",*a" + p + ",*a" + p + ",*a" + p + ",*a" + p + ",*a" + p + ",*a" + p + "]\n"
	}
	return s
}
