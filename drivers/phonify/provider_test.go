package phonify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/drivers/internal/drivertest"
	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var alice = e164.MustParse("+14560000000")

func newServer(t *testing.T) *phonifytest.Server {
	t.Helper()
	s := phonifytest.NewServer(phonifytest.Options{})
	t.Cleanup(s.Close)
	return s
}

// open makes a provider for the fake; change, if given, edits its settings.
func open(t *testing.T, url string, change ...func(*phonify.Config)) *phonify.Provider {
	t.Helper()
	config := phonify.Config{Config: httpcall.Config{BaseURL: url}, APIKey: phonifytest.APIKey}
	for _, c := range change {
		c(&config)
	}
	p, err := phonify.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func TestSendArrivesAsWritten(t *testing.T) {
	texts := drivertest.Texts()
	texts["the limit"] = strings.Repeat("é", phonify.MaxCharacters)
	shapes := map[string]phonifytest.Shape{"wrapped": phonifytest.Wrapped, "collection": phonifytest.Collection, "array": phonifytest.Array}
	for name, text := range texts {
		for shapeName, shape := range shapes {
			t.Run(name+", "+shapeName, func(t *testing.T) {
				s := newServer(t)
				s.SetShape(shape)
				receipt, err := open(t, s.URL).Send(t.Context(), &provider.Message{To: alice, Text: text})
				require.NoError(t, err)
				require.Len(t, s.Messages(), 1)
				got := s.Messages()[0]
				assert.Equal(t, text, got.Text)
				assert.Equal(t, alice.String(), got.To)
				assert.Equal(t, got.ID, receipt.ID)
				assert.Contains(t, string(receipt.Raw), got.ID)
				assert.Nil(t, receipt.Cost)
			})
		}
	}
}

func TestSendByParameter(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL, func(c *phonify.Config) { c.Auth, c.Business = phonify.AuthParameter, "shop" })
	_, err := p.Send(t.Context(), &provider.Message{To: alice, Text: "Hello"})
	require.NoError(t, err)
	assert.Len(t, s.Messages(), 1)
}

func TestRefusedWithoutARequest(t *testing.T) {
	tests := []struct {
		name    string
		message provider.Message
		want    provider.Code
	}{
		{"no recipient", provider.Message{Text: "x"}, provider.InvalidRecipient},
		{"no text", provider.Message{To: alice}, provider.InvalidMessage},
		{"broken text", provider.Message{To: alice, Text: "\xff"}, provider.InvalidMessage},
		{"161 characters", provider.Message{To: alice, Text: strings.Repeat("x", 161)}, provider.Unsupported},
		{"71 Greek characters", provider.Message{To: alice, Text: strings.Repeat("ά", 71)}, provider.Unsupported},
		{"a sender", provider.Message{To: alice, Text: "x", From: "Shop"}, provider.Unsupported},
		{"a schedule", provider.Message{To: alice, Text: "x", SendAt: time.Now().Add(time.Hour)}, provider.Unsupported},
		{"a validity", provider.Message{To: alice, Text: "x", Validity: time.Hour}, provider.Unsupported},
		{"an extra", provider.Message{To: alice, Text: "x", Extra: map[string]string{"phonify.keyword": "x"}}, provider.Unsupported},
	}
	s := newServer(t)
	p := open(t, s.URL, func(c *phonify.Config) { c.MaxUCS2 = 70 })
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := p.Send(t.Context(), &tt.message)
			require.ErrorIs(t, err, tt.want)
		})
	}
	assert.Zero(t, s.Requests())

	_, err := p.Send(t.Context(), &provider.Message{To: alice, Text: strings.Repeat("x", 160), Tag: "t", Ref: "r", Class: provider.OTP, Extra: map[string]string{"other.key": "x"}})
	require.NoError(t, err, "what belongs to others is not a reason to refuse")
}

