package rest_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

var to = e164.MustParse("+306900000001")

// every placeholder of a recipe, and what breaks bodies that are pasted
// together.
const hostile = `{to} {{to}} {text} {key} {from|ref} $each $spread "quoted" \ & = %2B + <to>x</to> ]]> 'x' {"a":1} ${to} %s €`

// open makes a provider of a recipe at a server.
func open(t *testing.T, recipe string, handler http.HandlerFunc) *rest.Provider {
	t.Helper()
	r, err := rest.Parse("acme.yaml", []byte(recipe))
	require.NoError(t, err)
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	p, err := r.NewProvider(rest.Config{Config: httpcall.Config{BaseURL: s.URL}, Values: map[string]provider.Secret{"key": "k3yk3yk3y"}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

func TestTextArrivesVerbatimInEveryBody(t *testing.T) {
	const request = `json: {to: "{to}", text: "{text}"}`
	for name, c := range map[string]struct {
		request string
		read    func(t *testing.T, r *http.Request, body []byte) (to, text string)
	}{
		"json": {request, func(t *testing.T, _ *http.Request, body []byte) (string, string) {
			var v struct{ To, Text string }
			require.NoError(t, json.Unmarshal(body, &v))
			return v.To, v.Text
		}},
		"form": {`form: {to: "{to}", text: "{text}"}`, func(t *testing.T, _ *http.Request, body []byte) (string, string) {
			v, err := url.ParseQuery(string(body))
			require.NoError(t, err)
			return v.Get("to"), v.Get("text")
		}},
		"query": {`query: {to: "{to}", text: "{text}"}`, func(_ *testing.T, r *http.Request, _ []byte) (string, string) {
			return r.URL.Query().Get("to"), r.URL.Query().Get("text")
		}},
		"xml": {`xml: {sms: {"@kind": 7, message: {to: "{to}", text: {"@lang": "el", "#text": "{text}"}}}}`, func(t *testing.T, _ *http.Request, body []byte) (string, string) {
			var v struct {
				Kind    string `xml:"kind,attr"`
				Message struct {
					To   string `xml:"to"`
					Text string `xml:"text"`
				} `xml:"message"`
			}
			require.NoError(t, xml.Unmarshal(body, &v), string(body))
			assert.Equal(t, "7", v.Kind)
			return v.Message.To, v.Message.Text
		}},
		"path": {"path: \"/m/{to}/{text}\"\n    query: {a: 1}", func(t *testing.T, r *http.Request, _ []byte) (string, string) {
			parts := strings.Split(r.URL.EscapedPath(), "/")
			require.Len(t, parts, 4)
			number, err := url.PathUnescape(parts[2])
			require.NoError(t, err)
			text, err := url.PathUnescape(parts[3])
			require.NoError(t, err)
			return number, text
		}},
	} {
		t.Run(name, func(t *testing.T) {
			recipe := strings.Replace(small, request, c.request, 1)
			if name == "path" {
				recipe = strings.Replace(recipe, "    path: /messages\n", "", 1)
			}
			p := open(t, recipe, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				number, text := c.read(t, r, body)
				assert.Equal(t, to.String(), number)
				assert.Equal(t, hostile, text)
				fmt.Fprint(w, `{"id":"1"}`)
			})
			_, err := p.Send(t.Context(), &provider.Message{To: to, Text: hostile})
			require.NoError(t, err)
		})
	}
}

func TestInvalidValuesAreRefusedWithoutARequest(t *testing.T) {
	var requests atomic.Int64
	count := func(w http.ResponseWriter, _ *http.Request) { requests.Add(1) }
	inXML := strings.Replace(small, `json: {to: "{to}", text: "{text}"}`, `xml: {sms: {to: "{to}", text: "{text}"}}`, 1)
	_, err := open(t, inXML, count).Send(t.Context(), &provider.Message{To: to, Text: "bell\x07"})
	require.ErrorIs(t, err, provider.Unsupported)
	inHeader := strings.Replace(small, "    path: /messages", "    path: /messages\n    headers: {X-Text: \"{text}\"}", 1)
	_, err = open(t, inHeader, count).Send(t.Context(), &provider.Message{To: to, Text: "a\r\nX-Evil: 1"})
	require.ErrorIs(t, err, provider.Unsupported)
	inPath := strings.Replace(small, "path: /messages", "path: \"/m/{text}/x\"", 1)
	_, err = open(t, inPath, count).Send(t.Context(), &provider.Message{To: to, Text: ".."})
	require.ErrorIs(t, err, provider.Unsupported)
	assert.Zero(t, requests.Load())
}

const withOAuth = `auth:
  oauth2: {token_url: "{token_url}", client_id: client, client_secret: "{key}"}
`

// oauthServer issues tokens and accepts only the newest.
type oauthServer struct {
	mu            sync.Mutex
	tokens, sends int
	valid         string
	tokenStatus   int
}

func (s *oauthServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/token" {
		if s.tokenStatus != 0 {
			w.WriteHeader(s.tokenStatus)
			return
		}
		s.tokens++
		s.valid = fmt.Sprintf("token-%d", s.tokens)
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":"3600"}`, s.valid)
		return
	}
	s.sends++
	if r.Header.Get("Authorization") != "Bearer "+s.valid {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	fmt.Fprint(w, `{"id":"1"}`)
}

func TestOAuth2(t *testing.T) {
	fake := &oauthServer{}
	s := httptest.NewServer(fake)
	defer s.Close()
	recipe := strings.Replace(small, "auth:\n  bearer: \"{key}\"\n", withOAuth, 1)
	recipe = strings.Replace(recipe, "  key: {doc", "  token_url: {doc: x}\n  key: {doc", 1)
	recipe = strings.Replace(recipe, "example: {key", "example: {token_url: \"https://acme.example/token\", key", 1)
	r, err := rest.Parse("acme.yaml", []byte(recipe))
	require.NoError(t, err)
	p, err := r.NewProvider(rest.Config{
		Config: httpcall.Config{BaseURL: s.URL},
		Values: map[string]provider.Secret{"key": "k3yk3yk3y", "token_url": provider.Secret(s.URL + "/token")},
	})
	require.NoError(t, err)
	defer p.Close()
	m := &provider.Message{To: to, Text: "Hello"}

	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			_, err := p.Send(t.Context(), m)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	assert.Equal(t, 1, fake.tokens, "one shared fetch, kept")
	assert.Equal(t, 16, fake.sends)

	fake.mu.Lock()
	fake.valid = "revoked"
	fake.mu.Unlock()
	_, err = p.Send(t.Context(), m)
	require.ErrorIs(t, err, provider.Unavailable, "a kept token was refused: it is dropped")
	_, err = p.Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, 2, fake.tokens)

	for status, code := range map[int]provider.Code{500: provider.Unavailable, 401: provider.Unauthenticated} {
		fake.mu.Lock()
		fake.tokenStatus, fake.valid = status, "revoked again"
		before := fake.sends
		fake.mu.Unlock()
		_, _ = p.Send(t.Context(), m)
		_, err = p.Send(t.Context(), m)
		require.ErrorIs(t, err, code)
		assert.LessOrEqual(t, fake.sends, before+1, "nothing is sent without a token")
	}
}

func TestOpenIsStrict(t *testing.T) {
	for _, c := range []struct{ name, settings, want string }{
		{"no recipe", `{}`, `recipe: is missing; want a file, or one of 46elks, africastalking`},
		{"unknown recipe", `{"recipe":"x"}`, `recipe: unknown recipe "x"`},
		{"unknown key", `{"recipe":"transmitsms","user":"x"}`, `user: unknown key; want one of username, password, currency, callback_token, allow_private, allow_private_http, base_url`},
		{"missing setting", `{"recipe":"transmitsms","username":"u"}`, `password: is missing: API secret`},
		{"empty secret", `{"recipe":"transmitsms","username":"u","password":"p","callback_token":""}`, `callback_token: must not be empty`},
		{"short secret", `{"recipe":"transmitsms","username":"u","password":"p","callback_token":"short"}`, `callback_token: does not match`},
		{"callbacks without proof", `{"recipe":"transmitsms","username":"u","password":"p","callback_url":"https://hooks.example/x"}`, `callback_token: must be set if callback_url is`},
		{"pattern", `{"recipe":"transmitsms","username":"u","password":"p","currency":"aud"}`, `currency: does not match`},
		{"a list for a string", `{"recipe":"transmitsms","username":["u"],"password":"p"}`, `username: want a string`},
		{"bad shared setting", `{"recipe":"transmitsms","username":"u","password":"p","timeout":"soon"}`, `is not a duration`},
		{"plain http", `{"recipe":"transmitsms","username":"u","password":"p","base_url":"http://api.example"}`, `plain http`},
		{"sender where there is none", `{"recipe":"phonify","api_key":"kkkk","sender":"Example"}`, `sender: this vendor chooses the sender itself`},
		{"bad sender", `{"recipe":"transmitsms","username":"u","password":"p","sender":"My Shop"}`, `sender: unsupported`},
		{"callback_url where there is none", `{"recipe":"phonify","api_key":"kkkk","callback_url":"https://hooks.example/x"}`, `callback_url: this vendor does not accept one`},
		{"base_url is needed", `{"recipe":"infobip","api_key":"kkkk"}`, `base_url: must not be empty`},
		{"bad public key", `{"recipe":"telnyx","api_key":"kkkk","public_key":"xx"}`, `public_key: is not an Ed25519 public key`},
		{"registered text without id", `{"recipe":"msg91","authkey":"kkkk","templates":[{"text":"x"}]}`, `templates[0]: needs an id and a text`},
		{"variable twice", `{"recipe":"msg91","authkey":"kkkk","templates":[{"id":"1","text":"##a## ##a##"}]}`, `templates[0].text: duplicate variable "a"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := rest.Driver.Open(t.Context(), json.RawMessage(c.settings))
			require.ErrorContains(t, err, c.want)
			require.ErrorAs(t, err, new(*provider.ConfigError))
		})
	}
	p, err := rest.Driver.Open(t.Context(), json.RawMessage(`{"recipe":"transmitsms","username":"u","password":"p4ssw0rd","timeout":"5s","sender":"Example"}`))
	require.NoError(t, err)
	defer func() { assert.NoError(t, provider.Close(p)) }()
	assert.Equal(t, "status,cancel,balance,inbox,check,schedule,validity,choose_sender", p.Capabilities().Features.String(), "no token, no callbacks")
	assert.NotContains(t, fmt.Sprintf("%+v %#v %v", p, p, p), "p4ssw0rd")
}

func TestCapabilitiesFollowTheSettings(t *testing.T) {
	r, err := rest.Load("bulksms")
	require.NoError(t, err)
	values := map[string]provider.Secret{"token_id": "id", "token_secret": "secret"}
	p, err := r.NewProvider(rest.Config{Values: values})
	require.NoError(t, err)
	assert.Zero(t, p.Capabilities().ReplayFor)
	assert.False(t, p.Capabilities().Has(provider.HasCallbacks))
	values["deduplicate"], values["callback_password"] = "true", "abcdefghijklmnop"
	p, err = r.NewProvider(rest.Config{Values: values})
	require.NoError(t, err)
	assert.Equal(t, "12h0m0s", p.Capabilities().ReplayFor.String())
	assert.True(t, p.Capabilities().Has(provider.HasCallbacks))
	assert.Equal(t, 200, p.Acknowledgement().Status)
	r, err = rest.Load("smsapi")
	require.NoError(t, err)
	p, err = r.NewProvider(rest.Config{Values: map[string]provider.Secret{"token": "secret"}})
	require.NoError(t, err)
	assert.Equal(t, "OK", p.Acknowledgement().Body)
}

// A recipe can describe how a vendor exchanges a key and a secret for a token.
func TestTokenExchange(t *testing.T) {
	const exchange = `auth:
  token:
    request: {path: /auth, json: {api_key: me, api_secret: "{key}"}}
    token: data.token
    expires_in: data.ttl
`
	var exchanges atomic.Int64
	serve := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.URL.Path == "/auth":
			exchanges.Add(1)
			assert.JSONEq(t, `{"api_key":"me","api_secret":"k3yk3yk3y"}`, string(body))
			fmt.Fprint(w, `{"data":{"token":"t-1","ttl":3600}}`)
		case r.Header.Get("Authorization") != "Bearer t-1":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			fmt.Fprint(w, `{"id":"1"}`)
		}
	}
	recipe := strings.Replace(small, "auth:\n  bearer: \"{key}\"\n", exchange, 1)
	p := open(t, recipe, serve)
	for range 2 {
		_, err := p.Send(t.Context(), &provider.Message{To: to, Text: "Hello"})
		require.NoError(t, err)
	}
	assert.Equal(t, int64(1), exchanges.Load())

	r, err := rest.Parse("acme.yaml", []byte(recipe))
	require.NoError(t, err)
	for _, result := range resttest.Replay(t.Context(), r) {
		assert.Empty(t, result.Faults, result.Fixture)
	}
	account, err := resttest.NewAccount(r)
	require.NoError(t, err)
	conformance.Run(t, conformance.Harness{
		Open: account.Open, OpenTimeout: account.OpenTimeout, Replies: account.Replies, Secrets: account.Secrets, Extra: account.Extra,
		Text: account.Text, OtherRequests: account.OtherRequests, WireProvenBy: "the recipe transmitsms",
	})
}

// Of alternative credentials one must be set.
func TestMissingCredentials(t *testing.T) {
	r, err := rest.Load("twilio")
	require.NoError(t, err)
	values := map[string]provider.Secret{"account_sid": "AC00000000000000000000000000000000"}
	_, err = r.NewProvider(rest.Config{Values: values})
	require.ErrorContains(t, err, "auth_token: must be set")
	values["api_key_sid"], values["api_key_secret"] = "SK00000000000000000000000000000000", "apiKeySecret0123"
	p, err := r.NewProvider(rest.Config{Values: values})
	require.NoError(t, err)
	require.NoError(t, p.Close())
	_, err = r.NewProvider(rest.Config{Values: values, Config: httpcall.Config{CallbackURL: "https://hooks.example/sms"}})
	require.ErrorContains(t, err, "auth_token: must be set if callback_url is")
}

// A vendor that repeats the signature of the request beside the messages that it lists.
func TestEchoedSignatureIsNotInRaw(t *testing.T) {
	recipe := strings.Replace(small, `bearer: "{key}"`, `sigv4: {access_key: id, secret_key: "{key}", region: eu, service: sms}`, 1)
	recipe = strings.Replace(recipe, "errors:\n", `inbox:
  request: {method: GET, path: /inbox}
  each: list[*]
  inbound: {id: id, from: from, to: to, text: text, at: at}
errors:
`, 1)
	var signature string
	p := open(t, recipe, func(w http.ResponseWriter, r *http.Request) {
		_, signature, _ = strings.Cut(r.Header.Get("Authorization"), "Signature=")
		fmt.Fprintf(w, `{"list": [{"id": "1", "from": "306900000001", "to": "54321", "text": "Hello", "at": "2026-11-21T12:00:00Z", "debug": %q}]}`, "signed "+signature)
	})
	events, _, err := p.Inbox(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.NotEmpty(t, signature)
	assert.NotContains(t, string(events[0].Raw), signature)
	assert.Contains(t, string(events[0].Raw), "signed [redacted]")
}
