package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
	"github.com/anysms/anysms/router"
)

const number = "+306971234567"

// vendors are two fakes, and a configuration with them: athens first, then usa.
type vendors struct {
	athens *apifontest.Server
	usa    *phonifytest.Server
	config string
}

func startVendors(t *testing.T) *vendors {
	t.Helper()
	v := &vendors{athens: apifontest.NewServer(apifontest.Options{}), usa: phonifytest.NewServer(phonifytest.Options{})}
	t.Cleanup(v.athens.Close)
	t.Cleanup(v.usa.Close)
	v.config = v.write(t, v.athens.URL, "athens, usa")
	return v
}

// write writes a configuration with an order of providers.
func (v *vendors) write(t *testing.T, athensURL, order string) string {
	t.Helper()
	t.Setenv("ATHENS_SECRET", apifontest.Secret)
	return write(t, "anysms.yaml", fmt.Sprintf(`
providers:
  athens: {driver: apifon, base_url: "%s", token: "%s", secret: "${ATHENS_SECRET}", sender: Example}
  usa: {driver: phonify, base_url: "%s", api_key: "%s"}
router:
  default_region: GR
  retry: {max_attempts: 2, initial: 10ms}
  routes:
    - {name: all, strategy: priority, providers: [%s]}
`, athensURL, apifontest.Token, v.usa.URL, phonifytest.APIKey, order))
}

// untouched checks that neither vendor received a request.
func (v *vendors) untouched(t *testing.T) {
	t.Helper()
	assert.Zero(t, v.athens.Requests(), "requests to athens")
	assert.Zero(t, v.usa.Requests(), "requests to usa")
}

// send runs anysms send and reads its JSON.
func (v *vendors) send(t *testing.T, text string, more ...string) (router.Result, outcome) {
	t.Helper()
	args := append([]string{"send", "--config", v.config, "--format", "json", "--to", number, "--text", text}, more...)
	got := anysms(t, args...)
	var result router.Result
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &result), "stdout %q, stderr %q", got.stdout, got.stderr)
	assert.Empty(t, got.stderr)
	return result, got
}

func TestSendArrivesByteForByte(t *testing.T) {
	for name, text := range map[string]string{
		"ascii":          "Hello there!",
		"greek":          "Καλημέρα, η παραγγελία σας έφτασε",
		"emoji":          "Γεια 👋🏽 👩‍👩‍👧‍👦 🇬🇷",
		"400 characters": strings.Repeat("0123456789", 40),
		"quotes":         `She said "it's 5 o'clock" \ <b>&amp;</b> “so”`,
		"braces":         "Hi {name}, {{code}} {KEY} ${HOME} %s",
		"line feeds":     "one\ntwo\n\nthree\n",
		"spaces":         "  two before, two after  ",
	} {
		t.Run(name, func(t *testing.T) {
			v := startVendors(t)
			result, got := v.send(t, text, "--ref", "r-1", "--from", "Shop")
			assert.Equal(t, cli.ExitDone, got.code)
			assert.Equal(t, provider.OutcomeAccepted, result.Status)
			assert.Equal(t, "athens", result.Provider)
			assert.Equal(t, "r-1", result.Ref)
			require.Len(t, v.athens.Messages(), 1)
			m := v.athens.Messages()[0]
			assert.Equal(t, text, m.Text)
			assert.Equal(t, number, m.To)
			assert.Equal(t, "Shop", m.From)
			assert.Zero(t, v.usa.Requests())
		})
	}
}

// TestSendIsSigned checks the signature by the vendor's description, independently of
// the driver and its fake, and the description by a known vector.
func TestSendIsSigned(t *testing.T) {
	const path = "/services/api/v1/sms/send"
	vector := `{"message":{"text":"Hello There!","sender_id":"Example"},"subscribers":[{"number":"306900000001"}]}`
	require.Equal(t, "3kkk+mLkczcxPvAFHU4knSZcJ5NmqgVPDb+7cRZRvVY=",
		apifonSignature("POST", path, vector, "Tue, 02 Jan 2024 03:04:05 GMT"))

	v := startVendors(t)
	target, err := url.Parse(v.athens.URL)
	require.NoError(t, err)
	signed := false
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if !assert.NoError(t, err) {
			return
		}
		date := r.Header.Get("X-ApifonWS-Date")
		want := "ApifonWS " + apifontest.Token + ":" + apifonSignature(r.Method, r.URL.Path, string(body), date)
		assert.Equal(t, want, r.Header.Get("Authorization"))
		signed = true
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	v.config = v.write(t, front.URL, "athens")
	_, got := v.send(t, `Καλημέρα "{x}"`)
	assert.Equal(t, cli.ExitDone, got.code)
	assert.True(t, signed, "no request was seen")
	http.DefaultTransport.(*http.Transport).CloseIdleConnections() // the proxy's
}

