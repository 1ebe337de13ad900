package zoomconnect_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/drivers/internal/drivertest"
	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/drivers/zoomconnect/zoomconnecttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var alice = e164.MustParse("+27820000001")

func newServer(t *testing.T) *zoomconnecttest.Server {
	t.Helper()
	s := zoomconnecttest.NewServer(zoomconnecttest.Options{})
	t.Cleanup(s.Close)
	return s
}

// open makes a provider for the fake; change, if given, edits its settings.
func open(t *testing.T, url string, change ...func(*zoomconnect.Config)) *zoomconnect.Provider {
	t.Helper()
	config := zoomconnect.Config{
		Email: zoomconnecttest.Email, Token: zoomconnecttest.Token, URLToken: zoomconnecttest.URLToken,
		Config: httpcall.Config{BaseURL: url},
	}
	for _, c := range change {
		c(&config)
	}
	p, err := zoomconnect.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func send(t *testing.T, p *zoomconnect.Provider, m provider.Message) string {
	t.Helper()
	m.To = alice
	if m.Text == "" {
		m.Text = "Hello"
	}
	receipt, err := p.Send(t.Context(), &m)
	require.NoError(t, err)
	require.NotEmpty(t, receipt.ID)
	return receipt.ID
}

func TestSendArrivesAsWritten(t *testing.T) {
	texts := drivertest.Texts()
	texts["long"] = strings.Repeat("0123456789", 40)
	for _, auth := range []string{"", zoomconnect.AuthHeaders, zoomconnect.AuthBasic, zoomconnect.AuthQuery} {
		for name, text := range texts {
			t.Run(name+" "+auth, func(t *testing.T) {
				s := newServer(t)
				p := open(t, s.URL, func(c *zoomconnect.Config) { c.Auth = auth })
				receipt, err := p.Send(t.Context(), &provider.Message{To: alice, Text: text, Ref: "order-17", Tag: "spring"})
				require.NoError(t, err)
				require.Len(t, s.Messages(), 1)
				got := s.Messages()[0]
				assert.Equal(t, got.ID, receipt.ID)
				assert.Equal(t, []string{text, alice.String(), "order-17", "spring"}, []string{got.Text, got.To, got.DataField, got.Campaign})
				assert.Contains(t, string(receipt.Raw), got.ID)
			})
		}
	}
}

func TestCampaign(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL, func(c *zoomconnect.Config) { c.Campaign, c.NumberFormat = "all", zoomconnect.NumberDigits })
	send(t, p, provider.Message{})
	send(t, p, provider.Message{Tag: "tag"})
	send(t, p, provider.Message{Tag: "tag", Extra: map[string]string{"zoomconnect.campaign": "extra", "other.key": "x"}})
	var campaigns []string
	for _, m := range s.Messages() {
		campaigns = append(campaigns, m.Campaign)
		assert.Equal(t, alice.String(), m.To)
	}
	assert.Equal(t, []string{"all", "tag", "extra"}, campaigns)
}

func TestScheduleIsNeverEarly(t *testing.T) {
	tests := map[string]struct {
		at, want string
		zone     string
	}{
		"full minute":       {"2030-01-31T18:55:00Z", "2030-01-31T18:55:00Z", ""},
		"a second too late": {"2030-01-31T18:55:00.000000001Z", "2030-01-31T18:56:00Z", ""},
		"another zone":      {"2030-01-31T23:59:59-05:00", "2030-02-01T05:00:00Z", ""},
		"zone by name":      {"2030-01-31T18:55:00Z", "2030-01-31T16:55:00Z", "UTC"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			p := open(t, s.URL, func(c *zoomconnect.Config) { c.TimeZone = tt.zone })
			at, err := time.Parse(time.RFC3339, tt.at)
			require.NoError(t, err)
			id := send(t, p, provider.Message{SendAt: at})
			assert.Equal(t, tt.want, s.Messages()[0].SendAt.UTC().Format(time.RFC3339Nano))
			event, err := p.Status(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, provider.StatusQueued, event.Status)
		})
	}
}

var refusedMessages = []struct {
	name    string
	message provider.Message
	want    provider.Code
}{
	{"no recipient", provider.Message{Text: "x"}, provider.InvalidRecipient},
	{"no text", provider.Message{To: alice}, provider.InvalidMessage},
	{"broken text", provider.Message{To: alice, Text: "\xff"}, provider.InvalidMessage},
	{"a sender", provider.Message{To: alice, Text: "x", From: "Shop"}, provider.Unsupported},
	{"a validity", provider.Message{To: alice, Text: "x", Validity: time.Hour}, provider.Unsupported},
	{"an extra", provider.Message{To: alice, Text: "x", Extra: map[string]string{"zoomconnect.from": "x"}}, provider.Unsupported},
}

