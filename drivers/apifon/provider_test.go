package apifon_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ann = e164.MustParse("+306900000001")

// open starts a fake vendor and a provider for its account.
func open(t *testing.T, change ...func(*apifon.Config)) (*apifontest.Server, *apifon.Provider) {
	server := apifontest.NewServer(apifontest.Options{})
	config := apifon.Config{
		Config: httpcall.Config{BaseURL: server.URL},
		Token:  apifontest.Token, Secret: apifontest.Secret, Sender: "Example",
	}
	for _, c := range change {
		c(&config)
	}
	p, err := apifon.New(config)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, p.Close())
		server.Close()
	})
	return server, p
}

func TestSendArrivesAsWritten(t *testing.T) {
	texts := []struct {
		name, text string
		coding     int
		segments   int
	}{
		{"latin", "Hello There!", 0, 1},
		{"extension", "price {10} [€] ^~|\\", 0, 1},
		{"placeholder of nobody", "Hi {name}", 0, 1},
		{"greek", "Καλημέρα", 2, 1},
		{"emoji", "ok 👍🏽", 2, 1},
		{"quotes and markup", "\"it's\" <b>&amp;</b>\n\ttab", 2, 1},
		{"long", strings.Repeat("a", 400), 0, 3},
		{"long greek", strings.Repeat("ω", 150), 2, 3},
	}
	server, p := open(t)
	for _, tt := range texts {
		t.Run(tt.name, func(t *testing.T) {
			receipt, err := p.Send(t.Context(), &provider.Message{To: ann, Text: tt.text, Ref: "r-1"})
			require.NoError(t, err)
			ledger := server.Messages()
			got := ledger[len(ledger)-1]
			assert.Equal(t, tt.text, got.Text)
			assert.Equal(t, tt.coding, got.DataCoding)
			assert.Equal(t, tt.segments, receipt.Segments)
			assert.Equal(t, "+306900000001", got.To)
			assert.Equal(t, "Example", got.From)
			assert.Equal(t, "r-1", got.ReferenceID)
			assert.Equal(t, got.RequestID, receipt.ID)
		})
	}
	assert.Equal(t, len(texts), server.Requests())
}

func TestSendOptions(t *testing.T) {
	server, p := open(t, func(c *apifon.Config) { c.CallbackURL = "https://hooks.example/dlr" })
	at := time.Now().Add(time.Hour)
	_, err := p.Send(t.Context(), &provider.Message{To: ann, From: "+306988888888", Text: "x", Validity: 90*time.Second + 1, SendAt: at})
	require.NoError(t, err)
	got := server.Messages()[0]
	assert.Equal(t, "306988888888", got.From)
	assert.Equal(t, "90", got.TTE)
	assert.Equal(t, "https://hooks.example/dlr", got.CallbackURL)
	assert.False(t, got.SendAt.Before(at), "never before the time asked for")
	assert.Less(t, got.SendAt.Sub(at), time.Second)
}

