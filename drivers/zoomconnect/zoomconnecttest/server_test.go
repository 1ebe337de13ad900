package zoomconnecttest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/drivers/zoomconnect/zoomconnecttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// do makes a request as somebody would who writes a driver from the vendor's
// guide. The headers are pairs of name and value.
func do(t *testing.T, method, url, body string, headers ...string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(b)
}

var credentials = []string{"email", zoomconnecttest.Email, "token", zoomconnecttest.Token}

func TestStrictness(t *testing.T) {
	const send = "/sms/send"
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     string
		accepted                 int
	}{
		{"good", "POST", send, `{"message":"x","recipientNumber":"+27820000001"}`, 200, `"error":null`, 1},
		{"no plus", "POST", send, `{"message":"x","recipientNumber":"27820000001"}`, 200, `"error":null`, 1},
		{"South African form", "POST", send, `{"message":"x","recipientNumber":"0820000001"}`, 200, `"error":null`, 1},
		{"no number", "POST", send, `{"message":"x"}`, 400, `"code":2`, 0},
		{"bad number", "POST", send, `{"message":"x","recipientNumber":"082"}`, 400, `"code":2`, 0},
		{"no text", "POST", send, `{"recipientNumber":"+27820000001"}`, 400, `"code":3`, 0},
		{"a sender", "POST", send, `{"message":"x","recipientNumber":"+27820000001","from":"Shop"}`, 400, "BAD_REQUEST", 0},
		{"wrong type", "POST", send, `{"message":1,"recipientNumber":"+27820000001"}`, 400, "BAD_REQUEST", 0},
		{"two bodies", "POST", send, `{"message":"x","recipientNumber":"+27820000001"}{}`, 400, "BAD_REQUEST", 0},
		{"ISO date", "POST", send, `{"message":"x","recipientNumber":"+27820000001","dateToSend":"2030-01-31T20:55:00Z"}`, 400, "dateToSend", 0},
		{"too dear", "POST", send, `{"message":"` + strings.Repeat("x", 160+153*1000) + `","recipientNumber":"+27820000001"}`, 200, `"messageId":null`, 0},
		{"no messages", "POST", "/sms/send-bulk", `{"sendSmsRequests":[]}`, 400, "BAD_REQUEST", 0},
		{"unknown field in a batch", "POST", "/sms/send-bulk", `{"sendSmsRequests":[{"text":"x"}]}`, 400, "BAD_REQUEST", 0},
		{"one of two", "POST", "/sms/send-bulk", `{"sendSmsRequests":[{"message":"x","recipientNumber":"1"},{"message":"x","recipientNumber":"+27820000001"}]}`, 200, "Invalid mobile number", 1},
		{"by address, GET", "GET", "/sms/send-url-parameters?message=x&recipientNumber=%2B27820000001", "", 200, "5b37661a", 1},
		{"by address, no text", "GET", "/sms/send-url-parameters?recipientNumber=%2B27820000001", "", 400, `"code":3`, 0},
		{"by address, a sender", "POST", "/sms/send-url-parameters?message=x&recipientNumber=%2B27820000001&from=x", "", 400, "from", 0},
		{"by address, wrong token", "POST", "/sms/send-url/" + zoomconnecttest.Token + "?message=x&recipientNumber=%2B27820000001", "", 401, "UNAUTHORIZED", 0},
		{"unknown filter", "GET", "/messages/all?sender=x", "", 400, "sender", 0},
		{"page 0", "GET", "/messages/all?page=0", "", 400, "BAD_REQUEST", 0},
		{"date of another form", "GET", "/messages/all?fromDateTimeSent=31-01-2030", "", 400, "BAD_REQUEST", 0},
		{"balance with a parameter", "GET", "/account/balance?x=1", "", 400, "BAD_REQUEST", 0},
		{"statistics with a date of another form", "GET", "/account/statistics?from=20300131", "", 400, "dd-MM-yyyy", 0},
		{"transfer to nobody", "POST", "/account/transfer", `{"transferFromEmailAddress":"` + zoomconnecttest.Email + `","transferToEmailAddress":"x","numberOfCreditsToTransfer":1}`, 400, "no such user", 0},
		{"user without a name", "PUT", "/account/user", `{"emailAddress":"b@example.com"}`, 400, "required", 0},
		{"search for nobody", "GET", "/account/user", "", 400, "searchEmail", 0},
		{"group without a name", "POST", "/groups/create", `{"groupId":""}`, 400, "name", 0},
		{"contact with an id", "POST", "/contacts/create", `{"contactId":"1"}`, 400, "not a new contact", 0},
		{"group that is not there", "GET", "/groups/1", "", 404, "NOT_FOUND", 0},
		{"template that is not there", "DELETE", "/templates/1", "", 404, "NOT_FOUND", 0},
		{"analysis of nothing that is known", "POST", "/messages/analyse/full", `{"text":"x"}`, 400, "BAD_REQUEST", 0},
		{"unknown call", "POST", "/sms/cancel", "", 404, "", 0},
	}
	s := zoomconnecttest.NewServer(zoomconnecttest.Options{})
	defer s.Close()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := len(s.Messages())
			status, answer := do(t, tt.method, s.URL+"/api/rest/v1"+tt.path, tt.body, credentials...)
			assert.Equal(t, tt.status, status, answer)
			assert.Contains(t, answer, tt.want)
			assert.Len(t, s.Messages(), before+tt.accepted)
		})
	}
}

func TestAuthentication(t *testing.T) {
	s := zoomconnecttest.NewServer(zoomconnecttest.Options{Email: "a@example.com", Token: "t0ken"})
	defer s.Close()
	balance := s.URL + "/api/rest/v1/account/balance"
	for name, tt := range map[string]struct {
		url     string
		headers []string
		status  int
	}{
		"headers":         {balance, []string{"email", "a@example.com", "token", "t0ken"}, 200},
		"basic":           {balance, []string{"Authorization", "Basic YUBleGFtcGxlLmNvbTp0MGtlbg=="}, 200},
		"query":           {balance + "?email=a%40example.com&token=t0ken", nil, 200},
		"none":            {balance, nil, 401},
		"another account": {balance, credentials, 401},
		"token alone":     {balance, []string{"token", "t0ken"}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			status, _ := do(t, "GET", tt.url, "", tt.headers...)
			assert.Equal(t, tt.status, status)
		})
	}
}

func TestBodyMustBeDeclared(t *testing.T) {
	s := zoomconnecttest.NewServer(zoomconnecttest.Options{})
	defer s.Close()
	headers := append([]string{"Content-Type", "text/plain"}, credentials...)
	status, _ := do(t, "POST", s.URL+"/api/rest/v1/sms/send", `{"message":"x","recipientNumber":"+27820000001"}`, headers...)
	assert.Equal(t, 400, status)
	assert.Empty(t, s.Messages())
	assert.Nil(t, s.Callback("nothing"))
	assert.False(t, s.SetStatus("nothing", "SENT"))
	assert.Nil(t, s.GroupsOf("nothing"))
}
