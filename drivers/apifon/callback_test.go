package apifon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

func parse(t *testing.T, p *apifon.Provider, body string) []provider.Event {
	t.Helper()
	events, err := provider.ParseCallback(t.Context(), p, &provider.Callback{Method: "POST", Body: []byte(body)})
	require.NoError(t, err)
	return events
}

func TestEveryStatus(t *testing.T) {
	const (
		report     = provider.Report
		engagement = provider.Engagement
	)
	tests := []struct {
		channel string
		code    int
		kind    provider.EventKind
		status  provider.Status
		final   bool
		why     provider.Code
	}{
		{"SMS", 1, report, provider.StatusUndelivered, false, ""},
		{"SMS", 3, report, provider.StatusAccepted, false, ""},
		{"SMS", 4, report, provider.StatusSent, false, ""},
		{"SMS", 5, report, provider.StatusUndelivered, true, provider.Rejected},
		{"SMS", 7, report, provider.StatusDelivered, true, ""},
		{"SMS", 8, report, provider.StatusExpired, true, ""},
		{"SMS", 11, engagement, "", false, ""},
		{"SMS", 18, report, provider.StatusRejected, true, provider.Rejected},
		{"SMS", 19, report, provider.StatusUndelivered, true, provider.InvalidRecipient},
		{"SMS", 21, report, provider.StatusUndelivered, true, provider.Rejected},
		{"SMS", 22, report, provider.StatusUndelivered, true, provider.InvalidRecipient},
		{"SMS", 23, report, provider.StatusRejected, true, provider.Rejected},
		{"SMS", 24, report, provider.StatusRejected, true, provider.Rejected},
		{"SMS", 101, report, provider.StatusRejected, true, provider.SenderRejected},
		{"SMS", 103, report, provider.StatusRejected, true, provider.SenderRejected},
		{"SMS", 105, report, provider.StatusRejected, true, provider.InvalidRecipient},
		{"SMS", 106, report, provider.StatusRejected, true, provider.SenderRejected},
		{"SMS", 107, report, provider.StatusRejected, true, provider.Unauthenticated},
		{"SMS", 109, report, provider.StatusRejected, true, provider.NoRoute},
		{"SMS", 110, report, provider.StatusRejected, true, provider.NoRoute},
		{"SMS", 111, report, provider.StatusRejected, true, provider.Rejected},
		{"SMS", 112, report, provider.StatusRejected, true, provider.NoRoute},
		{"SMS", 113, report, provider.StatusRejected, true, provider.Unauthenticated},
		{"SMS", 115, report, provider.StatusRejected, true, provider.InsufficientFunds},
		{"SMS", 999, report, provider.StatusUnknown, false, ""},
		{"VIBER", 3, report, provider.StatusSent, false, ""},
		{"VIBER", 7, report, provider.StatusDelivered, true, ""},
		{"VIBER", 8, report, provider.StatusExpired, false, ""},
		{"VIBER", 10, engagement, provider.StatusDelivered, true, ""},
		{"VIBER", 11, engagement, "", false, ""},
		{"VIBER", 22, report, provider.StatusUndelivered, false, provider.InvalidRecipient},
		{"VIBER", 101, report, provider.StatusRejected, true, provider.SenderRejected},
		{"VIBER", 105, report, provider.StatusRejected, true, provider.InvalidRecipient},
		{"VIBER", 109, report, provider.StatusRejected, true, provider.NoRoute},
		{"VIBER", 110, report, provider.StatusRejected, true, provider.NoRoute},
		{"VIBER", 111, report, provider.StatusRejected, true, provider.Rejected},
		{"VIBER", 115, report, provider.StatusRejected, true, provider.InsufficientFunds},
		{"VIBER", 119, report, provider.StatusRejected, true, provider.SenderRejected},
		{"VIBER", 120, report, provider.StatusRejected, false, provider.NoRoute},
		{"VIBER", 121, report, provider.StatusRejected, true, provider.InvalidMessage},
		{"VIBER", 130, report, provider.StatusRejected, true, provider.RateLimited},
		{"VIBER", 24, report, provider.StatusUnknown, false, ""},
		{"MAIL", 7, report, provider.StatusUnknown, false, ""},
	}
	server, p := open(t)
	send := func(extra map[string]string) apifontest.Message {
		_, err := p.Send(t.Context(), &provider.Message{To: ann, Text: "hello", Ref: "r-1", Extra: extra})
		require.NoError(t, err)
		ledger := server.Messages()
		return ledger[len(ledger)-1]
	}
	sent := map[string]apifontest.Message{"SMS": send(nil), "VIBER": send(map[string]string{"apifon.im_text": "hi"})}
	sent["MAIL"] = sent["SMS"]
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.channel, tt.code), func(t *testing.T) {
			m := sent[tt.channel]
			body, err := server.ReportBody(m.ID, apifontest.Report{Code: tt.code, Channel: tt.channel})
			require.NoError(t, err)
			events := parse(t, p, string(body))
			require.Len(t, events, 1)
			e := events[0]
			assert.Equal(t, tt.kind, e.Kind)
			assert.Equal(t, tt.status, e.Status)
			assert.Equal(t, tt.final, e.Final)
			assert.Equal(t, tt.why, e.Code)
			assert.Equal(t, fmt.Sprint(tt.code), e.VendorCode)
			assert.Equal(t, m.RequestID, e.ID)
			assert.Equal(t, "r-1", e.Ref)
			assert.Equal(t, "+306900000001", e.To)
			assert.WithinDuration(t, time.Now(), e.At, time.Minute)
			assert.Equal(t, &provider.Money{Micros: 2000, Currency: "credits"}, e.Cost)
		})
	}
}

