package router

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
)

// A result says what the vendor said, or else at least the code.
func TestMessageOfARefusal(t *testing.T) {
	for want, err := range map[string]error{
		"as told":           &provider.Error{Code: provider.Rejected, VendorMessage: "as told"},
		"rejected":          &provider.Error{Code: provider.Rejected},
		"refused: the line": &provider.Error{Code: provider.Rejected, VendorMessage: "refused", Err: errors.New("the line")},
		"indeterminate":     &provider.Error{Code: provider.Indeterminate},
		"out of the blue":   errors.New("out of the blue"),
		"":                  errors.New(""),
	} {
		r := &Result{}
		refuse(r, err)
		assert.Equal(t, want, r.Message)
	}
}

// What was not analyzed has neither encoding nor segments.
func TestResultWithoutAnalysis(t *testing.T) {
	p := plan{message: &provider.Message{Ref: "r1", Text: "Hello"}}
	assert.Equal(t, &Result{Ref: "r1"}, p.result())
	p.analysis, _ = segment.Analyze("Hello", nil)
	assert.Equal(t, &Result{Ref: "r1", Encoding: "gsm7", Segments: 1}, p.result())
}

// The vendor's count of segments replaces ours, if it says one.
func TestSegmentsOfTheReceipt(t *testing.T) {
	for said, want := range map[int]int{0: 1, 1: 1, 3: 3} {
		c := &candidate{}
		c.analysis, _ = segment.Analyze("Hello", nil)
		r := &Result{}
		r.accept(c, &provider.Receipt{ID: "m1", Segments: said})
		assert.Equal(t, want, r.Segments)
	}
}

// Where nothing was tried, the error says since when or why.
func TestNothingTried(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	fit := plan{message: &provider.Message{}, route: &route{}, candidates: []candidate{{}}}
	for _, end := range []ending{{}, {again: at}, {mayWait: true}} {
		assert.ErrorContains(t, fit.nothingTried(end), "no provider could be tried")
	}
	later, ok := errors.AsType[*Deferred](fit.nothingTried(ending{mayWait: true, again: at}))
	require.True(t, ok)
	assert.Equal(t, at, later.Until)
	assert.ErrorIs(t, fit.nothingTried(ending{state: stopped, cause: errDeadline}), errDeadline)
	assert.ErrorIs(t, fit.nothingTried(ending{cause: &provider.Error{Code: provider.OptedOut}}), provider.OptedOut)
}

// Who ended an attempt decides whether it speaks against the provider.
func TestEndedByUs(t *testing.T) {
	for name, c := range map[string]struct {
		flight  flight
		attempt Attempt
		want    bool
	}{
		"the provider's whole time":        {flight{ended: errTimeout}, Attempt{}, false},
		"a share of the time":              {flight{ended: errShare}, Attempt{}, true},
		"its time to connect was cut":      {flight{connect: time.Second}, Attempt{Code: provider.Unavailable, Duration: time.Second}, true},
		"it failed before":                 {flight{connect: time.Second}, Attempt{Code: provider.Unavailable, Duration: time.Second - 1}, false},
		"it had its whole time to connect": {flight{}, Attempt{Code: provider.Unavailable, Duration: time.Second}, false},
		"it said something else":           {flight{connect: time.Second}, Attempt{Code: provider.Rejected, Duration: time.Second}, false},
	} {
		assert.Equal(t, c.want, c.flight.endedByUs(&c.attempt), name)
	}
}

func TestDoubtsOfAMessage(t *testing.T) {
	unknown := Attempt{Provider: "a", Outcome: provider.OutcomeUnknown}
	var d doubts
	remember := func(ref string, duplicate bool, attempts ...Attempt) {
		d.remember(&Result{Ref: ref, DuplicatePossible: duplicate, Attempts: attempts})
	}
	remember("", true, unknown)
	remember("single", false, unknown)
	remember("double", true, unknown, Attempt{Provider: "b", Outcome: provider.OutcomeAccepted},
		Attempt{Provider: "c", Outcome: provider.OutcomeNotSent}, Attempt{Provider: "d", Outcome: provider.OutcomeNotSent, Reconciled: true},
		Attempt{Provider: "e", Outcome: provider.OutcomeAccepted, Reconciled: true})
	for _, no := range [][2]string{{"", "a"}, {"single", "a"}, {"double", "b"}, {"double", "c"}, {"double", "e"}, {"other", "a"}} {
		assert.False(t, d.confirmed(no[0], no[1]), no)
	}
	for _, name := range []string{"a", "d"} {
		assert.True(t, d.confirmed("double", name), name)
		assert.False(t, d.confirmed("double", name), "%s: once", name)
	}
}