func TestFailures(t *testing.T) {
	errorsBody := func(kind, title string) string {
		return `{"errors":[{"type":"` + kind + `","title":"` + title + `"}]}`
	}
	tests := []struct {
		name   string
		status int
		body   string
		want   provider.Code
	}{
		{"402 with an unknown type", 402, errorsBody("strange", "Strange"), provider.Rejected},
		{"402 about credit", 402, errorsBody("insufficient_credit", "x"), provider.InsufficientFunds},
		{"402 about the number", 402, errorsBody("invalid_msisdn", "x"), provider.InvalidRecipient},
		{"402 about the body", 402, errorsBody("body_too_long", "x"), provider.InvalidMessage},
		{"402 with a type of the settings", 402, errorsBody("landline", "x"), provider.NoRoute},
		{"402 where the second error speaks", 402, `{"errors":[{"type":"strange"},{"type":"invalid_number"}]}`, provider.InvalidRecipient},
		{"402 without a body", 402, "", provider.Rejected},
		{"402 with a page", 402, "<html>", provider.Rejected},
		{"404 with errors", 404, errorsBody("not_found", "Message not found"), provider.Rejected},
		{"404 without", 404, "", provider.Unavailable},
		{"401", 401, "", provider.Unauthenticated},
		{"401 with errors", 401, errorsBody("strange", "x"), provider.Unauthenticated},
		{"403 with errors", 403, errorsBody("unauthorized", "x"), provider.Unauthenticated},
		{"400", 400, errorsBody("strange", "x"), provider.Rejected},
		{"422", 422, errorsBody("invalid_number", "x"), provider.InvalidRecipient},
		{"429", 429, "", provider.RateLimited},
		{"429 whose type has a word of another fault", 429, errorsBody("number_of_requests", "x"), provider.RateLimited},
		{"401 whose type has a word of another fault", 401, errorsBody("key_length", "x"), provider.Unauthenticated},
		{"500 is doubt", 500, "", provider.Indeterminate},
		{"500 with errors is doubt", 500, errorsBody("invalid_number", "x"), provider.Indeterminate},
		{"500 with a type of the settings", 500, errorsBody("landline", "x"), provider.NoRoute},
		{"302 is doubt", 302, "", provider.Indeterminate},
		{"200 with errors", 200, errorsBody("insufficient_credit", "x"), provider.InsufficientFunds},
		{"200 with unknown errors", 200, errorsBody("strange", "x"), provider.Rejected},
		{"200 with a message and errors", 200, `{"message":{"id":"1"},"errors":[{"type":"strange"}]}`, provider.Indeterminate},
		{"200 with a message and errors of another type", 200, `{"message":{"id":"1"},"errors":["strange"]}`, provider.Indeterminate},
		{"200 with messages that cannot be read and errors", 200, `{"messages":[{"id":"1"},null],"errors":[{"type":"strange"}]}`, provider.Indeterminate},
		{"200 with no messages and errors", 200, `{"messages":[],"message":null,"errors":[{"type":"strange"}]}`, provider.Rejected},
		{"200 with errors and words", 200, `{"message":"Sorry","errors":[{"type":"strange"}]}`, provider.Rejected},
		{"200 with state error", 200, `{"message":{"id":"1","state":"error"}}`, provider.Rejected},
		{"200 without an id", 200, `{"message":{"state":"sent"}}`, provider.Indeterminate},
		{"200 with an empty id", 200, `{"message":{"id":""}}`, provider.Indeterminate},
		{"200 with an id of blanks", 200, `{"message":{"id":" \t"}}`, provider.Indeterminate},
		{"200 with null", 200, `{"message":null}`, provider.Indeterminate},
		{"200 with an empty list", 200, `{"messages":[]}`, provider.Indeterminate},
		{"200 with an empty array", 200, `[]`, provider.Indeterminate},
		{"200 with other people's messages", 200, `[{"id":"1","to":"+1"},{"id":"2","to":"+2"}]`, provider.Indeterminate},
		{"200 with an array of numbers", 200, `[1]`, provider.Indeterminate},
		{"200 with an object of something", 200, `{"result":"OK"}`, provider.Indeterminate},
		{"200 with a page", 200, "<html>", provider.Indeterminate},
		{"200 with nothing", 200, "", provider.Indeterminate},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			p := open(t, s.URL, func(c *phonify.Config) {
				c.ErrorTypes = map[string]provider.Code{"landline": provider.NoRoute}
			})
			drivertest.CheckFailure(t, s, p, &provider.Message{To: alice, Text: "x"}, tt.status, tt.body, tt.want)
		})
	}
}

func TestLenientResponses(t *testing.T) {
	for name, body := range map[string]string{
		"id as a number":        `{"message":{"id":17}}`,
		"phone number a number": `{"message":{"id":"17","phone":{"number":4560000000}}}`,
		"parties as lists":      `{"message":{"id":"17","origin":[{"number":"1616"}],"phone":[]}}`,
		"odd types":             `{"message":{"id":"17","state":null,"created_at":true,"body":{},"phone":"x"}}`,
		"list of another type":  `{"message":{"id":"17"},"messages":{"a":1}}`,
		"errors of other types": `{"message":{"id":"17"},"errors":{}}`,
		"no errors":             `{"message":{"id":"17"},"errors":[]}`,
		"two, one of them ours": `[{"id":"16","to":"+1"},{"id":"17","to":"+14560000000"}]`,
		"byte order mark":       "\ufeff" + `{"message":{"id":"17"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			drivertest.CheckAcceptance(t, s, open(t, s.URL), &provider.Message{To: alice, Text: "x"}, body, "17")
		})
	}
}

func TestNamesWithoutSecrets(t *testing.T) {
	p := open(t, "http://localhost:1")
	assert.Equal(t, "phonify provider at http://localhost:1", p.String())
	assert.Equal(t, "phonify client of http://localhost:1", p.Client().String())
}

func TestErrorsAreRedacted(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	s.Fail(402, `{"errors":[{"type":"invalid_msisdn","title":"+14560000000 is not a number for `+phonifytest.APIKey+`"}]}`)
	_, err := p.Send(t.Context(), &provider.Message{To: alice, Text: "x"})
	require.ErrorIs(t, err, provider.InvalidRecipient)
	assert.NotContains(t, err.Error(), "4560000000")
	assert.NotContains(t, err.Error(), phonifytest.APIKey)
	assert.ErrorContains(t, err, "vendor code invalid_msisdn")
}
