package ledger

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/anysms/anysms/provider"
)

// drawn is a message as the model test draws it.
type drawn struct {
	concluded provider.Outcome
	cancelled bool
	attempts  []drawnAttempt
}

type drawnAttempt struct {
	outcome provider.Outcome
	reports []*Event
}

func draw(t *rapid.T) drawn {
	outcomes := []provider.Outcome{"", provider.OutcomeAccepted, provider.OutcomeRefused, provider.OutcomeNotSent, provider.OutcomeUnknown}
	d := drawn{
		concluded: rapid.SampledFrom(outcomes).Draw(t, "concluded"),
		cancelled: rapid.Bool().Draw(t, "cancelled"),
	}
	statuses := append(provider.Statuses(), "a word of the vendor's")
	for range rapid.IntRange(0, 3).Draw(t, "attempts") {
		a := drawnAttempt{outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome")}
		for range rapid.IntRange(0, 6).Draw(t, "reports") {
			e := &Event{Event: provider.Event{
				Kind:   provider.Report,
				Status: rapid.SampledFrom(statuses).Draw(t, "status"),
				Final:  rapid.Bool().Draw(t, "final"),
				At:     time.Unix(rapid.Int64Range(1, 3).Draw(t, "time"), 0),
			}}
			if rapid.Bool().Draw(t, "segment") {
				e.Segment = &provider.EventSegment{
					Number: rapid.IntRange(0, 3).Draw(t, "number"), Of: rapid.IntRange(2, 3).Draw(t, "of"),
					Status: rapid.SampledFrom(statuses).Draw(t, "segment status"),
				}
			}
			a.reports = append(a.reports, e)
		}
		d.attempts = append(d.attempts, a)
	}
	return d
}

// status is what the ledger makes of it, with everything in another order.
func (d drawn) status(seed uint64) Status {
	r := rand.New(rand.NewPCG(seed, 0))
	tr := trail{concluded: d.concluded, cancelled: d.cancelled}
	for _, a := range d.attempts {
		reports := slices.Clone(a.reports)
		r.Shuffle(len(reports), func(i, j int) { reports[i], reports[j] = reports[j], reports[i] })
		tr.attempts = append(tr.attempts, &Attempt{Outcome: a.outcome, standing: standingOf(a.outcome, reports)})
	}
	r.Shuffle(len(tr.attempts), func(i, j int) { tr.attempts[i], tr.attempts[j] = tr.attempts[j], tr.attempts[i] })
	return tr.status()
}

// What follows is the table of the package documentation, written down line by line
// without regard to speed.

type failure struct {
	status Status
	at     time.Time
}

type verdict struct {
	has                       bool // a vendor has the message
	delivered, sent, finished bool
	failures                  []failure
}

var worst = []Status{Cancelled, Expired, Undelivered, Rejected} // from the least bad to the worst

func isFailure(s provider.Status) bool { return slices.Contains(worst, Status(s)) }

func means(s provider.Status) bool { // a status that says something
	return slices.Contains(provider.Statuses(), s) && s != provider.StatusUnknown
}

func (a drawnAttempt) oracle() verdict {
	v := verdict{has: a.outcome == provider.OutcomeAccepted}
	for _, e := range a.reports {
		if e.Segment != nil || !means(e.Status) {
			continue
		}
		v.has = true
		switch {
		case e.Status == provider.StatusDelivered:
			v.delivered = true
		case e.Status == provider.StatusSent, isFailure(e.Status) && !e.Final:
			v.sent = true
		case isFailure(e.Status):
			v.failures = append(v.failures, failure{Status(e.Status), e.At})
		}
	}
	a.segments(&v)
	v.finished = len(v.failures) > 0
	return v
}

// segments counts in the reports about segments.
func (a drawnAttempt) segments(v *verdict) {
	of, ends, last := 0, []Status{}, time.Time{}
	groups := map[string][]*Event{}
	for i, e := range a.reports {
		if e.Segment == nil || e.Segment.Of == 0 {
			continue
		}
		of = max(of, e.Segment.Of)
		if !means(e.Segment.Status) {
			continue
		}
		name := fmt.Sprint("number ", e.Segment.Number)
		if e.Segment.Number == 0 {
			name = fmt.Sprint("report ", i)
		}
		groups[name] = append(groups[name], e)
	}
	for _, reports := range groups {
		end, at := Accepted, time.Time{}
		for _, e := range reports {
			if e.Segment.Status == provider.StatusDelivered && (end != Delivered || e.At.After(at)) {
				end, at = Delivered, e.At
			}
		}
		if end != Delivered {
			for _, e := range reports {
				s := Status(e.Segment.Status)
				if isFailure(e.Segment.Status) && (end == Accepted || e.At.After(at) || e.At.Equal(at) && slices.Index(worst, s) > slices.Index(worst, end)) {
					end, at = s, e.At
				}
			}
		}
		ends = append(ends, end)
		if at.After(last) {
			last = at
		}
	}
	if len(ends) == 0 {
		return
	}
	v.has = true
	delivered, bad := 0, -1
	for _, end := range ends {
		if end == Delivered {
			delivered++
		}
		bad = max(bad, slices.Index(worst, end))
	}
	switch {
	case bad >= 0:
		v.failures = append(v.failures, failure{worst[bad], last})
	case delivered >= of:
		v.delivered = true
	default:
		v.sent = true
	}
}

func (d drawn) oracle() Status {
	var delivered, sent, accepted, open, unknown, notSent bool
	var failures []failure
	for _, a := range d.attempts {
		v := a.oracle()
		switch {
		case v.delivered:
			delivered = true
		case v.finished:
			failures = append(failures, latest(v.failures))
		case v.sent:
			sent = true
		case v.has:
			accepted = true
		}
		if v.has || v.delivered {
			continue
		}
		open = open || a.outcome == ""
		unknown = unknown || a.outcome == provider.OutcomeUnknown
		notSent = notSent || a.outcome == provider.OutcomeNotSent
	}
	switch {
	case delivered:
		return Delivered
	case sent:
		return Sent
	case accepted:
		return Accepted
	case len(failures) > 0:
		return latest(failures).status
	case open:
		return Sending
	case unknown:
		return Unknown
	case d.cancelled:
		return Cancelled
	case d.concluded == provider.OutcomeRefused:
		return Refused
	case d.concluded == provider.OutcomeNotSent, notSent:
		return NotSent
	case len(d.attempts) > 0:
		return Refused
	}
	return Queued
}

func latest(list []failure) failure {
	slices.SortFunc(list, func(a, b failure) int {
		if n := a.at.Compare(b.at); n != 0 {
			return n
		}
		return slices.Index(worst, a.status) - slices.Index(worst, b.status)
	})
	return list[len(list)-1]
}

func TestStatusModel(t *testing.T) {
	for range 20 { // of 100 checks each, unless -rapid.checks says otherwise
		rapid.Check(t, func(t *rapid.T) {
			d := draw(t)
			want := d.oracle()
			for seed := range uint64(4) {
				require.Equal(t, want, d.status(seed), "order %d", seed)
			}
		})
	}
}

func TestDeliveredStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		a := drawnAttempt{outcome: provider.OutcomeUnknown, reports: []*Event{
			{Event: provider.Event{Kind: provider.Report, Status: provider.StatusDelivered}},
		}}
		d.attempts = append(d.attempts, a)
		require.Equal(t, Delivered, d.status(1), "delivered on any attempt wins")
	})
}

