package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider"
)

// TestReportedWords: the vendor's words are those of the report that the status comes from.
func TestReportedWords(t *testing.T) {
	at := time.Unix(1000, 0)
	say := func(s provider.Status, at time.Time, words string) *Event {
		e := &Event{Event: provider.Event{Kind: provider.Report, Status: s, At: at, VendorStatus: words}}
		e.Final = s != provider.StatusSent
		return e
	}
	segment := func(s provider.Status, words string) *Event {
		e := say(provider.StatusDelivered, at, words)
		e.Segment = &provider.EventSegment{Number: 1, Of: 1, Status: s}
		return e
	}
	for name, tt := range map[string]struct {
		reports []*Event
		want    string
	}{
		"the only one":               {[]*Event{say(provider.StatusDelivered, at, "DELIVRD")}, "DELIVRD"},
		"not a late word":            {[]*Event{say(provider.StatusDelivered, at, "DELIVRD"), say(provider.StatusSent, at, "ENROUTE")}, "DELIVRD"},
		"not an earlier one":         {[]*Event{say(provider.StatusExpired, at, "EXPIRED"), say(provider.StatusExpired, at.Add(-time.Hour), "OLD")}, "EXPIRED"},
		"not that of a segment":      {[]*Event{say(provider.StatusDelivered, at, "DELIVRD"), segment(provider.StatusDelivered, "PART")}, "DELIVRD"},
		"any that is not final":      {[]*Event{say(provider.StatusSent, at, "ENROUTE")}, "ENROUTE"},
		"segments alone have no one": {[]*Event{segment(provider.StatusDelivered, "PART")}, ""},
	} {
		assert.Equal(t, tt.want, reported("A1", tt.reports).VendorStatus, name)
	}
}

// TestReportsOn: a report that came before its message is that of one provider.
func TestReportsOn(t *testing.T) {
	report := func(name string, kind provider.EventKind) *Event {
		return &Event{Provider: name, Event: provider.Event{Kind: kind, ID: "A1"}}
	}
	own := report("athens", provider.Report)
	w := &work{parked: map[string][]*Event{"A1": {report("sydney", provider.Report), report("athens", provider.Inbound), own}}}
	assert.Equal(t, []*Event{own}, w.reportsOn("athens", "A1"))
}

// TestJobNeeds: a job names its ref, if it has one that a database can hold.
func TestJobNeeds(t *testing.T) {
	for ref, want := range map[string][]refKey{"": nil, "a\x00": nil, "r": {{"shop", "r"}}} {
		j := &Job{Namespace: "shop", Message: &provider.Message{Ref: ref}}
		assert.Equal(t, want, j.needs().queueRefs, "%q", ref)
	}
}

// TestMessageString: a message without a provider names none.
func TestMessageString(t *testing.T) {
	m := Message{ID: "msg_1", Status: Queued, To: "+306941234567"}
	assert.Equal(t, "message{id: msg_1, status: queued}", m.String())
	m.Provider = "athens"
	assert.Equal(t, "message{id: msg_1, status: queued, provider: athens}", m.String())
}

// TestMadeAt: the time of an id, and of what an id of that time begins with.
func TestMadeAt(t *testing.T) {
	at := time.UnixMilli(1_795_262_400_123)
	assert.True(t, at.Equal(madeAt(newID("msg_", at))))
	assert.True(t, at.Equal(madeAt(idAt("msg_", at))))
	assert.True(t, time.Unix(0, 0).Equal(madeAt(idAt("msg_", time.Unix(-1, 0)))), "ids begin in 1970")
	for _, id := range []string{"", "msg_", "msg_0123", "msg_what-is-this-id"} {
		assert.Zero(t, madeAt(id), id)
	}
	assert.Equal(t, "2160h0m0s", DefaultRetention.String(), "90 days")
}