func TestDeliveryDetails(t *testing.T) {
	_, p := open(t, func(c *apifon.Config) { c.Currency = "EUR" })
	const body = `{"url":"https://hooks.example/dlr","request_id":"q","reference_id":"SMS","data":[
		{"from":"Example","to":"306900000001","message_id":"m1","status":{"code":"11","text":"open"},"timestamp":1583835537,"price":"0.002","vat":"0.00048",
		 "metadata":{"url":"https://www.example.com","short_code":"10oalo","browser":"Chrome_80_0","ip":"211.62.126.21","micro_timestamp":1583835537251}},
		{"from":"306988888888","to":"306900000002","message_id":"m2","custom_id":null,"status":{"code":7,"text":"delivered"},"error_code":"000","timestamp":"1583835538","price":0.01,"vat":null,"mccmnc":20210,"metadata":{}}
		],"account_id":5195,"type":"SMS"}`
	events := parse(t, p, body)
	require.Len(t, events, 2)
	assert.Equal(t, map[string]string{
		"message_id": "m1", "channel": "SMS", "price": "0.002", "vat": "0.00048", "metadata.url": "https://www.example.com",
		"metadata.short_code": "10oalo", "metadata.browser": "Chrome_80_0", "metadata.ip": "211.62.126.21", "metadata.micro_timestamp": "1583835537251",
	}, events[0].Extra)
	second := events[1]
	assert.Equal(t, "+306988888888", second.From)
	assert.Equal(t, time.Unix(1583835538, 0).UTC(), second.At)
	assert.Equal(t, "0.01 EUR", second.Cost.String())
	assert.Equal(t, "20210", second.MCCMNC)
	assert.JSONEq(t, `"m2"`, string(member(t, second.Raw, "message_id")))
}

func member(t *testing.T, raw json.RawMessage, name string) json.RawMessage {
	var object map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &object))
	return object[name]
}

