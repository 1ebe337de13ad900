package apifontest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const good = `{"message":{"text":"Hello There!","sender_id":"Example"},"subscribers":[{"number":"306900000001"}]}`

// call is a request that was signed for one path and body and goes out with
// whatever a test makes of it.
type call struct {
	method, path, query, body  string
	signedPath, signedBody     string
	date, contentType          string
	token, authorization, more string
}

func ask(t *testing.T, server *apifontest.Server, c call) (int, string) {
	t.Helper()
	or := func(s, def string) string {
		if s == "" {
			return def
		}
		return s
	}
	method, path := or(c.method, "POST"), "/services/api/v1"+or(c.path, "/sms/send")
	date := or(c.date, time.Now().UTC().Format(http.TimeFormat))
	mac := hmac.New(sha256.New, []byte(apifontest.Secret))
	mac.Write([]byte(method + "\n" + or(c.signedPath, path) + "\n" + or(c.signedBody, c.body) + "\n" + date))
	req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path+c.query, strings.NewReader(c.body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", or(c.contentType, "application/json; charset=utf-8"))
	req.Header.Set("X-ApifonWS-Date", date)
	req.Header.Set("Authorization", or(c.authorization, "ApifonWS "+or(c.token, apifontest.Token)+":"+c.more+base64.StdEncoding.EncodeToString(mac.Sum(nil))))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(req)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(body)
}

func TestAuthentication(t *testing.T) {
	const list = "/services/api/v1/list"
	tests := []struct {
		name   string
		call   call
		status int
	}{
		{"good", call{body: good}, 200},
		{"charset left out", call{body: good, contentType: "application/json"}, 200},
		{"query is not signed", call{method: "GET", path: "/list", query: "?size=10"}, 200},
		{"query is signed", call{method: "GET", path: "/list", query: "?size=10", signedPath: list + "?size=10"}, 401},
		{"another path signed", call{body: good, signedPath: list}, 401},
		{"another body signed", call{body: good, signedBody: good + " "}, 401},
		{"blank before the signature", call{body: good, more: " "}, 401},
		{"unknown token", call{body: good, token: "another"}, 401},
		{"old date", call{body: good, date: time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)}, 401},
		{"date in UTC", call{body: good, date: time.Now().UTC().Format(time.RFC1123)}, 401},
		{"unknown scheme", call{body: good, authorization: "Basic YTpi"}, 401},
		{"unknown access token", call{body: good, authorization: "Bearer x"}, 401},
		{"content type", call{body: good, contentType: "text/plain"}, 415},
		{"method", call{method: "PUT", body: good}, 405},
		{"path", call{path: "/sms/sent", body: good}, 404},
	}
	server := apifontest.NewServer(apifontest.Options{})
	defer server.Close()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body := ask(t, server, tt.call)
			assert.Equal(t, tt.status, status, body)
		})
	}
	assert.Len(t, server.Messages(), 2)
}