func TestRefusedWithoutRequest(t *testing.T) {
	long := strings.Repeat("x", 256)
	tests := []struct {
		name string
		m    provider.Message
		code provider.Code
		want string
	}{
		{"no recipient", provider.Message{Text: "x"}, provider.InvalidRecipient, "recipient"},
		{"no text", provider.Message{To: ann}, provider.InvalidMessage, "empty"},
		{"bad UTF-8", provider.Message{To: ann, Text: "\xff"}, provider.InvalidMessage, "UTF-8"},
		{"magic", provider.Message{To: ann, Text: "see {apifon_lp}"}, provider.Unsupported, "{apifon_"},
		{"unknown extra", provider.Message{To: ann, Text: "x", Extra: map[string]string{"apifon.colour": "red"}}, provider.Unsupported, "apifon.colour"},
		{"reference too long", provider.Message{To: ann, Text: "x", Ref: long}, provider.Unsupported, "reference_id"},
		{"validity too short", provider.Message{To: ann, Text: "x", Validity: 59 * time.Second}, provider.Unsupported, "tte"},
		{"validity too long", provider.Message{To: ann, Text: "x", Validity: 49 * time.Hour}, provider.Unsupported, "tte"},
		{"sender too long", provider.Message{To: ann, Text: "x", From: "Twelve chars"}, provider.SenderRejected, "message.sender_id"},
		{"numeric sender too long", provider.Message{To: ann, Text: "x", From: "12345678901234567"}, provider.SenderRejected, "17 digits"},
		{"greek sender", provider.Message{To: ann, Text: "x", From: "Αθήνα"}, provider.SenderRejected, "Latin"},
	}
	server, p := open(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := p.Send(t.Context(), &tt.m)
			require.ErrorIs(t, err, tt.code)
			assert.ErrorContains(t, err, tt.want)
		})
	}
	t.Run("no sender at all", func(t *testing.T) {
		_, p := open(t, func(c *apifon.Config) { c.Sender = "" })
		_, err := p.Send(t.Context(), &provider.Message{To: ann, Text: "x"})
		require.ErrorIs(t, err, provider.SenderRejected)
	})
	assert.Zero(t, server.Requests())
}