func TestReplies(t *testing.T) {
	server, p := open(t)
	receipt, err := p.Send(t.Context(), &provider.Message{To: ann, Text: "hello", Ref: "r-1", Extra: map[string]string{"apifon.im_text": "hi"}})
	require.NoError(t, err)
	body, err := server.ReplyBody(server.Messages()[0].ID, "yes *please*")
	require.NoError(t, err)
	e := parse(t, p, string(body))[0]
	assert.Equal(t, provider.Inbound, e.Kind)
	assert.Equal(t, "yes *please*", e.Text)
	assert.Equal(t, "+306900000001", e.From)
	assert.Equal(t, receipt.ID, e.InReplyTo)
	assert.Equal(t, "r-1", e.Ref)
	assert.Equal(t, "0.05 credits", e.Cost.String())

	e = parse(t, p, `{"channel":"VIBER","reply":{"reply_message_id":"x","from":"306900000001","to":"Brand","timestamp":1481126247,
		"message":{"text":null,"media_url":"https://dl.example/a","media_filename":"a.pdf"}},"original_im":{}}`)[0]
	assert.Empty(t, e.Text)
	assert.Empty(t, e.InReplyTo)
	assert.Equal(t, map[string]string{"channel": "VIBER", "media_url": "https://dl.example/a", "media_filename": "a.pdf"}, e.Extra)

	e = parse(t, p, `{"message_id":"d5","from":"306900000001","to":"306988888888","text":"This is my reply.","timestamp":1481126247,"type":"SMS"}`)[0]
	assert.Equal(t, provider.Inbound, e.Kind)
	assert.Equal(t, "d5", e.ID)
	assert.Equal(t, "+306988888888", e.To)
	assert.Equal(t, "This is my reply.", e.Text)
	assert.Equal(t, time.Unix(1481126247, 0).UTC(), e.At)
}

func TestBadCallbacks(t *testing.T) {
	_, p := open(t)
	for name, body := range map[string]string{
		"empty": "", "html": "<html>", "null": "null", "array": "[]", "string": `"x"`, "nothing known": `{"a":1}`,
		"data is not a list":    `{"request_id":"q","data":{}}`,
		"item is not an object": `{"request_id":"q","data":["x"]}`,
		"item without id":       `{"data":[{"status":{"code":7}}]}`,
		"reply without text":    `{"message_id":"d5","from":"306900000001"}`,
		"two documents":         `{}{}`,
		"deep":                  strings.Repeat(`{"data":[`, 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			events, err := p.ParseCallback(t.Context(), &provider.Callback{Body: []byte(body)})
			require.Error(t, err)
			assert.Empty(t, events)
		})
	}
}

// One bad item holds back none of the others.
func TestBadItem(t *testing.T) {
	_, p := open(t)
	bad := `{"message_id":{},"to":"306900000001"}`
	events := parse(t, p, `{"type":"SMS","data":[{"message_id":"m1","status":{"code":7}},`+bad+`,{"message_id":"m3","status":{"code":7}}]}`)
	require.Len(t, events, 3)
	assert.Equal(t, provider.StatusDelivered, events[0].Status)
	assert.Equal(t, provider.StatusDelivered, events[2].Status)
	assert.Equal(t, provider.Unreadable, events[1].Kind)
	assert.Equal(t, bad, string(events[1].Raw))
	assert.Contains(t, events[1].VendorStatus, "item 1 of the callback has no message id")
}

func TestCallbackSecret(t *testing.T) {
	server, p := open(t, func(c *apifon.Config) {
		c.CallbackURL, c.CallbackSecret = "https://hooks.example/dlr?a=b", "h00k-s3cr3t"
	})
	_, err := p.Send(t.Context(), hello())
	require.NoError(t, err)
	sent, err := url.Parse(server.Messages()[0].CallbackURL)
	require.NoError(t, err)
	assert.Equal(t, url.Values{"a": {"b"}, "key": {"h00k-s3cr3t"}}, sent.Query())

	body, err := server.ReportBody(server.Messages()[0].ID, apifontest.Report{Code: 7})
	require.NoError(t, err)
	events, err := p.ParseCallback(t.Context(), &provider.Callback{Query: sent.Query(), Body: body})
	require.NoError(t, err)
	assert.NotContains(t, string(events[0].Raw), "h00k-s3cr3t")
	for _, key := range []string{"", "h00k-s3cr3", "h00k-s3cr3t "} {
		_, err = p.ParseCallback(t.Context(), &provider.Callback{Query: url.Values{"key": {key}}, Body: body})
		require.ErrorIs(t, err, provider.ErrBadSignature)
	}
}