// Every field, type and limit of the send calls: what the reference does not
// allow is refused, and the response names the field.
func TestStrictness(t *testing.T) {
	im := func(channel string) string {
		return `{"subscribers":[{"number":"306900000001"}],"im_channels":[` + channel + `]}`
	}
	file := func(channel string) string { return im(channel) }
	tests := []struct{ path, body, field string }{
		{"/sms/send", strings.Replace(good, `"text"`, `"colour":1,"text"`, 1), "message.colour"},
		{"/sms/send", strings.Replace(good, `"Hello There!"`, `1`, 1), "message.text"},
		{"/sms/send", strings.Replace(good, `"Hello There!"`, `""`, 1), "message.text"},
		{"/sms/send", strings.Replace(good, `"Hello There!"`, `"Καλημέρα"`, 1), "message.text"},
		{"/sms/send", strings.Replace(good, `"Hello There!"`, `"{apifon_lp}"`, 1), "message.text"},
		{"/sms/send", strings.Replace(good, `"text"`, `"dc":3,"text"`, 1), "message.dc"},
		{"/sms/send", strings.Replace(good, `"text"`, `"dc":"0","text"`, 1), "message.dc"},
		{"/sms/send", strings.Replace(good, `"Example"`, `"Twelve chars"`, 1), "message.sender_id"},
		{"/sms/send", strings.Replace(good, `"Example"`, `"12345678901234567"`, 1), "message.sender_id"},
		{"/sms/send", strings.Replace(good, `"Example"`, `"Ex_ample"`, 1), "message.sender_id"},
		{"/sms/send", strings.Replace(good, `"306900000001"`, `"+306900000001"`, 1), "subscribers[0].number"},
		{"/sms/send", strings.Replace(good, `"306900000001"`, `"0306900000001"`, 1), "subscribers[0].number"},
		{"/sms/send", strings.Replace(good, `"306900000001"`, `306900000001`, 1), "subscribers[0].number"},
		{"/sms/send", strings.Replace(good, `}]`, `,"params":{"name":1}}]`, 1), "subscribers[0].params.name"},
		{"/sms/send", strings.Replace(good, `}]`, `,"params":{"apifon_lp":{}}}]`, 1), "subscribers[0].params.apifon_lp.url"},
		{"/sms/send", `{"message":{"text":"x","sender_id":"Example"},"subscribers":[]}`, "subscribers"},
		{"/sms/send", `{"subscribers":[{"number":"306900000001"}]}`, "message"},
		{"/sms/send", strings.Replace(good, `{"message"`, `{"tte":60,"message"`, 1), "tte"},
		{"/sms/send", strings.Replace(good, `{"message"`, `{"tte":"soon","message"`, 1), "tte"},
		{"/sms/send", strings.Replace(good, `{"message"`, `{"date":"2030-02-06T12:43:23Z","message"`, 1), "date"},
		{"/sms/send", strings.Replace(good, `{"message"`, `{"callback_url":"http://hooks.example","message"`, 1), "callback_url"},
		{"/sms/send", strings.Replace(good, `{"message"`, `{"reference_id":"`+strings.Repeat("x", 256)+`","message"`, 1), "reference_id"},
		{"/sms/remove", `{"id":"x","field":"MESSAGE_ID"}`, "field"},
		{"/im/send", im(`{}`), "im_channels[0]"},
		{"/im/send", im(`{"text":"x","images":["https://i.example/a.jpg"]}`), "im_channels[0]"},
		{"/im/send", im(`{"images":["https://i.example/a.jpg","https://i.example/b.jpg"]}`), "im_channels[0].images"},
		{"/im/send", im(`{"text":"` + strings.Repeat("x", 1001) + `"}`), "im_channels[0].text"},
		{"/im/send", im(`{"text":"x","ttl":29}`), "im_channels[0].ttl"},
		{"/im/send", im(`{"text":"x","actions":[{"title":"` + strings.Repeat("x", 31) + `","target_url":"u"}]}`), "im_channels[0].actions[0].title"},
		{"/im/send", im(`{"text":"x","device_target":"FRIDGE"}`), "im_channels[0].device_target"},
		{"/im/send", strings.Replace(im(`{"text":"x"}`), `{"sub`, `{"tte":"60","sub`, 1), "tte"},
		{"/im/file", file(`{"file_name":"` + strings.Repeat("x", 26) + `","file_type":"pdf","file_url":"https://f.example"}`), "im_channels[0].file_name"},
		{"/im/file", file(`{"file_name":"x","file_type":"exe","file_url":"https://f.example"}`), "im_channels[0].file_type"},
		{"/otp/create", `{"subscriber":"306900000001"}`, "reference_id"},
		{"/otp/create", `{"reference_id":"r","subscriber":"306900000001","code_length":4}`, "code_length"},
		{"/otp/create", `{"reference_id":"r","subscriber":"306900000001","im_channels":[{"text":"x"}]}`, "im_channels[0].text"},
	}
	server := apifontest.NewServer(apifontest.Options{})
	defer server.Close()
	for _, tt := range tests {
		status, body := ask(t, server, call{path: tt.path, body: tt.body})
		assert.Equal(t, 403, status, "%s %s", tt.path, tt.body)
		var said struct {
			ResultInfo struct {
				StatusCode  int    `json:"status_code"`
				Description string `json:"description"`
			} `json:"result_info"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &said))
		assert.Equal(t, 403, said.ResultInfo.StatusCode)
		assert.True(t, strings.HasPrefix(said.ResultInfo.Description, tt.field+": "), "%s: want the field %s in %q", tt.body, tt.field, said.ResultInfo.Description)
	}
	for _, body := range []string{"", "{", good + good, "\"\xff\"", "[]", "null"} {
		status, _ := ask(t, server, call{body: body, contentType: "application/json"})
		assert.GreaterOrEqual(t, status, 400, body)
	}
	assert.Empty(t, server.Messages())
}

func TestStrictResources(t *testing.T) {
	tests := []struct{ method, path, query, body, field string }{
		{"POST", "/bounce/subscriber/block", "", `{"destination":"x","reason":"other"}`, "destination"},
		{"POST", "/bounce/subscriber/block", "", `{"destination":"306900000001","reason":"because"}`, "reason"},
		{"GET", "/bounce/subscriber", "?size=201", "", "size"},
		{"GET", "/bounce/subscriber", "?fields=colour", "", "fields"},
		{"GET", "/bounce/subscriber", "?sort_dir=UP", "", "sort_dir"},
		{"GET", "/bounce/subscriber", "?limit=5", "", "limit"},
		{"POST", "/bounce/subscriber/query", "", `{"conditions":[{"name":"destination","op":"like"}]}`, "conditions[0].op"},
		{"POST", "/list", "", `{"type":"SIMPLE","title":"x","prefix":"+30"}`, "type"},
		{"POST", "/list", "", `{"type":"ADVANCED","prefix":"+30"}`, "title"},
		{"POST", "/list", "", `{"type":"ADVANCED","title":"x","prefix":"+30","campaign_defaults":{"from":"x"}}`, "campaign_defaults.from"},
		{"POST", "/list", "", `{"type":"ADVANCED","title":"x","prefix":"+30","double_optin":{"review_mobile_details":true}}`, "double_optin.review_mobile_details"},
	}
	server := apifontest.NewServer(apifontest.Options{})
	defer server.Close()
	for _, tt := range tests {
		status, body := ask(t, server, call{method: tt.method, path: tt.path, query: tt.query, body: tt.body})
		assert.Equal(t, 400, status, "%s%s %s", tt.path, tt.query, tt.body)
		var said struct {
			Status  string            `json:"status"`
			Details map[string]string `json:"error_details"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &said))
		assert.Equal(t, "400", said.Status)
		assert.Contains(t, said.Details, tt.field)
	}
	for _, path := range []string{"/list/x", "/bounce/subscriber/306900000001", "/list/x/subscriber", "/list/x/group/y"} {
		status, _ := ask(t, server, call{method: "GET", path: path})
		assert.Equal(t, 404, status, path)
	}
}