func apifonSignature(method, path, body, date string) string {
	mac := hmac.New(sha256.New, []byte(apifontest.Secret))
	fmt.Fprint(mac, method+"\n"+path+"\n"+body+"\n"+date)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestSendGoesOnWhenTheFirstVendorIsDown(t *testing.T) {
	v := startVendors(t)
	require.NoError(t, v.athens.SetMode(httpcalltest.Down))
	result, got := v.send(t, "Hello")
	assert.Equal(t, cli.ExitDone, got.code)
	assert.Equal(t, "usa", result.Provider)
	assert.False(t, result.DuplicatePossible, "athens certainly does not have it")
	require.Len(t, v.usa.Messages(), 1)
	assert.Equal(t, "Hello", v.usa.Messages()[0].Text)
	require.NotEmpty(t, result.Attempts)
	assert.Equal(t, provider.OutcomeNotSent, result.Attempts[0].Outcome)
}

func TestSendStopsInDoubt(t *testing.T) {
	v := startVendors(t)
	require.NoError(t, v.athens.SetMode(httpcalltest.Drop))
	result, got := v.send(t, "Hello")
	assert.Equal(t, cli.ExitUnknown, got.code)
	assert.Equal(t, provider.OutcomeUnknown, result.Status)
	assert.Equal(t, provider.Indeterminate, result.Code)
	assert.Len(t, v.athens.Messages(), 1, "the vendor has it once")
	assert.Empty(t, v.usa.Messages(), "and no other vendor has it")
	assert.Len(t, result.Attempts, 1)
}

func TestSendOfOneTimeCodeGoesOnInDoubt(t *testing.T) {
	v := startVendors(t)
	require.NoError(t, v.athens.SetMode(httpcalltest.Drop))
	result, got := v.send(t, "Your code is 4711", "--class", "otp")
	assert.Equal(t, cli.ExitDone, got.code)
	assert.Equal(t, provider.OutcomeAccepted, result.Status)
	assert.Equal(t, "usa", result.Provider)
	assert.True(t, result.DuplicatePossible)
	assert.Len(t, v.athens.Messages(), 1)
	assert.Len(t, v.usa.Messages(), 1)
}

func TestSendSkipsWhoCannotCarryTheText(t *testing.T) {
	v := startVendors(t)
	v.config = v.write(t, v.athens.URL, "usa, athens")
	result, got := v.send(t, strings.Repeat("0123456789", 20))
	assert.Equal(t, cli.ExitDone, got.code)
	assert.Equal(t, "athens", result.Provider)
	assert.Zero(t, v.usa.Requests())
	require.Len(t, result.Skipped, 1)
	assert.Equal(t, "usa", result.Skipped[0].Provider)
	assert.Contains(t, result.Skipped[0].Reason, "200 characters")
	assert.Contains(t, result.Skipped[0].Reason, "160")
}

func TestSendThroughOneProviderAlone(t *testing.T) {
	v := startVendors(t)
	result, got := v.send(t, "Hello", "--provider", "usa")
	assert.Equal(t, cli.ExitDone, got.code)
	assert.Equal(t, "usa", result.Provider)

	require.NoError(t, v.usa.SetMode(httpcalltest.Down))
	result, got = v.send(t, "Hello", "--provider", "usa")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Equal(t, provider.OutcomeNotSent, result.Status)
	assert.Zero(t, v.athens.Requests(), "there is no failover")
}

func TestSendReadsNationalNumbers(t *testing.T) {
	v := startVendors(t)
	got := anysms(t, "send", "--config", v.config, "--to", "697 123 4567", "--text", "Hello")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	require.Len(t, v.athens.Messages(), 1)
	assert.Equal(t, number, v.athens.Messages()[0].To)
}

func TestDryRunSendsNothing(t *testing.T) {
	v := startVendors(t)
	got := anysms(t, "send", "--config", v.config, "--to", number, "--text", strings.Repeat("x", 200), "--dry-run", "--format", "json")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	var plan router.Plan
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &plan))
	require.Len(t, plan.Candidates, 2)
	assert.Equal(t, "athens", plan.Candidates[0].Provider)
	assert.True(t, plan.Candidates[0].In)
	assert.False(t, plan.Candidates[1].In)
	assert.Equal(t, 2, plan.Segments)
	v.untouched(t)

	got = anysms(t, "send", "--config", v.config, "--to", "12", "--text", "x", "--dry-run", "--format", "json")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stdout, `"code":"invalid_recipient"`)
	v.untouched(t)
}

// A vendor's words must not contain control sequences or line breaks.
func TestVendorsWordsAreHarmless(t *testing.T) {
	v := startVendors(t)
	body := `{"errors":[{"type":"spam","title":"no \u001b[31m\u202e\nroute"}]}`
	v.usa.Fail(http.StatusUnprocessableEntity, body)
	got := anysms(t, "send", "--config", v.config, "--provider", "usa", "--to", number, "--text", "Hello")
	assert.Contains(t, got.stdout, "no \ufffd[31m\ufffd route")
	v.usa.Fail(http.StatusUnprocessableEntity, body)
	got = anysms(t, "status", "--config", v.config, "--provider", "usa", "x")
	assert.Contains(t, got.stderr, "no \ufffd[31m\ufffd")
}