// The attempt comes back in the reports of a message that has a callback URL of
// its own; the messages of a batch share one.
func TestCallbackHasTheAttempt(t *testing.T) {
	server, p := open(t, func(c *apifon.Config) { c.CallbackURL = "https://hooks.example/dlr" })
	m := hello()
	m.Attempt = "att_1"
	_, err := p.Send(t.Context(), m)
	require.NoError(t, err)
	sent, err := url.Parse(server.Messages()[0].CallbackURL)
	require.NoError(t, err)
	assert.Equal(t, url.Values{"anysms_attempt": {"att_1"}}, sent.Query())
	body, err := server.ReportBody(server.Messages()[0].ID, apifontest.Report{Code: 7})
	require.NoError(t, err)
	events, err := p.ParseCallback(t.Context(), &provider.Callback{Query: sent.Query(), Body: body})
	require.NoError(t, err)
	assert.Equal(t, "att_1", events[0].Attempt)

	other := hello()
	other.To, other.Attempt = e164.MustParse("+306900000002"), "att_2"
	for _, v := range provider.SendBatch(t.Context(), p, []*provider.Message{m, other}) {
		require.NoError(t, v.Err)
	}
	assert.Equal(t, "https://hooks.example/dlr", server.Messages()[1].CallbackURL)
}

// The fake vendor calls a receiver over HTTPS, as the real one does.
func TestCallbackArrives(t *testing.T) {
	var p *apifon.Provider
	events := make(chan provider.Event, 1)
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got, err := p.ParseCallback(r.Context(), &provider.Callback{Method: r.Method, Query: r.URL.Query(), Header: r.Header, Body: body})
		if assert.NoError(t, err) {
			events <- got[0]
		}
	}))
	defer receiver.Close()
	server := apifontest.NewServer(apifontest.Options{Callbacks: receiver.Client()})
	defer server.Close()
	config := apifon.Config{Token: apifontest.Token, Secret: apifontest.Secret, Sender: "Example", CallbackSecret: "h00k-s3cr3t"}
	config.BaseURL, config.CallbackURL, config.ReplyURL = server.URL, receiver.URL+"/dlr", receiver.URL+"/reply"
	var err error
	p, err = apifon.New(config)
	require.NoError(t, err)
	defer p.Close()
	receipt, err := p.Send(t.Context(), &provider.Message{To: ann, Text: "hello", Extra: map[string]string{"apifon.im_sender": "Brand"}})
	require.NoError(t, err)
	id := server.Messages()[0].ID
	require.NoError(t, server.Report(t.Context(), id, apifontest.Report{Code: 22}))
	assert.Equal(t, receipt.ID, (<-events).ID)
	require.NoError(t, server.Report(t.Context(), id, apifontest.Report{Code: 7, Channel: "SMS"}))
	e := <-events
	assert.Equal(t, receipt.ID, e.ID, "the SMS after the instant message is the same message")
	assert.True(t, e.Final)
	require.NoError(t, server.Reply(t.Context(), id, "thanks"))
	assert.Equal(t, "thanks", (<-events).Text)
	require.Error(t, server.Report(t.Context(), "unknown", apifontest.Report{Code: 7}))
}

func FuzzParseCallback(f *testing.F) {
	f.Add(`{"request_id":"q","data":[{"custom_id":"3:r","message_id":"m","status":{"code":7,"text":"delivered"},"timestamp":1,"price":"1E7","metadata":{"a":{}}}],"type":"SMS"}`)
	f.Add(`{"channel":"VIBER","reply":{"message":{}},"original_im":{"request_id":"q","custom_id":"1:"}}`)
	f.Add(`{"message_id":"d","from":"306900000001","text":"x","timestamp":1e300,"type":"SMS"}`)
	p, err := apifon.New(apifon.Config{Token: "t", Secret: "s"})
	require.NoError(f, err)
	f.Cleanup(func() { _ = p.Close() })
	f.Fuzz(func(t *testing.T, body string) {
		events, err := p.ParseCallback(context.Background(), &provider.Callback{Body: []byte(body)})
		if err != nil && len(events) > 0 {
			t.Fatal("half a batch")
		}
		for _, e := range events {
			if e.Kind == "" {
				t.Fatal("an event without a kind")
			}
		}
	})
}