func TestAnswers(t *testing.T) {
	const ok = `{"request_id":"q","results":{"306900000001":[{"message_id":"m"}]},"result_info":{"status_code":"200","description":"OK"}}`
	ok0 := func(field string) string { return strings.Replace(ok, `{"message_id"`, "{"+field+`,"message_id"`, 1) }
	tests := []struct {
		name   string
		status int
		body   string
		code   provider.Code // "" = accepted
		want   string
	}{
		{"status as a string", 200, ok, "", ""},
		{"created", 201, ok, "", ""},
		{"number with a plus sign", 200, strings.Replace(ok, `"306`, `"+306`, 1), "", ""},
		{"number with two zeros", 200, strings.Replace(ok, `"306`, `"00306`, 1), "", ""},
		{"landing pages as a list", 200, ok0(`"landing_pages":[]`), "", ""},
		{"length as a string", 200, ok0(`"length":"23"`), "", ""},
		{"length as a fraction", 200, ok0(`"length":23.5`), "", ""},
		{"short code as a number", 200, ok0(`"short_code":4711,"short_url":false`), "", ""},
		{"custom id as a number", 200, ok0(`"custom_id":5`), "", ""},
		{"reference as a number", 200, strings.Replace(ok, `{"req`, `{"reference":5,"req`, 1), "", ""},
		{"one result without a list", 200, `{"request_id":"q","results":{"306900000001":{"message_id":"m"}}}`, "", ""},
		{"summary of another type", 200, `{"request_id":"q","results":{"306900000001":[{"message_id":"m"}]},"result_info":"OK"}`, "", ""},
		{"description of another type", 403, `{"result_info":{"status_code":403,"description":["Invalid sender"]}}`, provider.InvalidMessage, ""},
		{"title of another type", 403, `{"status":403,"title":5,"error_details":[]}`, provider.InvalidMessage, ""},
		{"request id of blanks", 200, strings.Replace(ok, `"q"`, `" \t"`, 1), provider.Indeterminate, ""},
		{"message id of blanks", 200, strings.Replace(ok, `"m"`, `"  "`, 1), provider.Indeterminate, ""},
		{"request id of another type", 200, strings.Replace(ok, `"q"`, `{"id":"q"}`, 1), provider.Indeterminate, ""},
		{"a list", 200, "[" + ok + "]", provider.Indeterminate, ""},
		{"without summary", 200, `{"request_id":"q","results":{"306900000001":[{"message_id":"m"}]}}`, "", ""},
		{"empty", 200, "", provider.Indeterminate, ""},
		{"html", 200, "<html>", provider.Indeterminate, ""},
		{"array", 200, "[]", provider.Indeterminate, ""},
		{"no request id", 200, strings.Replace(ok, "request_id", "x", 1), provider.Indeterminate, "no request id"},
		{"another number", 200, strings.Replace(ok, "306900000001", "306900000002", 1), provider.Indeterminate, "no message id"},
		{"no message id", 200, strings.Replace(ok, "message_id", "x", 1), provider.Indeterminate, "no message id"},
		{"results beside a refusal", 200, strings.Replace(ok, `"200"`, `"403"`, 1), provider.Indeterminate, "403"},
		{"results of another shape beside a refusal", 200, `{"request_id":"q","results":[{"message_id":"m"}],"result_info":{"status_code":403}}`, provider.Indeterminate, ""},
		{"results beside an error body", 200, `{"status":"400","title":"T","results":{"306900000001":[{"message_id":"m"}]}}`, provider.Indeterminate, ""},
		{"results beside a refusal with 500", 500, strings.Replace(ok, `"200"`, `"403"`, 1), provider.Indeterminate, ""},
		{"empty results beside a refusal", 200, `{"request_id":"q","results":{},"result_info":{"status_code":403,"description":"Invalid sender"}}`, provider.SenderRejected, ""},
		{"refusal in a 200", 200, `{"request_id":"q","result_info":{"status_code":403,"description":"Invalid sender"}}`, provider.SenderRejected, "Invalid sender"},
		{"gateway 403 as a string", 403, `{"result_info":{"status_code":"403","description":"Wrong text"}}`, provider.InvalidMessage, "Wrong text"},
		{"gateway 403 recipient", 403, `{"result_info":{"status_code":403,"description":"Invalid subscriber number 306900000001"}}`, provider.InvalidRecipient, "[number]"},
		{"gateway credit", 403, `{"result_info":{"status_code":403,"description":"Not enough credits"}}`, provider.InsufficientFunds, ""},
		{"resource 400", 400, `{"status":"400","title":"Request validation Error(s)","error_details":{"message.sender_id":"too long"},"error_report_code":"r"}`, provider.SenderRejected, "message.sender_id: too long"},
		{"resource 400 of numbers", 400, `{"status":400,"title":"T","error_details":{"message.dc":7}}`, provider.InvalidMessage, "message.dc: 7"},
		{"authentication", 401, `{"status":"401","title":"Unauthorized","error_details":{},"error_report_code":"r"}`, provider.Unauthenticated, "Unauthorized"},
		{"authentication without body", 401, "", provider.Unauthenticated, ""},
		{"403 of a proxy", 403, "<html>", provider.Unavailable, ""},
		{"404", 404, "", provider.Unavailable, ""},
		{"throttled", 429, `{"status":"429","title":"Too many requests"}`, provider.RateLimited, ""},
		{"throttled without body", 429, "", provider.RateLimited, ""},
		{"internal error", 500, `{"status":"500","title":"Internal Server Error","error_report_code":"r"}`, provider.Indeterminate, "Internal Server Error"},
		{"timeout of the vendor", 408, `{"result_info":{"status_code":408,"description":"Timed out"}}`, provider.Indeterminate, ""},
		{"bad gateway", 502, "<html>", provider.Indeterminate, ""},
	}
	server, p := open(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server.Fail(tt.status, tt.body)
			receipt, err := p.Send(t.Context(), &provider.Message{To: ann, Text: "x"})
			if tt.code == "" {
				require.NoError(t, err)
				assert.Equal(t, "q", receipt.ID)
				return
			}
			require.ErrorIs(t, err, tt.code)
			assert.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), "306900000001")
			assert.NotContains(t, err.Error(), apifontest.Secret)
		})
	}
	assert.Empty(t, server.Messages())
}

func TestWrongSecret(t *testing.T) {
	server, p := open(t, func(c *apifon.Config) { c.Secret = "another" })
	_, err := p.Send(t.Context(), &provider.Message{To: ann, Text: "x"})
	require.ErrorIs(t, err, provider.Unauthenticated)
	assert.Empty(t, server.Messages())
}