// The oldest doubts are forgotten when there are too many. One that is remembered anew
// takes no second place.
func TestDoubtsAreBounded(t *testing.T) {
	var d doubts
	remember := func(ref string) {
		d.remember(&Result{Ref: ref, DuplicatePossible: true, Attempts: []Attempt{{Provider: "a", Outcome: provider.OutcomeUnknown}}})
	}
	remember("first")
	remember("second")
	for range maxDoubts {
		remember("third")
	}
	for n := range maxDoubts - 3 {
		remember(string(rune('a' + n)))
	}
	assert.Len(t, d.byRef, maxDoubts)
	remember("one more")
	assert.Len(t, d.byRef, maxDoubts)
	assert.False(t, d.confirmed("first", "a"))
	assert.True(t, d.confirmed("second", "a"))
	assert.True(t, d.confirmed("one more", "a"))
}

func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := func(d time.Duration) time.Time { return time.Now().Add(d) }
		for name, c := range map[string]struct {
			bounds   bounds
			patience time.Duration // between attempts
			limits   time.Duration
			short    bool
		}{
			"without a deadline":            {bounds{}, 30 * time.Second, Forever, false},
			"after a rest":                  {bounds{rested: 10 * time.Second}, 20 * time.Second, Forever, false},
			"with a deadline":               {bounds{deadline: in(time.Minute), rested: time.Hour}, time.Minute, time.Minute, false},
			"with patience":                 {bounds{wait: in(10 * time.Second)}, 10 * time.Second, 10 * time.Second, true},
			"with long patience":            {bounds{wait: in(time.Hour)}, 30 * time.Second, time.Hour, true},
			"with less than until it":       {bounds{wait: in(10 * time.Second), deadline: in(time.Minute)}, 10 * time.Second, 10 * time.Second, true},
			"with as much as until it":      {bounds{wait: in(time.Minute), deadline: in(time.Minute)}, time.Minute, time.Minute, false},
			"with more than until it":       {bounds{wait: in(time.Hour), deadline: in(time.Minute)}, time.Minute, time.Minute, false},
			"with patience that is over":    {bounds{wait: in(-time.Second)}, -time.Second, 0, true},
			"with a deadline that has come": {bounds{deadline: in(-time.Second)}, -time.Second, 0, false},
		} {
			assert.Equal(t, c.patience, time.Until(c.bounds.patience()), name)
			limits, short := c.bounds.limitTime()
			assert.Equal(t, c.limits, limits, name)
			assert.Equal(t, c.short, short, name)
		}
	})
}

// The validity of an attempt is what is left of the message's.
func TestValidityThatIsLeft(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		message provider.Message
		passed  time.Duration
		want    time.Duration
	}{
		"none":                     {provider.Message{}, time.Minute, 0},
		"at once":                  {provider.Message{Validity: time.Minute}, 0, time.Minute},
		"part of a second":         {provider.Message{Validity: time.Minute}, 999 * time.Millisecond, time.Minute},
		"later":                    {provider.Message{Validity: time.Minute}, 20*time.Second + 1, 40 * time.Second},
		"nearly over":              {provider.Message{Validity: time.Minute}, 59 * time.Second, time.Second},
		"over":                     {provider.Message{Validity: time.Minute}, time.Minute, time.Minute}, // the deadline ends it
		"counts from when it goes": {provider.Message{Validity: time.Minute, SendAt: now.Add(time.Hour)}, 20 * time.Second, time.Minute},
		"goes now":                 {provider.Message{Validity: time.Minute, SendAt: now}, 20 * time.Second, 40 * time.Second},
	} {
		given := candidate{message: &c.message}
		assert.Equal(t, c.want, given.at(now, now.Add(-c.passed)).Validity, name)
	}
}

// SendAt is a part of the content: the same text tomorrow is another message.
func TestContentHasSendAt(t *testing.T) {
	m := provider.Message{Text: "Hello"}
	now, later := m, m
	later.SendAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	assert.Equal(t, Fingerprint(&m), Fingerprint(&now))
	assert.NotEqual(t, Fingerprint(&m), Fingerprint(&later))
	tomorrow := later
	tomorrow.SendAt = later.SendAt.Add(24 * time.Hour)
	assert.NotEqual(t, Fingerprint(&later), Fingerprint(&tomorrow))
}
