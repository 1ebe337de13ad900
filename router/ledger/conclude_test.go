package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// TestTake: what later sends say of an attempt.
func TestTake(t *testing.T) {
	began, again := time.Unix(1000, 0), time.Unix(2000, 0)
	price := &provider.Money{Micros: 1, Currency: "EUR"}
	known := func(o provider.Outcome) Attempt {
		return Attempt{Outcome: o, Reason: "as it was", StartedAt: began, Charged: price, CardPrice: price, abandoned: true}
	}
	says := func(o provider.Outcome) router.Attempt {
		return router.Attempt{Outcome: o, Message: "anew", StartedAt: again, Duration: time.Second, Code: provider.Rejected, VendorCode: "7", Reconciled: true}
	}
	for name, tt := range map[string]struct {
		known, says provider.Outcome
		taken       bool
	}{
		"an acceptance stays":        {provider.OutcomeAccepted, provider.OutcomeUnknown, false},
		"nothing is said":            {provider.OutcomeUnknown, "", false},
		"nothing new is said":        {provider.OutcomeUnknown, provider.OutcomeUnknown, false},
		"doubt is settled":           {provider.OutcomeUnknown, provider.OutcomeNotSent, true},
		"the first outcome":          {"", provider.OutcomeUnknown, true},
		"it was accepted after all":  {provider.OutcomeNotSent, provider.OutcomeAccepted, true},
		"what was proven is doubted": {provider.OutcomeRefused, provider.OutcomeUnknown, true},
	} {
		a, from := known(tt.known), says(tt.says)
		a.take(&from)
		want := known(tt.known)
		if tt.taken {
			want = Attempt{
				Outcome: tt.says, Reason: "anew", StartedAt: again, Duration: time.Second, Code: provider.Rejected, VendorCode: "7",
				Reconciled: true, Charged: price, CardPrice: price,
			}
		}
		assert.Equal(t, want, a, name)
	}
	other := &provider.Money{Micros: 2, Currency: "EUR"}
	a, from := known(provider.OutcomeUnknown), says(provider.OutcomeAccepted)
	from.Charged, from.CardPrice, from.Earlier = other, other, true
	a.take(&from)
	assert.Equal(t, []*provider.Money{other, other}, []*provider.Money{a.Charged, a.CardPrice})
	assert.Equal(t, began, a.StartedAt, "an earlier send knows better when it began")
	a, from = known(provider.OutcomeUnknown), says(provider.OutcomeAccepted)
	from.StartedAt = time.Time{}
	a.take(&from)
	assert.Equal(t, began, a.StartedAt)
}

// TestForRouter: an attempt whose outcome nobody has recorded is in doubt, and one that a
// report has settled says so.
func TestForRouter(t *testing.T) {
	for name, tt := range map[string]struct {
		a    Attempt
		want router.Attempt
	}{
		"under way": {
			Attempt{},
			router.Attempt{Outcome: provider.OutcomeUnknown, Code: provider.Indeterminate, Message: "its outcome was not recorded"},
		},
		"accepted": {
			Attempt{Outcome: provider.OutcomeAccepted, Settled: provider.OutcomeAccepted, Code: "x", VendorCode: "x", Reason: "x"},
			router.Attempt{Outcome: provider.OutcomeAccepted},
		},
		"accepted, as the vendor said when it was asked": {
			Attempt{Outcome: provider.OutcomeAccepted, Settled: provider.OutcomeAccepted, Reconciled: true},
			router.Attempt{Outcome: provider.OutcomeAccepted, Reconciled: true},
		},
		"accepted, as a report says": {
			Attempt{Outcome: provider.OutcomeUnknown, Settled: provider.OutcomeAccepted, Code: provider.Indeterminate, Reason: "lost"},
			router.Attempt{Outcome: provider.OutcomeAccepted, Reconciled: true},
		},
		"refused": {
			Attempt{Outcome: provider.OutcomeRefused, Settled: provider.OutcomeRefused, Code: provider.Rejected, VendorCode: "7", Reason: "no"},
			router.Attempt{Outcome: provider.OutcomeRefused, Code: provider.Rejected, VendorCode: "7", Message: "no"},
		},
	} {
		assert.Equal(t, tt.want, tt.a.forRouter(), name)
	}
}

