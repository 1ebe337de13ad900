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
		{"gateway 403 recipient", 403, `{"result_info":{"status_code":403,"description":"Invalid subscriber number 306900000001"}}`, provider.InvalidRecipient, "***"},
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

func TestCancel(t *testing.T) {
	server, p := open(t)
	receipt, err := p.Send(t.Context(), &provider.Message{To: ann, Text: "x", SendAt: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	require.NoError(t, provider.Cancel(t.Context(), p, receipt.ID))
	assert.True(t, server.Messages()[0].Removed)
	require.ErrorIs(t, provider.Cancel(t.Context(), p, receipt.ID), provider.Rejected)
	require.ErrorIs(t, provider.Cancel(t.Context(), p, receipt.ID+":2"), provider.Unsupported)
	server.FailWith(httpcalltest.Failure{Path: "/im/remove", Status: 401})
	require.ErrorIs(t, provider.Cancel(t.Context(), p, receipt.ID), provider.Rejected, "a token without instant messages")
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
