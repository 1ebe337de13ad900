package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider"
)

// TestKeyOfEvent: what a vendor sends again is recognized by provider, id, segment, status
// and vendor time; without an id, by what else it says.
func TestKeyOfEvent(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	report := provider.Event{Kind: provider.Report, ID: "A1", Status: provider.StatusSent, At: at, VendorStatus: "SENT", VendorCode: "1", Ref: "r", Attempt: "att_1"}
	nameless, inbound := report, provider.Event{Kind: provider.Inbound, ID: "in", From: "+306941234567", To: "12345", Text: "hello", InReplyTo: "A1"}
	nameless.ID, nameless.At = "", time.Time{}
	reply := inbound
	reply.ID = ""
	price := &provider.Money{Micros: 1, Currency: "EUR"}
	for name, tt := range map[string]struct {
		event  provider.Event
		change func(e *provider.Event)
		same   bool
	}{
		"again":                           {report, func(*provider.Event) {}, true},
		"the time in another zone":        {report, func(e *provider.Event) { e.At = at.In(time.FixedZone("", 7200)) }, true},
		"another ref, as it has an id":    {report, func(e *provider.Event) { e.Ref, e.Attempt = "s", "att_2" }, true},
		"another recipient":               {report, func(e *provider.Event) { e.To = "+306900000000" }, true},
		"a later time":                    {report, func(e *provider.Event) { e.At = at.Add(time.Nanosecond) }, false},
		"no time":                         {report, func(e *provider.Event) { e.At = time.Time{} }, false},
		"another id":                      {report, func(e *provider.Event) { e.ID = "A2" }, false},
		"another status":                  {report, func(e *provider.Event) { e.Status = provider.StatusDelivered }, false},
		"another word":                    {report, func(e *provider.Event) { e.VendorStatus = "GONE" }, false},
		"another code":                    {report, func(e *provider.Event) { e.VendorCode = "2" }, false},
		"a segment":                       {report, func(e *provider.Event) { e.Segment = &provider.EventSegment{Number: 1, Of: 2} }, false},
		"a price":                         {report, func(e *provider.Event) { e.Cost = price }, false},
		"without an id: again":            {nameless, func(*provider.Event) {}, true},
		"without an id: another ref":      {nameless, func(e *provider.Event) { e.Ref = "s" }, false},
		"without an id: another attempt":  {nameless, func(e *provider.Event) { e.Attempt = "att_2" }, false},
		"an incoming message again":       {inbound, func(e *provider.Event) { e.Text = "hello, in another encoding" }, true},
		"another incoming message":        {inbound, func(e *provider.Event) { e.ID = "in2" }, false},
		"a message without an id":         {reply, func(*provider.Event) {}, true},
		"without an id: another text":     {reply, func(e *provider.Event) { e.Text = "bye" }, false},
		"without an id: another sender":   {reply, func(e *provider.Event) { e.From = "+306900000000" }, false},
		"without an id: to another":       {reply, func(e *provider.Event) { e.To = "54321" }, false},
		"without an id: a reply to other": {reply, func(e *provider.Event) { e.InReplyTo = "A2" }, false},
	} {
		other := tt.event
		tt.change(&other)
		assert.Equal(t, tt.same, keyOfEvent("athens", &tt.event) == keyOfEvent("athens", &other), name)
	}
	assert.NotEqual(t, keyOfEvent("athens", &report), keyOfEvent("sydney", &report))
}

// TestEventNeeds: an event names what is read for it; what a database cannot hold is not
// looked for.
func TestEventNeeds(t *testing.T) {
	event := func(e provider.Event) *Event { return &Event{Event: e, key: "k"} }
	assert.Equal(t, needs{keys: []string{"k"}}, event(provider.Event{Kind: provider.Report}).needs())
	assert.Equal(t, needs{keys: []string{"k"}}, event(provider.Event{Kind: provider.Report, Attempt: "a\x00", Ref: "\xff", From: "+306941234567"}).needs())
	assert.Equal(t, needs{keys: []string{"k"}}, event(provider.Event{Kind: provider.Inbound}).needs())
	assert.Equal(t, needs{keys: []string{"k"}, attempts: []string{"att_1"}, refs: []string{"r"}, providerIDs: []string{"A1"}, parked: []string{"A1"}},
		event(provider.Event{Kind: provider.Report, Attempt: "att_1", Ref: "r", ID: "A1"}).needs())
	assert.Equal(t, needs{keys: []string{"k"}, providerIDs: []string{"in", "A1"}, parked: []string{"in", "A1"}, numbers: []string{"+306941234567"}},
		event(provider.Event{Kind: provider.Inbound, ID: "in", InReplyTo: "A1", From: "+306941234567"}).needs())
}