// The vendor's own client puts the parameters into the query; others use a form.
func TestTokenForms(t *testing.T) {
	server := apifontest.NewServer(apifontest.Options{Scopes: []string{"smsGateway"}})
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	values := url.Values{"grant_type": {"client_credentials"}, "client_id": {apifontest.ClientID}, "client_secret": {apifontest.ClientSecret}}
	answer, err := client.PostForm(server.TokenURL(), values)
	require.NoError(t, err)
	answer.Body.Close()
	assert.Equal(t, 200, answer.StatusCode)
	answer, err = client.Post(server.TokenURL()+"?"+values.Encode(), "application/x-www-form-urlencoded", nil)
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, 200, answer.StatusCode)
	var token struct {
		AccessToken string `json:"access_token"`
		Scope       string `json:"scope"`
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&token))
	assert.Equal(t, "smsGateway", token.Scope)
	status, _ := ask(t, server, call{body: good, authorization: "Bearer " + token.AccessToken})
	assert.Equal(t, 200, status)
	status, _ = ask(t, server, call{path: "/balance", authorization: "Bearer " + token.AccessToken})
	assert.Equal(t, 401, status, "another scope")
	for change, want := range map[string]int{"client_secret=x": 401, "grant_type=password": 400, "scope=everything": 400} {
		name, value, _ := strings.Cut(change, "=")
		bad := url.Values{}
		maps.Copy(bad, values)
		bad.Set(name, value)
		answer, err := client.PostForm(server.TokenURL(), bad)
		require.NoError(t, err)
		answer.Body.Close()
		assert.Equal(t, want, answer.StatusCode, change)
	}
}

func TestFailures(t *testing.T) {
	server := apifontest.NewServer(apifontest.Options{})
	defer server.Close()
	server.FailWith(httpcalltest.Failure{Path: "/balance", Status: 503, Header: http.Header{"Retry-After": {"7"}}})
	server.Fail(502, "bad gateway")
	server.FailWith(httpcalltest.Failure{Status: 504, After: true})
	for _, want := range []int{502, 504, 200} {
		status, _ := ask(t, server, call{body: good})
		assert.Equal(t, want, status)
	}
	assert.Len(t, server.Messages(), 2, "the 504 came after the message was taken")
	status, _ := ask(t, server, call{path: "/balance"})
	assert.Equal(t, 503, status)
	assert.Len(t, server.Calls(), 4)
}
