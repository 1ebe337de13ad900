package ledger

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// from scans a row as a database does.
func from(row []any) scanner {
	return func(to ...any) error {
		for i := range to {
			place := reflect.ValueOf(to[i]).Elem()
			place.Set(reflect.ValueOf(row[i]).Convert(place.Type()))
		}
		return nil
	}
}

// TestRowsAreReadAsWritten: of each field that is not zero, and of each that is.
func TestRowsAreReadAsWritten(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 123_000, time.UTC)
	whole := Message{
		ID: "msg_1", Namespace: "shop", Ref: "r", Status: Accepted, Code: provider.Unavailable, Reason: "why", To: "+306941234567", From: "Shop",
		Text: "Hello", Class: provider.Marketing, Tag: "t", Country: "GR", Provider: "athens", ProviderID: "A1", Encoding: "gsm7", Segments: 2,
		Cost: &router.Cost{Money: *euros(5), Estimated: true}, CardPrice: euros(4), DuplicatePossible: true, Ignored: []string{"from", "tag"},
		CreatedAt: at, UpdatedAt: at.Add(1000), concluded: waiting, cancelled: true, lastAttempt: at.Add(2000),
	}
	said := whole
	said.Cost, said.cancelled = &router.Cost{Money: *euros(5)}, false
	for _, want := range []Message{{}, whole, said} {
		var got Message
		require.NoError(t, scanMessage(from(want.row()), &got))
		assert.Equal(t, want, got)
	}
	attempt := Attempt{
		ID: "att_1", message: "msg_1", owner: "me", run: "run", Provider: "athens", Outcome: provider.OutcomeUnknown, Settled: provider.OutcomeAccepted,
		Code: provider.Indeterminate, VendorCode: "7", Reason: "why", ProviderID: "A1", StartedAt: at, Duration: time.Second, Charged: euros(3), CardPrice: euros(4),
	}
	contradicted, reconciled, abandoned := attempt, attempt, attempt
	contradicted.Contradicted, reconciled.Reconciled, abandoned.abandoned = true, true, true
	for _, want := range []Attempt{{}, attempt, contradicted, reconciled, abandoned} {
		var got Attempt
		require.NoError(t, scanAttempt(from(want.row()), &got))
		assert.Equal(t, want, got)
	}
	event := Event{
		key: "k", Provider: "athens", Message: "msg_1", Attempt: "att_1", ReceivedAt: at.Add(1000), Event: provider.Event{
			Kind: provider.Report, ID: "A1", Status: provider.StatusDelivered, Final: true, Segment: &provider.EventSegment{Number: 1, Of: 2, Status: provider.StatusSent},
			At: at, Code: provider.Unavailable, VendorStatus: "DELIVRD", VendorCode: "7", From: "+306941234567", To: "12345", Text: "hello", Ref: "r", InReplyTo: "A0",
			MCCMNC: "20201", Segments: 2, Cost: euros(3), Extra: map[string]string{"a": "b"}, Raw: []byte(`{"a":1}`),
		},
	}
	binary := event
	binary.Raw, binary.Final = []byte("{\x00\xff"), false
	for _, want := range []Event{{key: "k"}, event, binary} {
		var got Event
		require.NoError(t, scanEvent(from(append([]any{int64(7)}, want.row()...)), &got))
		want.Seq = 7
		if want.Raw == nil {
			got.Raw = got.Raw[:0:0]
			require.Empty(t, got.Raw)
			got.Raw = nil
		}
		assert.Equal(t, want, got)
	}
}

// TestJSON: the names and forms that other programs see.
func TestJSON(t *testing.T) {
	fields := func(v any) (m map[string]any) {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &m))
		return m
	}
	m := Message{ID: "msg_1", Status: Accepted, Text: "your code is 7", Class: provider.OTP}
	assert.NotContains(t, fields(m), "text", "texts of one-time codes are shown to nobody")
	m.Class = provider.Transactional
	assert.Equal(t, "your code is 7", fields(m)["text"])
	assert.InDelta(t, 1.5, fields(Attempt{Duration: 1500 * time.Microsecond})["duration_ms"], 1e-9)

	e := Event{Event: provider.Event{Kind: provider.Report, Status: provider.StatusSent}}
	whole := fields(e)
	assert.Nil(t, whole["at"], "the vendor names no time")
	assert.Equal(t, "sent", whole["status"])
	assert.NotContains(t, whole, "segment")
	e.At = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	e.Segment = &provider.EventSegment{Number: 2, Of: 3, Status: provider.StatusDelivered}
	part := fields(e)
	assert.Equal(t, "2026-11-21T12:00:00Z", part["at"])
	assert.Equal(t, []any{"delivered", 2.0, 3.0}, []any{part["status"], part["segment"], part["segments"]})
}

// TestSegmentsOfUnknownNumber: a vendor that does not say how many segments there are.
func TestSegmentsOfUnknownNumber(t *testing.T) {
	part := func(s provider.Status) []*Event {
		return []*Event{{Event: provider.Event{Kind: provider.Report, Segment: &provider.EventSegment{Number: 1, Status: s}}}}
	}
	assert.Equal(t, Sent, standingOf(provider.OutcomeAccepted, part(provider.StatusSent)).status)
	assert.Equal(t, Delivered, standingOf(provider.OutcomeAccepted, part(provider.StatusDelivered)).status)
}
