package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/anysms/anysms/provider"
)

// decodeNote reads the JSON value of a comment line.
func decodeNote(n note, into any) error {
	decoder := json.NewDecoder(bytes.NewReader([]byte(n.value)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s %s: %w", n.key, n.value, err)
	}
	return nil
}

// parseEvent reads the fields that an event must have.
func parseEvent(n note) (map[string]any, error) {
	var event map[string]any
	if err := decodeNote(n, &event); err != nil {
		return nil, err
	}
	for key := range event {
		if _, known := eventFields(provider.Event{})[key]; !known {
			return nil, fmt.Errorf("event %s: unknown field %q", n.value, key)
		}
	}
	return event, nil
}

// compareEvents checks that events have the fields that they must have.
func (t *trial) compareEvents(what string, events []provider.Event, want []map[string]any) {
	if len(events) != len(want) {
		t.failf("%s: %d events, want %d", what, len(events), len(want))
		return
	}
	for i, e := range events {
		t.compareFields(fmt.Sprintf("%s: event %d", what, i+1), eventFields(e), want[i])
	}
}

func (t *trial) compareFields(what string, has, want map[string]any) {
	for key, value := range want {
		if has[key] != value {
			t.failf("%s: %s is %q, want %q", what, key, fmt.Sprint(has[key]), fmt.Sprint(value))
		}
	}
}

// eventFields returns an event's fields by their names in event lines.
func eventFields(e provider.Event) map[string]any {
	return map[string]any{
		"kind": string(e.Kind), "id": e.ID, "ref": e.Ref, "status": string(e.Status), "final": e.Final,
		"code": string(e.Code), "vendor_status": e.VendorStatus, "vendor_code": e.VendorCode,
		"segments": float64(e.Segments), "mccmnc": e.MCCMNC, "cost": moneyText(e.Cost), "at": timeOf(e),
		"from": e.From, "to": e.To, "text": e.Text, "in_reply_to": e.InReplyTo,
	}
}

func moneyText(m *provider.Money) string {
	if m == nil {
		return ""
	}
	return m.String()
}

func timeOf(e provider.Event) string {
	if e.At.IsZero() {
		return ""
	}
	return e.At.UTC().Format(time.RFC3339)
}
