package apifon_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider"
)

func TestOneTimeCode(t *testing.T) {
	c := &clock{now: time.Now()}
	server := apifontest.NewServer(apifontest.Options{Now: c.Now})
	defer server.Close()
	config := apifon.Config{Token: apifontest.Token, Secret: apifontest.Secret, Sender: "Example", Now: c.Now}
	config.BaseURL = server.URL
	p, err := apifon.New(config)
	require.NoError(t, err)
	defer p.Close()
	check := func(ref, code string) provider.VerificationResult {
		t.Helper()
		verdict, err := provider.CheckVerification(t.Context(), p, ref, code)
		require.NoError(t, err)
		return verdict
	}

	receipt, err := provider.StartVerification(t.Context(), p, &provider.VerificationRequest{To: ann, Ref: "login 1/2", Text: "Κωδικός: {apifon_otp}", Length: 8, Alpha: true, Expire: time.Minute})
	require.NoError(t, err)
	assert.Equal(t, "login 1/2", receipt.ID)
	sent := server.Messages()[0]
	require.Len(t, sent.Code, 8)
	assert.Equal(t, "Κωδικός: "+sent.Code, sent.Text)
	assert.Equal(t, 2, sent.DataCoding)
	assert.Equal(t, provider.VerificationWrong, check(receipt.ID, "nonsense"))
	assert.Equal(t, provider.VerificationWrong, check("unknown", sent.Code))
	assert.Equal(t, provider.VerificationRight, check(receipt.ID, sent.Code))
	assert.Equal(t, provider.VerificationUsed, check(receipt.ID, sent.Code))

	receipt, err = provider.StartVerification(t.Context(), p, &provider.VerificationRequest{To: ann})
	require.NoError(t, err)
	assert.NotEmpty(t, receipt.ID, "the driver makes a ref")
	sent = server.Messages()[1]
	assert.Equal(t, sent.Code, sent.Text)
	c.forward(301 * time.Second)
	assert.Equal(t, provider.VerificationExpired, check(receipt.ID, sent.Code))
}

func TestOneTimeCodeChannels(t *testing.T) {
	extra := map[string]string{"apifon.im_text": "Viber {apifon_otp}", "apifon.im_sender": "Brand", "apifon.im_ttl": "60s"}
	tests := []struct {
		name, sender string
		r            provider.VerificationRequest
		channel      string
		failover     bool
	}{
		{"vendor's own SMS", "", provider.VerificationRequest{}, "SMS", false},
		{"SMS", "Example", provider.VerificationRequest{Text: "{apifon_otp}"}, "SMS", false},
		{"Viber", "", provider.VerificationRequest{Extra: extra}, "VIBER", false},
		{"Viber, then SMS", "Example", provider.VerificationRequest{Extra: extra}, "VIBER", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, p := open(t, func(c *apifon.Config) { c.Sender = tt.sender })
			tt.r.To = ann
			_, err := p.StartVerification(t.Context(), &tt.r)
			require.NoError(t, err)
			got := server.Messages()[0]
			assert.Equal(t, tt.channel, got.Channel)
			assert.Equal(t, tt.failover, got.Failover != nil)
		})
	}
}

func TestCodeRefusedWithoutRequest(t *testing.T) {
	tests := []struct {
		name string
		r    provider.VerificationRequest
		code provider.Code
	}{
		{"no code in the text", provider.VerificationRequest{To: ann, Text: "hello"}, provider.InvalidMessage},
		{"other magic", provider.VerificationRequest{To: ann, Text: "{apifon_otp} {apifon_lp}"}, provider.Unsupported},
		{"too short", provider.VerificationRequest{To: ann, Length: 4}, provider.Unsupported},
		{"too long", provider.VerificationRequest{To: ann, Length: 21}, provider.Unsupported},
		{"half a second", provider.VerificationRequest{To: ann, Expire: time.Second / 2}, provider.Unsupported},
		{"unknown extra", provider.VerificationRequest{To: ann, Extra: map[string]string{"apifon.x": ""}}, provider.Unsupported},
		{"no code in the instant message", provider.VerificationRequest{To: ann, Extra: map[string]string{"apifon.im_text": "x"}}, provider.InvalidMessage},
		{"instant message outlives the code", provider.VerificationRequest{To: ann, Extra: map[string]string{"apifon.im_ttl": "301s"}}, provider.Unsupported},
		{"nobody", provider.VerificationRequest{}, provider.InvalidRecipient},
	}
	server, p := open(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := p.StartVerification(t.Context(), &tt.r)
			require.ErrorIs(t, err, tt.code)
		})
	}
	_, err := p.CheckVerification(t.Context(), "", "1")
	require.ErrorIs(t, err, provider.InvalidMessage)
	assert.Zero(t, server.Requests())
}

func TestCodeWithResultsAndRefusalIsIndeterminate(t *testing.T) {
	server, p := open(t)
	server.Fail(200, `{"request_id":"q","result":[{"message_id":"m"}],"result_info":{"status_code":403,"description":"D"}}`)
	_, err := p.StartVerification(t.Context(), &provider.VerificationRequest{To: ann})
	require.ErrorIs(t, err, provider.Indeterminate)
}

func TestEveryVerdict(t *testing.T) {
	server, p := open(t)
	for code, want := range map[string]struct {
		status  int
		verdict provider.VerificationResult
	}{
		"0": {200, provider.VerificationRight}, "1": {200, provider.VerificationUsed}, "2": {403, provider.VerificationWrong}, "3": {403, provider.VerificationWrong},
		"4": {403, provider.VerificationWrong}, "5": {403, provider.VerificationWrong}, "6": {403, provider.VerificationExpired}, "7": {403, provider.VerificationWrong},
	} {
		for _, form := range []string{code, `"` + code + `"`} {
			server.Fail(want.status, fmt.Sprintf(`{"request_id":"q","result_info":{"status_code":%s,"description":"D"}}`, form))
			verdict, err := p.CheckVerification(t.Context(), "ref", "123456")
			require.NoError(t, err)
			assert.Equal(t, want.verdict, verdict, "status_code %s", form)
		}
	}
	for name, tt := range map[string]struct {
		status int
		body   string
		code   provider.Code
	}{
		"empty":            {200, "", provider.Indeterminate},
		"right with a 403": {403, `{"result_info":{"status_code":0}}`, provider.Unavailable},
		"right with a 502": {502, `{"result_info":{"status_code":0}}`, provider.Indeterminate},
		"unknown verdict":  {200, `{"result_info":{"status_code":9}}`, provider.Indeterminate},
		"authentication":   {401, `{"status":"401","title":"Unauthorized"}`, provider.Unauthenticated},
		"wrong parameters": {403, `{"result_info":{"status_code":403,"description":"bad"}}`, provider.InvalidMessage},
		"internal":         {500, "", provider.Indeterminate},
	} {
		server.Fail(tt.status, tt.body)
		_, err := p.CheckVerification(t.Context(), "ref", "123456")
		require.ErrorIs(t, err, tt.code, name)
		assert.NotContains(t, err.Error(), "123456")
	}
}
