package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
)

// callbackLab is a gateway with one provider whose vendor signs nothing, and one whose
// vendor does.
type callbackLab struct {
	*lab
	output logged
	nextID int
}

const callbackSecret = "s3cret-of-the-vendor"

func (l *callbackLab) configure(serve string) {
	l.Helper()
	yaml := fmt.Sprintf("providers:\n  athens: {driver: memory}\n  signs: {driver: memory, callback_secret: %s}\ndatabase: anysms.db\nserve:\n%s", callbackSecret, serve)
	require.NoError(l, os.WriteFile(l.path, []byte(yaml), 0o600))
}

func openCallbacks(t *testing.T, serve string) *callbackLab {
	l := &callbackLab{lab: &lab{T: t, path: filepath.Join(t.TempDir(), "anysms.yaml")}}
	l.log = slog.New(slog.NewTextHandler(&l.output, nil))
	l.configure(serve)
	l.start()
	t.Cleanup(func() { l.stop() })
	return l
}

// report sends a report as a vendor does, forwarded for somebody unless that is "".
func (l *callbackLab) report(path, forwarded string, signed bool) int {
	l.Helper()
	secret := ""
	if signed {
		secret = callbackSecret
	}
	vendor, err := memory.New(memory.Config{CallbackSecret: provider.Secret(secret)})
	require.NoError(l, err)
	l.nextID++
	c, err := vendor.Callback(provider.Event{Kind: provider.Report, ID: fmt.Sprint("A", l.nextID), Status: provider.StatusDelivered})
	require.NoError(l, err)
	r, err := http.NewRequestWithContext(l.Context(), c.Method, l.url+"/callbacks/"+path, bytes.NewReader(c.Body))
	require.NoError(l, err)
	r.Header = c.Header.Clone()
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	resp, err := l.client.Do(r)
	require.NoError(l, err)
	require.NoError(l, resp.Body.Close())
	return resp.StatusCode
}

// counts checks the counters on /metrics.
func (l *callbackLab) counts(received, forged int) {
	l.Helper()
	shown := string(l.call("", http.MethodGet, "/metrics", "").body)
	assert.Contains(l, shown, fmt.Sprintf("anysms_gateway_callbacks_total{outcome=\"received\"} %d\n", received))
	assert.Contains(l, shown, fmt.Sprintf("anysms_gateway_callbacks_total{outcome=\"forged\"} %d\n", forged))
}

// Callbacks are taken from the addresses of the vendor alone, which a trusted proxy names,
// and nobody else.
func TestCallbacksFrom(t *testing.T) {
	const direct = "  callbacks: {athens: {from: [%s], token: false}}\n"
	l := openCallbacks(t, fmt.Sprintf(direct, "127.0.0.1"))
	assert.Equal(t, 200, l.report("athens", "", false), "directly")
	assert.Equal(t, 200, l.report("athens", "198.51.100.1", false), "the header of an address that is no trusted proxy is ignored")
	l.counts(2, 0)

	l.configure(fmt.Sprintf(direct, `192.0.2.0/24, "2001:db8::/32"`))
	require.NoError(t, l.gateway.Reload(t.Context()))
	assert.Equal(t, 401, l.report("athens", "", false), "directly, from elsewhere")
	assert.Equal(t, 401, l.report("athens", "192.0.2.7", false), "forged by an address that is no trusted proxy")
	assert.Equal(t, 401, l.report("athens", "2001:db8::7", false))
	l.counts(0, 3)
	assert.Contains(t, l.output.String(), "a callback came from an address that is not allowed")
	assert.Contains(t, l.output.String(), "address=127.0.0.1")

	l.configure("  trusted_proxies: [127.0.0.1]\n" + fmt.Sprintf(direct, `192.0.2.0/24, "2001:db8::/32"`))
	require.NoError(t, l.gateway.Reload(t.Context()))
	received, forged := 0, 0
	for forwarded, status := range map[string]int{
		"192.0.2.7":                   200,
		"::ffff:192.0.2.7":            200,
		"198.51.100.1, 192.0.2.7":     200,
		"192.0.2.7:4711":              200,
		"2001:db8::7":                 200,
		"[2001:db8::7]:4711":          200,
		"2001:DB8:0:0::7":             200,
		"192.0.2.7, 198.51.100.1":     401, // the first is the sender's own claim
		"198.51.100.1":                401,
		"2001:db9::7":                 401,
		"nonsense":                    401,
		"192.0.2.7, nonsense":         401,
		"":                            401, // the proxy's own
		"192.0.2.7,2001:db8::7%zone1": 401,
	} {
		assert.Equal(t, status, l.report("athens", forwarded, false), "forwarded for %q", forwarded)
		if status == 200 {
			received++
		} else {
			forged++
		}
	}
	l.counts(received, forged)
}