// An id of any digits arrives as written, never rounded.
func TestIDsThatAreNumbers(t *testing.T) {
	server, p := open(t)
	server.Fail(200, `{"request_id":9007199254740993,"results":{"306900000001":[{"message_id":18}]},"result_info":{"status_code":200}}`)
	receipt, err := p.Send(t.Context(), hello())
	require.NoError(t, err)
	assert.Equal(t, "9007199254740993", receipt.ID)
	server.Fail(200, `{"request_id":17,"reference_id":5,"result":{},"result_info":{"status_code":"200"}}`)
	receipt, err = p.StartVerification(t.Context(), &provider.VerificationRequest{To: ann, Ref: "r-1"})
	require.NoError(t, err)
	assert.Equal(t, "r-1", receipt.ID)
	e := parse(t, p, `{"request_id":9007199254740993,"reference_id":5,"type":"SMS","data":[{"message_id":18,"from":1234,"to":306900000001,"custom_id":7,"status":{"code":"7","text":5}}]}`)[0]
	assert.Equal(t, "9007199254740993", e.ID)
	assert.Equal(t, "5", e.Ref)
	assert.Equal(t, "+306900000001", e.To)
	assert.Equal(t, provider.StatusDelivered, e.Status)
}

func TestCancel(t *testing.T) {
	server, p := open(t)
	receipt, err := p.Send(t.Context(), &provider.Message{To: ann, Text: "x", SendAt: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	require.NoError(t, provider.Cancel(t.Context(), p, receipt.ID))
	assert.True(t, server.Messages()[0].Removed)
	require.ErrorIs(t, provider.Cancel(t.Context(), p, receipt.ID), provider.Rejected)
	require.ErrorIs(t, provider.Cancel(t.Context(), p, receipt.ID+":2"), provider.Unsupported)
	for status, body := range map[int]string{401: "", 403: `{"result_info":{"status_code":403,"description":"Not allowed"}}`, 404: "<html>"} {
		server.FailWith(httpcalltest.Failure{Path: "/im/remove", Status: status, Body: body})
		err := provider.Cancel(t.Context(), p, receipt.ID)
		require.ErrorIs(t, err, provider.Rejected, "an account without instant messages")
		require.ErrorContains(t, err, "no message is scheduled")
	}
	server.FailWith(httpcalltest.Failure{Path: "/im/remove", Status: 500})
	require.ErrorIs(t, provider.Cancel(t.Context(), p, receipt.ID), provider.Indeterminate)
	server.FailWith(httpcalltest.Failure{Path: "/sms/remove", Status: 401})
	require.ErrorIs(t, provider.Cancel(t.Context(), p, receipt.ID), provider.Unauthenticated)
	for _, body := range []string{"", "null", "{}", `"4"`} {
		server.Fail(200, body)
		require.ErrorIs(t, provider.Cancel(t.Context(), p, receipt.ID), provider.Indeterminate, body)
	}
}

func TestConfig(t *testing.T) {
	tests := []struct {
		name   string
		config apifon.Config
		path   string
	}{
		{"nothing", apifon.Config{}, "token"},
		{"both", apifon.Config{Token: "t", Secret: "s", ClientID: "c", ClientSecret: "d"}, "token"},
		{"no token", apifon.Config{Secret: "s"}, "token"},
		{"no secret", apifon.Config{Token: "t"}, "secret"},
		{"no client id", apifon.Config{ClientSecret: "s"}, "client_id"},
		{"no client secret", apifon.Config{ClientID: "s"}, "client_secret"},
		{"sender", apifon.Config{Token: "t", Secret: "s", Sender: "Twelve chars"}, "sender"},
		{"token url", apifon.Config{ClientID: "t", ClientSecret: "s", TokenURL: "http://ids.example"}, "token_url"},
		{"base url", apifon.Config{Token: "t", Secret: "s", Config: httpcall.Config{BaseURL: "http://ars.example"}}, "base_url"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := apifon.New(tt.config)
			var wrong *provider.ConfigError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, tt.path, wrong.Path)
		})
	}
	p, err := apifon.New(apifon.Config{Token: "t", Secret: "s", Sender: "+306988888888"})
	require.NoError(t, err)
	require.NoError(t, p.Close())
}
