package remote

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/api"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// whole is a message with a value in every field that the ledger's JSON has.
func whole() *ledger.Message {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678000, time.UTC)
	return &ledger.Message{
		ID: "msg_1", Ref: "order-1", Status: ledger.Delivered, Code: provider.RateLimited, Reason: "why", To: "+306900000001", From: "Shop",
		Text: "Γεια <&>", Class: provider.Transactional, Tag: "orders", Country: "GR", Provider: "athens", ProviderID: "v-1",
		Encoding: "gsm7", Segments: 2, Cost: &router.Cost{Money: provider.Money{Micros: 45_000, Currency: "EUR"}, Estimated: true},
		CardPrice:         &provider.Money{Micros: 45_000, Currency: "EUR"},
		DuplicatePossible: true, Ignored: []string{"validity"}, CreatedAt: at, UpdatedAt: at.Add(time.Hour),
		Attempts: []ledger.Attempt{{
			ID: "a-1", Provider: "athens", Outcome: provider.OutcomeNotSent, Settled: provider.OutcomeAccepted, Contradicted: true,
			Code: provider.Unavailable, VendorCode: "7", Reason: "busy", ProviderID: "v-1", StartedAt: at, Duration: 1234567 * time.Microsecond,
			Reconciled: true, Charged: &provider.Money{Micros: 2_000_000, Currency: provider.Credits}, CardPrice: &provider.Money{Micros: 45_000, Currency: "EUR"},
		}},
		Events: []ledger.Event{
			{Seq: 1, Provider: "athens", Message: "msg_1", Attempt: "a-1", ReceivedAt: at, Event: provider.Event{
				Kind: provider.Report, ID: "v-1", At: at, Status: provider.StatusUndelivered, Final: true, Code: provider.RateLimited,
				VendorStatus: "BUSY", VendorCode: "7", From: "Shop", To: "+306900000001", Text: "x",
				Cost: &provider.Money{Micros: 1, Currency: "EUR"},
			}},
			{Seq: 2, Provider: "athens", ReceivedAt: at, Event: provider.Event{
				Kind: provider.Report, ID: "v-1", Segment: &provider.EventSegment{Number: 2, Of: 3, Status: provider.StatusDelivered},
			}},
		},
	}
}

// TestMessage sends a message through the API's types and back: nothing is lost.
func TestMessage(t *testing.T) {
	m := whole()
	for _, v := range []any{*m, m.Attempts[0]} {
		fields := reflect.ValueOf(v)
		for i := range fields.NumField() {
			f := fields.Type().Field(i)
			assert.True(t, !f.IsExported() || f.Name == "Namespace" || !fields.Field(i).IsZero(), "the test has no %s", f.Name)
		}
	}
	wire, err := json.Marshal(api.NewMessage(m))
	require.NoError(t, err)
	var read api.Message
	require.NoError(t, json.Unmarshal(wire, &read))
	back, err := message(&read)
	require.NoError(t, err)
	want, err := json.Marshal(m)
	require.NoError(t, err)
	got, err := json.Marshal(back)
	require.NoError(t, err)
	assert.JSONEq(t, string(want), string(got))
	m.Events[1].Status = provider.StatusDelivered // the JSON has one status
	assert.Equal(t, m, back)
}