func TestRefusedWithoutARequest(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	for _, tt := range refusedMessages {
		t.Run(tt.name, func(t *testing.T) {
			_, err := p.Send(t.Context(), &tt.message)
			require.ErrorIs(t, err, tt.want)
			_, err = p.Quote(t.Context(), &tt.message)
			require.ErrorIs(t, err, tt.want)
			assert.ErrorIs(t, p.SendBatch(t.Context(), []*provider.Message{&tt.message})[0].Err, tt.want)
		})
	}
	assert.Zero(t, s.Requests())
}

func TestFailures(t *testing.T) {
	rest := func(code, message string) string {
		return `{"status":"X","code":` + code + `,"message":"` + message + `","developerMessage":"d","moreInfoUrl":null}`
	}
	said := func(words string) string { return `{"messageId":null,"error":"` + words + `"}` }
	tests := []struct {
		name   string
		status int
		body   string
		want   provider.Code
	}{
		{"code 2", 400, rest("2", "Invalid mobile number"), provider.InvalidRecipient},
		{"code 3", 400, rest("3", "Message empty"), provider.InvalidMessage},
		{"code 3 as a string", 400, rest(`"3"`, "Message empty"), provider.InvalidMessage},
		{"code 2 whatever the status", 500, rest("2", "x"), provider.InvalidRecipient},
		{"general failure is doubt", 500, rest("1", "An error occurred"), provider.Indeterminate},
		{"words with a 500 are doubt", 500, rest("1", "no credit"), provider.Indeterminate},
		{"general failure with 400", 400, rest("1", "x"), provider.Rejected},
		{"unknown code", 400, rest("17", "x"), provider.Rejected},
		{"code of the settings", 400, rest("4", "x"), provider.NoRoute},
		{"words of the settings", 400, rest("0", "The Landline is closed"), provider.SenderRejected},
		{"words of the settings with a 500", 500, rest("0", "landline"), provider.SenderRejected},
		{"no code", 400, `{"message":"Invalid mobile number"}`, provider.InvalidRecipient},
		{"400 without a body", 400, "", provider.Rejected},
		{"401", 401, "", provider.Unauthenticated},
		{"401 with a body", 401, rest("0", "Bad credentials"), provider.Unauthenticated},
		{"403", 403, "", provider.Unavailable},
		{"404", 404, "", provider.Unavailable},
		{"404 with a body", 404, rest("0", "Not found"), provider.Unavailable},
		{"429", 429, "", provider.RateLimited},
		{"500", 500, "", provider.Indeterminate},
		{"503", 503, "<html>", provider.Indeterminate},
		{"302", 302, "", provider.Indeterminate},
		{"error about credit", 200, said("Insufficient credits"), provider.InsufficientFunds},
		{"error about opt-out", 200, said("Recipient has opted out"), provider.OptedOut},
		{"error about the number", 200, said("Invalid mobile number"), provider.InvalidRecipient},
		{"error about an empty text", 200, said("Message empty"), provider.InvalidMessage},
		{"unknown error", 200, said("Strange"), provider.Rejected},
		{"error that is not text", 200, `{"messageId":null,"error":{"a":1}}`, provider.Rejected},
		{"error body with 200", 200, rest("2", "x"), provider.InvalidRecipient},
		{"unknown error body with 200", 200, rest("17", "x"), provider.Rejected},
		{"id and error", 200, `{"messageId":"1","error":"x"}`, provider.Indeterminate},
		{"id and error body with 500", 500, `{"messageId":"1","code":2,"message":"Invalid mobile number"}`, provider.Indeterminate},
		{"id and error body", 200, `{"messageId":"1","code":2,"message":"Invalid mobile number"}`, provider.Indeterminate},
		{"code 0 with 200 is not an error", 200, `{"status":"OK","code":0,"message":"Queued"}`, provider.Indeterminate},
		{"neither id nor error", 200, `{"messageId":null,"error":null}`, provider.Indeterminate},
		{"id of blanks", 200, `{"messageId":" \u00a0"}`, provider.Indeterminate},
		{"empty id", 200, `{"messageId":""}`, provider.Indeterminate},
		{"id that is none", 200, `{"messageId":{}}`, provider.Indeterminate},
		{"page", 200, "<html>", provider.Indeterminate},
		{"nothing", 200, "", provider.Indeterminate},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			p := open(t, s.URL, func(c *zoomconnect.Config) {
				c.Errors = map[string]provider.Code{"4": provider.NoRoute, "LANDLINE": provider.SenderRejected}
			})
			drivertest.CheckFailure(t, s, p, &provider.Message{To: alice, Text: "x"}, tt.status, tt.body, tt.want)
		})
	}
}