func TestKeywords(t *testing.T) {
	for reply, want := range map[string]Keyword{
		"STOP": Stop, " stop ": Stop, "Stop.": Stop, "«STOP»": Stop, "arrêt": Stop, "ARRET": Stop, "opt-out": Stop,
		"opt  out": Stop, "Unstop": Start, "START!": Start, "help?": Help, "info": Help,
		"": "", "stop it": "", "please stop": "", "STOPX": "", "YES": "", "don't stop": "", "keyword": "", "en": "",
	} {
		assert.Equal(t, want, KeywordOf(reply), "%q", reply)
	}
}

func FuzzKeywordOf(f *testing.F) {
	f.Add("STOP")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, reply string) {
		if k := KeywordOf(reply); k != "" && k != Stop && k != Start && k != Help {
			t.Errorf("%q", k)
		}
	})
}

func TestPlaceholders(t *testing.T) {
	assert.Contains(t, putEvent, "$18)")
	assert.Equal(t, len(columns(messageColumns)), len((&Message{}).row()))
	assert.Equal(t, len(columns(attemptColumns)), len((&Attempt{}).row()))
	assert.Equal(t, len(columns(eventColumns))-1, len((&Event{}).row()))
}

func TestIDs(t *testing.T) {
	now := time.Now()
	a, b := newID("att_", now), newID("att_", now.Add(time.Second))
	assert.Regexp(t, `^att_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, a)
	assert.Less(t, a, b, "ids begin with the time")
}
