package request_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider/httpcall"
)

func parse(t *testing.T, source string) (*request.Request, *request.Auth) {
	t.Helper()
	var file struct {
		Request request.Request
		Auth    request.Auth
	}
	require.NoError(t, yaml.Unmarshal([]byte(source), &file))
	return &file.Request, &file.Auth
}

// TestReadBack sends what was built over a socket, and the other side finds the
// values again, the credentials aside.
func TestReadBack(t *testing.T) {
	values := map[string]any{"to": "+306900000001", "text": "a+b=c&d {to} \"q\" <x> €", "ref": "a/b"}
	want := map[string]string{"to": "+306900000001", "text": "a+b=c&d {to} \"q\" <x> €"}
	for name, source := range map[string]string{
		"form":  `{request: {path: "/m/{ref}/send", form: {number: "{to}", body: "{text}", fixed: 7}}, auth: {body: {key: "{key}"}}}`,
		"query": `{request: {method: GET, path: /m, query: {number: "{to}", body: "{text}"}}, auth: {query: {key: "{key}"}}}`,
		"json":  `{request: {path: /m, json: {list: [{number: "{to}", from: "{from}"}], body: "{text}"}}, auth: {body: {key: "{key}"}, bearer: "{key}"}}`,
		"xml":   `{request: {path: /m, xml: {message: {"@to": "{to}", "#text": "{text}"}}}, auth: {basic: {username: me, password: "{key}"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			r, a := parse(t, source)
			settings := map[string]string{"key": "s3cr3t"}
			served := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
				body, err := io.ReadAll(req.Body)
				assert.NoError(t, err)
				assert.True(t, r.Fits(req))
				assert.True(t, a.Authenticates(req, body, settings))
				assert.False(t, a.Authenticates(req, body, map[string]string{"key": "another"}))
				got, each, err := r.ReadBack(a, req, body)
				assert.NoError(t, err)
				assert.Empty(t, each)
				assert.Equal(t, want, got)
			}))
			defer served.Close()
			client, err := httpcall.New(httpcall.Config{BaseURL: served.URL})
			require.NoError(t, err)
			defer client.Close()
			built, err := r.Build(a, request.Scope{Settings: settings, Values: values}, nil)
			require.NoError(t, err)
			_, err = client.Do(t.Context(), built)
			require.NoError(t, err)
		})
	}
}

func TestReadBackOfABatch(t *testing.T) {
	r, a := parse(t, `{request: {path: /batch, json: {messages: {$each: {to: "{to}"}}}}, auth: {none: true}}`)
	each := []request.Scope{{Values: map[string]any{"to": "1"}}, {Values: map[string]any{"to": "2"}}}
	built, err := r.Build(a, request.Scope{}, each)
	require.NoError(t, err)
	assert.JSONEq(t, `{"messages":[{"to":"1"},{"to":"2"}]}`, string(built.Body))
	req := httptest.NewRequest(http.MethodPost, "/batch", nil)
	_, got, err := r.ReadBack(a, req, built.Body)
	require.NoError(t, err)
	assert.Equal(t, []map[string]string{{"to": "1"}, {"to": "2"}}, got)
}

func TestReadBackRefusesOtherRequests(t *testing.T) {
	r, a := parse(t, `{request: {path: /m, json: {to: "{to}", kind: sms}}, auth: {none: true}}`)
	for body, want := range map[string]string{
		`{"to":"1"}`:                      "json: kind is missing",
		`{"to":"1","kind":"voice"}`:       `json.kind: got "voice", want "sms"`,
		`{"to":"1","kind":"sms","x":"y"}`: "json: unknown key x",
		`[]`:                              "json: want a map",
		`{`:                               "not the expected JSON",
	} {
		_, _, err := r.ReadBack(a, httptest.NewRequest(http.MethodPost, "/m", nil), []byte(body))
		require.ErrorContains(t, err, want, body)
	}
	assert.False(t, r.Fits(httptest.NewRequest(http.MethodGet, "/m", nil)))
	assert.False(t, r.Fits(httptest.NewRequest(http.MethodPost, "/n", nil)))
}

// A text keeps the white space at its edges, in an answer and in a reply to us.
func TestReadXMLKeepsTexts(t *testing.T) {
	tree, err := request.ReadXML([]byte("<sms>\n  <id> 7 </id>\n  <text> two  blanks \n</text>\n  <empty/>\n</sms>"))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"sms": map[string]any{"id": " 7 ", "text": " two  blanks \n", "empty": ""}}, tree)
}