func TestLenientResponses(t *testing.T) {
	for name, body := range map[string]string{
		"id as a number":   `{"messageId":17,"error":null}`,
		"no error at all":  `{"messageId":"17"}`,
		"an empty error":   `{"messageId":"17","error":""}`,
		"byte order mark":  "\ufeff" + `{"messageId":"17"}`,
		"an unknown field": `{"messageId":"17","links":[]}`,
		"error is false":   `{"messageId":"17","error":false}`,
		"error is a list":  `{"messageId":"17","error":[]}`,
		"code is zero":     `{"messageId":"17","code":0,"error":{}}`,
		"code is \"0\"":    `{"messageId":17,"code":"0"}`,
		"odd types":        `{"messageId":"17","status":5,"message":[],"sendSmsResponses":{},"moreInfoUrl":{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			drivertest.CheckAcceptance(t, s, open(t, s.URL), &provider.Message{To: alice, Text: "x"}, body, "17")
		})
	}
}

func TestErrorsAreRedactedAndTyped(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	s.Fail(400, `{"status":"BAD_REQUEST","code":2,"message":"+27820000001 is not a number, says `+zoomconnecttest.Token+`","developerMessage":"d","moreInfoUrl":"u"}`)
	_, err := p.Send(t.Context(), &provider.Message{To: alice, Text: "x"})
	require.ErrorIs(t, err, provider.InvalidRecipient)
	assert.NotContains(t, err.Error(), "820000001")
	assert.NotContains(t, err.Error(), zoomconnecttest.Token)
	assert.ErrorContains(t, err, "vendor code 2")
	var said *zoomconnect.APIError
	require.ErrorAs(t, err, &said)
	said.Message = ""
	assert.Equal(t, &zoomconnect.APIError{HTTPStatus: 400, Status: "BAD_REQUEST", Code: 2, DeveloperMessage: "d", MoreInfoURL: "u"}, said)
}

func TestBalanceQuoteCheck(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	require.NoError(t, provider.Check(t.Context(), p))
	quote, err := provider.RequestQuote(t.Context(), p, &provider.Message{To: alice, Text: strings.Repeat("ά", 71)})
	require.NoError(t, err)
	assert.Equal(t, &provider.Quote{Segments: 2, Encoding: "UCS2", Cost: &provider.Money{Micros: 2e6, Currency: provider.Credits}}, quote)
	_, err = provider.RequestQuote(t.Context(), p, &provider.Message{To: alice, Text: strings.Repeat("x", 2000)})
	require.ErrorIs(t, err, provider.Unsupported)
	assert.Empty(t, s.Messages(), "a quote sends nothing")

	send(t, p, provider.Message{})
	balance, err := provider.ReadBalance(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, "999 credits", balance.Available.String())

	for body, want := range map[string]string{
		`{"creditBalance":123.5}`:               "123.5 credits",
		`{"creditBalance":0.30000000000000004}`: "0.3 credits",
		`{"creditBalance":1.2e3}`:               "1200 credits",
		`{"creditBalance":-3}`:                  "-3 credits",
		`{"creditBalance":null}`:                "",
		`{"creditBalance":"lots"}`:              "",
		`{"creditBalance":1e300}`:               "",
		`{}`:                                    "",
	} {
		s.Fail(200, body)
		balance, err := p.Balance(t.Context())
		if want == "" {
			require.Error(t, err, body)
			continue
		}
		require.NoError(t, err, body)
		assert.Equal(t, want, balance.Available.String())
	}

	wrong := open(t, s.URL, func(c *zoomconnect.Config) { c.Token = "wrong" })
	require.ErrorIs(t, provider.Check(t.Context(), wrong), provider.Unauthenticated)
}

func TestNoMoneyNoMessage(t *testing.T) {
	s := zoomconnecttest.NewServer(zoomconnecttest.Options{Credits: 1})
	defer s.Close()
	p := open(t, s.URL)
	send(t, p, provider.Message{})
	_, err := p.Send(t.Context(), &provider.Message{To: alice, Text: "x"})
	require.ErrorIs(t, err, provider.InsufficientFunds)
	assert.Len(t, s.Messages(), 1)
	assert.Zero(t, s.Credits().Micros)
}

func TestNamesWithoutSecrets(t *testing.T) {
	p := open(t, "http://localhost:1")
	assert.Equal(t, "zoomconnect provider at http://localhost:1", p.String())
	assert.Equal(t, "zoomconnect client of http://localhost:1", p.Client().String())
}

func TestCancelledContext(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.Send(ctx, &provider.Message{To: alice, Text: "x"})
	require.ErrorIs(t, err, provider.Unavailable)
	assert.Zero(t, s.Requests())
}

// What the vendor repeats of the message is not shown, but it still says why the
// message was refused.
func TestReasonIsReadBeforeItIsHidden(t *testing.T) {
	s := newServer(t)
	s.Fail(400, `{"status":"BAD_REQUEST","message":"You have no credit left, Ann"}`)
	_, err := open(t, s.URL).Send(t.Context(), &provider.Message{To: alice, Text: "You have no credit left, Ann"})
	require.ErrorIs(t, err, provider.InsufficientFunds)
	assert.ErrorContains(t, err, "[text]")
	said, ok := errors.AsType[*zoomconnect.APIError](err)
	require.True(t, ok)
	assert.Equal(t, "[text]", said.Message)
}
