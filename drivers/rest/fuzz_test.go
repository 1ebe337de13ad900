package rest_test

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/drivers/rest/resttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// FuzzParse: no text makes the loader panic, and what it loads can be used.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	starter, err := rest.Starter("acme")
	require.NoError(f, err)
	f.Add(starter)
	f.Fuzz(func(_ *testing.T, source []byte) {
		r, err := rest.Parse("fuzz.yaml", source)
		if err != nil {
			_ = err.Error()
			return
		}
		p, err := resttest.Open(r, "https://127.0.0.1:1")
		if err != nil {
			return
		}
		_ = p.Capabilities()
		_ = p.Close()
	})
}

// FuzzReply: no response makes any recipe panic, and only one for which the
// recipe's success predicate holds, and that has an id, is an acceptance.
func FuzzReply(f *testing.F) {
	type answer struct {
		status int
		body   []byte
	}
	var current atomic.Pointer[answer]
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a := current.Load()
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body)
	}))
	f.Cleanup(s.Close)
	providers := make(map[string]*rest.Provider)
	oracles, numbers := make(map[string]oracle), make(map[string]string)
	for _, name := range rest.Builtin() {
		r, err := rest.Load(name)
		require.NoError(f, err)
		oracles[name] = oracleOf(f, r)
		account, err := resttest.NewAccount(r)
		require.NoError(f, err)
		numbers[name] = cmp.Or(account.Numbers, "+3069") + "00000001"
		p, err := resttest.Open(r, s.URL)
		require.NoError(f, err)
		f.Cleanup(func() { _ = p.Close() })
		providers[name] = p
		var file struct {
			Fixtures yaml.Node `yaml:"fixtures"`
		}
		require.NoError(f, yaml.Unmarshal([]byte(r.Source()), &file))
		fixtures, errs := fixture.Decode(&file.Fixtures)
		require.Empty(f, errs)
		for i, one := range fixtures {
			if one.Reply != nil && i%12 == 0 { // a sample of each vendor
				body, err := one.Reply.Bytes()
				require.NoError(f, err)
				f.Add(200, body)
				f.Add(one.Reply.Status, body)
			}
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		current.Store(&answer{status, body})
		for name, p := range providers {
			m := &provider.Message{To: e164.MustParse(numbers[name]), Text: "Hello"}
			receipt, err := p.Send(t.Context(), m)
			noID := receipt != nil && receipt.ID == "" && name != "kannel" // the only one whose vendor gives none
			if err == nil && (noID || !oracles[name].accepts(status, body)) {
				t.Errorf("%s: accepted with id %q and status %d", name, receipt.ID, status)
			}
			_, _ = provider.ReadStatus(t.Context(), p, "1:306900000001")
			_, _ = provider.ReadBalance(t.Context(), p)
		}
	})
}

// FuzzCallback: no callback makes any recipe panic or gives half a batch.
func FuzzCallback(f *testing.F) {
	f.Add("messageId=1&status=delivered", []byte(`{"a":1}`), "application/json")
	f.Add("", []byte(`[{"id":"1"}]`), "")
	f.Add("", []byte("MsgId=1,2&status=404,405"), "application/x-www-form-urlencoded")
	var providers []*rest.Provider
	for _, name := range rest.Builtin() {
		r, err := rest.Load(name)
		require.NoError(f, err)
		p, err := resttest.Open(r, "https://127.0.0.1:1")
		require.NoError(f, err)
		f.Cleanup(func() { _ = p.Close() })
		providers = append(providers, p)
	}
	f.Fuzz(func(t *testing.T, query string, body []byte, contentType string) {
		values, err := url.ParseQuery("anysms_token=0123456789abcdef&" + query)
		if err != nil {
			return
		}
		c := &provider.Callback{Method: http.MethodPost, URL: "https://hooks.example/?" + query, Query: values, Body: body, Header: http.Header{"Content-Type": {contentType}}}
		r := http.Request{Header: c.Header}
		r.SetBasicAuth("anysms", "abcdefghijklmnop")
		for _, p := range providers {
			events, err := provider.ParseCallback(t.Context(), p, c)
			if err != nil && events != nil {
				t.Errorf("%s: events beside the error %v", p.Recipe().Name, err)
			}
		}
	})
}