// TestInDoubt: a vendor may have a message that was tried and not answered.
func TestInDoubt(t *testing.T) {
	for outcome, want := range map[provider.Outcome]bool{
		"": true, provider.OutcomeUnknown: true, provider.OutcomeAccepted: false, provider.OutcomeRefused: false, provider.OutcomeNotSent: false,
	} {
		r := &record{}
		r.attempts = []*Attempt{{Outcome: provider.OutcomeRefused}, {Outcome: outcome}}
		assert.Equal(t, want, r.inDoubt(), outcome)
	}
	assert.False(t, new(record).inDoubt())
}

// TestTakeResult: what a message's record takes from the result of a send.
func TestTakeResult(t *testing.T) {
	to := e164.MustParse("+306941234567")
	price := &provider.Money{Micros: 1, Currency: "EUR"}
	result := func(o provider.Outcome) *router.Result {
		return &router.Result{Status: o, Code: provider.Unavailable, Message: "down", Provider: "athens", Segments: 2}
	}
	for name, tt := range map[string]struct {
		concluded, result, want provider.Outcome
		taken                   bool
	}{
		"an acceptance stays":           {provider.OutcomeAccepted, provider.OutcomeUnknown, provider.OutcomeAccepted, false},
		"the first send":                {"", provider.OutcomeNotSent, provider.OutcomeNotSent, true},
		"another send":                  {provider.OutcomeNotSent, provider.OutcomeAccepted, provider.OutcomeAccepted, true},
		"queued: it is tried again":     {waiting, provider.OutcomeNotSent, waiting, true},
		"queued, and refused":           {waiting, provider.OutcomeRefused, provider.OutcomeRefused, true},
		"queued, and nobody knows":      {waiting, provider.OutcomeUnknown, provider.OutcomeUnknown, true},
		"not sent is not tried by this": {provider.OutcomeUnknown, provider.OutcomeNotSent, provider.OutcomeNotSent, true},
	} {
		r := &record{}
		r.concluded = tt.concluded
		r.takeResult(result(tt.result))
		assert.Equal(t, tt.want, r.concluded, name)
		assert.Equal(t, tt.taken, r.Reason == "down" && r.Provider == "athens" && r.Segments == 2, name)
	}
	asked := &record{}
	asked.concluded = waiting
	inDoubt := result(provider.OutcomeUnknown)
	inDoubt.Deferred = &router.Deferred{}
	asked.takeResult(inDoubt)
	assert.Equal(t, waiting, asked.concluded, "its vendor is asked again")
	r := &record{}
	first := result(provider.OutcomeUnknown)
	first.Cost, first.CardPrice, first.To, first.DuplicatePossible = &router.Cost{Money: *price, Estimated: true}, price, to, true
	r.takeResult(first)
	assert.Equal(t, to.String(), r.To)
	assert.Equal(t, "GR", r.Country)
	next := result(provider.OutcomeUnknown)
	next.To = e164.MustParse("+33612345678")
	r.takeResult(next)
	assert.Equal(t, to.String(), r.To, "the recipient is known")
	assert.Equal(t, price, r.CardPrice, "nothing new is said of the price")
	assert.Equal(t, &router.Cost{Money: *price, Estimated: true}, r.Cost)
	assert.True(t, r.DuplicatePossible, "what was possible once is possible")
	other := &record{}
	other.takeResult(result(provider.OutcomeNotSent))
	assert.Empty(t, other.To)
	assert.False(t, other.DuplicatePossible)
	other.takeResult(first)
	assert.True(t, other.DuplicatePossible)
}