// A token is asked for beside an address, unless the configuration says no.
func TestCallbacksWithAndWithoutToken(t *testing.T) {
	l := openCallbacks(t, "  public_url: https://sms.example.com\n  callbacks:\n    athens: {from: [127.0.0.1]}\n    signs: {token: false}\n")
	assert.Equal(t, 401, l.report("athens", "", false), "the right address, without the token")
	token := l.gateway.CallbackToken(t, "athens")
	assert.Equal(t, 200, l.report("athens/"+token, "", false))
	assert.Equal(t, 401, l.report("athens/x"+token, "", false))

	assert.Equal(t, 200, l.report("signs", "", true))
	assert.Equal(t, 401, l.report("signs", "", false), "without its signature")
	assert.Equal(t, 200, l.report("signs/"+l.gateway.CallbackToken(t, "signs"), "", true), "an URL from before is taken still")
	l.counts(3, 3)
	shown := string(l.call("", http.MethodGet, "/providers", "").body)
	assert.Contains(t, shown, "enter <code>https://sms.example.com/callbacks/signs</code> at the vendor")
	assert.Contains(t, shown, "enter <code>https://sms.example.com/callbacks/athens/"+token+"</code> at the vendor")
}

// What would let anybody report is refused, at the start and by a reload, unless it is
// asked for by name; then it is warned of.
func TestOpenCallbacks(t *testing.T) {
	const refused = "anysms.yaml:6: serve.callbacks.athens.token: false: anybody could report deliveries and replies"
	l := openCallbacks(t, "  listen: 127.0.0.1:8025\n")
	assert.Equal(t, 401, l.report("athens", "", false))
	l.configure("  callbacks: {athens: {token: false}}\n")
	require.ErrorContains(t, l.gateway.Reload(t.Context()), refused)
	assert.Equal(t, 401, l.report("athens", "", false), "the old configuration is in force")

	l.configure("  callbacks: {athens: {token: false, insecure_callbacks: true}}\n")
	require.NoError(t, l.gateway.Reload(t.Context()))
	assert.Equal(t, 200, l.report("athens", "", false))
	assert.Contains(t, l.output.String(), "anybody who knows the gateway's address can report")
	assert.Contains(t, l.output.String(), "line=6 setting=serve.callbacks.athens.insecure_callbacks")
}

// A vendor gets the response that it expects; SMSAPI repeats what is not acknowledged by OK.
func TestAcknowledgement(t *testing.T) {
	l := &lab{T: t, path: filepath.Join(t.TempDir(), "anysms.yaml")}
	yaml := "providers:\n  warsaw: {driver: rest, recipe: smsapi, base_url: \"http://127.0.0.1:9\", token: s3cretS3cret, callback_token: 0123456789abcdef}\ndatabase: anysms.db\n"
	require.NoError(t, os.WriteFile(l.path, []byte(yaml), 0o600))
	l.start()
	defer func() { l.stop() }()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.url+"/callbacks/warsaw/"+l.gateway.CallbackToken(t, "warsaw")+
		"?anysms_token=0123456789abcdef&MsgId=61A1&status=404&status_name=DELIVERED&idx=order-1&donedate=1893456000&to=48500500500", nil)
	require.NoError(t, err)
	resp, err := l.client.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "OK", string(body))
}
