package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A vendor that takes a URL with each message is given one, which is not in the
// configuration, and its report arrives. The fake is Kannel as its user guide describes
// it: it replaces %d and %T of dlr-url and then fetches it.
func TestCallbackURL(t *testing.T) {
	reports := make(chan *url.URL, 1)
	kannel := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, err := url.Parse(strings.NewReplacer("%d", "1", "%T", "1893456000").Replace(r.URL.Query().Get("dlr-url")))
		assert.NoError(t, err)
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, "0: Accepted for delivery")
		reports <- u
	}))
	defer kannel.Close()
	l := &lab{T: t, path: filepath.Join(t.TempDir(), "anysms.yaml")}
	yaml := fmt.Sprintf(`providers:
  own: {driver: rest, recipe: kannel, base_url: %q, username: foo, password: s3cretS3cret, callback_token: 0123456789abcdef}
  other: {driver: rest, recipe: kannel, base_url: %q, username: foo, password: s3cretS3cret}
  entered: {driver: rest, recipe: seven, base_url: "http://127.0.0.1:9", api_key: s3cretS3cret, signing_key: s1gningS1gning}
database: anysms.db
serve: {public_url: https://sms.example.com/gateway}
`, kannel.URL, kannel.URL)
	require.NoError(t, os.WriteFile(l.path, []byte(yaml), 0o600))
	l.start()
	defer func() { l.stop() }()
	local, err := url.Parse(l.url)
	require.NoError(t, err)

	send := func(ref string) *url.URL {
		a := l.call("", http.MethodPost, "/v1/messages?wait=30s", `{"to": "+306941234567", "text": "Hello", "ref": "`+ref+`"}`)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.Equal(t, "accepted", a.get("status"))
		return <-reports
	}
	token := func(u *url.URL) string {
		require.Equal(t, "https://sms.example.com", u.Scheme+"://"+u.Host)
		rest, ok := strings.CutPrefix(u.Path, "/gateway/callbacks/own/")
		require.True(t, ok, u.Path)
		return rest
	}
	u := send("order-1")
	before := token(u)
	shown := string(l.call("", http.MethodGet, "/providers", "").body)
	assert.Contains(t, shown, "asked for with each message, at <code>https://sms.example.com/gateway/callbacks/own/"+before+"</code>")
	assert.Regexp(t, `enter <code>https://sms\.example\.com/gateway/callbacks/entered/[0-9A-Za-z_-]+</code> at the vendor`, shown)
	assert.NotContains(t, shown, "/callbacks/other/", "its reports would not be taken: callback_token is not set")
	u.Scheme, u.Host, u.Path = local.Scheme, local.Host, strings.TrimPrefix(u.Path, "/gateway")
	response, err := l.client.Get(u.String())
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "delivered", l.call("", http.MethodGet, "/v1/messages?ref=order-1", "").get("items.0.status"))

	l.gateway.RotateCallbackToken(t, "own")
	require.NoError(t, l.gateway.Reload(t.Context()))
	assert.NotEqual(t, before, token(send("order-2")), "the URL has the token in force")
}