// TestAttemptAt: the attempt that a vendor means by a message and, maybe, an id.
func TestAttemptAt(t *testing.T) {
	made := func(minute int, name string, o provider.Outcome, id string) *Attempt {
		return &Attempt{Provider: name, Outcome: o, ProviderID: id, StartedAt: time.Unix(int64(60*minute), 0)}
	}
	const accepted, refused, notSent, unknown = provider.OutcomeAccepted, provider.OutcomeRefused, provider.OutcomeNotSent, provider.OutcomeUnknown
	for name, tt := range map[string]struct {
		attempts []*Attempt
		id       string
		want     int // -1 = none
	}{
		"none":                                    {nil, "", -1},
		"at another provider":                     {[]*Attempt{made(1, "sydney", accepted, "A1")}, "A1", -1},
		"with the id":                             {[]*Attempt{made(1, "athens", accepted, "A1"), made(2, "athens", accepted, "A2"), made(3, "athens", unknown, "")}, "A1", 0},
		"with no other id":                        {[]*Attempt{made(1, "athens", unknown, ""), made(2, "athens", accepted, "A2")}, "A1", 0},
		"each has another id":                     {[]*Attempt{made(1, "athens", accepted, "A1"), made(2, "athens", accepted, "A2")}, "A3", -1},
		"without an id: the last one":             {[]*Attempt{made(1, "athens", unknown, ""), made(2, "athens", accepted, "A2")}, "", 1},
		"the last one, in whatever order":         {[]*Attempt{made(2, "athens", unknown, ""), made(1, "athens", unknown, "")}, "", 0},
		"one that may have reached the vendor":    {[]*Attempt{made(1, "athens", unknown, ""), made(2, "athens", refused, "")}, "A1", 0},
		"one that was accepted":                   {[]*Attempt{made(1, "athens", accepted, ""), made(2, "athens", notSent, "")}, "A1", 0},
		"one that is under way":                   {[]*Attempt{made(1, "athens", "", ""), made(2, "athens", notSent, "")}, "A1", 0},
		"and the later of these":                  {[]*Attempt{made(1, "athens", "", ""), made(2, "athens", unknown, ""), made(3, "athens", refused, "")}, "A1", 1},
		"the later of those that did not reach":   {[]*Attempt{made(1, "athens", refused, ""), made(2, "athens", notSent, "")}, "A1", 1},
		"at this provider, though not the latest": {[]*Attempt{made(1, "athens", unknown, ""), made(2, "sydney", unknown, "")}, "A1", 0},
	} {
		r := &record{attempts: tt.attempts}
		var want *Attempt
		if tt.want >= 0 {
			want = tt.attempts[tt.want]
		}
		assert.Same(t, want, r.attemptAt("athens", tt.id), name)
	}
	assert.Nil(t, (*record)(nil).attemptAt("athens", ""))
}

// TestCompletes: an id of all segments completes one of some of them.
func TestCompletes(t *testing.T) {
	join := func(ids ...string) string { return provider.JoinSegmentIDs(ids) }
	for name, tt := range map[string]struct {
		id, known string
		want      bool
	}{
		"nothing":                     {"", "A1", false},
		"the same":                    {"A1", "A1", false},
		"the first":                   {"A1", "", true},
		"another":                     {"A2", "A1", false},
		"of other segments":           {join("S1", "S2"), join("S3", "S4"), false},
		"the same part":               {join("S1", ""), join("S1", ""), false},
		"the second one":              {join("S1", "S2"), join("S1", ""), true},
		"the first one":               {join("S1", "S2"), join("", "S2"), true},
		"of another message":          {join("S3", "S2"), join("S1", ""), false},
		"of more segments":            {join("S1", "S2", "S3"), join("S1", ""), false},
		"of fewer segments":           {join("S1", "S2"), join("S1", "", "S3"), false},
		"what is known is not undone": {join("", "S2"), join("S1", ""), false},
	} {
		assert.Equal(t, tt.want, completes(tt.id, tt.known), name)
	}
}

// TestVendorOptOut: nobody is opted out whose number is not known, and from no provider.
func TestVendorOptOut(t *testing.T) {
	w := &work{ledger: new(Ledger), optOuts: make(map[string][]OptOut)}
	erased, known := &record{}, &record{}
	known.To = "+306941234567"
	w.vendorOptOut(erased, "athens")
	w.vendorOptOut(known, "")
	assert.Empty(t, w.newOptOuts)
	w.vendorOptOut(known, "athens")
	assert.Len(t, w.newOptOuts, 1)
}
