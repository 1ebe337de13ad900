package router_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// resumed is what a SendAll makes of one message, after an earlier run had begun attempts
// at the providers that the journal names, and ended.
func resumed(t *testing.T, m *provider.Message, upstreams []router.Upstream, begun ...string) *router.Result {
	t.Helper()
	journal := new(keeper)
	for _, name := range begun {
		e := router.JournalEntry{Key: m.Ref, Fingerprint: router.Fingerprint(m), Provider: name, At: time.Now()}
		require.NoError(t, journal.Intent(t.Context(), e))
	}
	var result *router.Result
	r := open(t, upstreams, &router.Options{Journal: journal})
	for res := range sendAll(t, r, t.Context(), slices.Values([]*provider.Message{m})) {
		result = res
	}
	return result
}

// Doubt that an earlier send has left is settled before anything is sent, as the delivery
// mode says.
func TestDoubtOfAnEarlierSend(t *testing.T) {
	for name, c := range map[string]struct {
		begun    []string
		listed   string // the provider that lists the message
		delivery provider.Delivery
		status   provider.Outcome
		trail    string
		twice    bool // it may have been sent twice
	}{
		"the first has it":              {[]string{"a", "b"}, "a", provider.Reconcile, provider.OutcomeAccepted, "a:accepted b:unknown", true},
		"the second has it":             {[]string{"a", "b"}, "b", provider.Reconcile, provider.OutcomeAccepted, "a:not_sent b:accepted", true},
		"none has it":                   {[]string{"b"}, "", provider.Reconcile, provider.OutcomeAccepted, "b:not_sent a:accepted", true},
		"it was tried twice":            {[]string{"a", "a"}, "a", provider.Reconcile, provider.OutcomeAccepted, "a:accepted a:accepted", false},
		"it stays":                      {[]string{"a"}, "a", provider.AtMostOnce, provider.OutcomeUnknown, "a:unknown", false},
		"the next may send it":          {[]string{"a"}, "a", provider.AtLeastOnce, provider.OutcomeAccepted, "a:unknown b:accepted", true},
		"about one that is gone":        {[]string{"former"}, "", provider.AtMostOnce, provider.OutcomeUnknown, "former:unknown", false},
		"the same, and nobody to ask":   {[]string{"former"}, "", provider.Reconcile, provider.OutcomeUnknown, "former:unknown", false},
		"the same, at least once":       {[]string{"former"}, "", provider.AtLeastOnce, provider.OutcomeAccepted, "former:unknown a:accepted", true},
		"about one that is gone, and a": {[]string{"former", "a"}, "a", provider.Reconcile, provider.OutcomeAccepted, "former:unknown a:accepted", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := memory.Config{FindSettles: provider.Duration(10 * time.Second), Price: &provider.Money{Micros: 50_000, Currency: "EUR"}}
				a, b := vendor(t, config), vendor(t, config)
				m := referred("order-1", "hello")
				m.Delivery = c.delivery
				for name, v := range map[string]*memory.Provider{"a": a, "b": b} {
					if name == c.listed {
						_, err := v.Send(t.Context(), m)
						require.NoError(t, err)
					}
				}
				before := a.Attempts() + b.Attempts()
				res := resumed(t, m, []router.Upstream{{Name: "a", Provider: a}, {Name: "b", Provider: b}}, c.begun...)
				assert.Equal(t, c.status, res.Status, res.Message)
				assert.Equal(t, c.trail, trail(res))
				assert.Equal(t, c.twice, res.DuplicatePossible)
				if res.Status == provider.OutcomeAccepted {
					assert.Equal(t, "0.05 EUR", res.Cost.String())
					charged := res.Attempts[len(res.Attempts)-1]
					if c.listed == "a" && c.delivery == provider.Reconcile {
						charged = res.Attempts[slices.IndexFunc(res.Attempts, func(a router.Attempt) bool { return a.Provider == "a" && a.Charged != nil })]
					}
					assert.Equal(t, "0.05 EUR", charged.Charged.String())
				}
				sent := 0
				for _, attempt := range res.Attempts {
					if !attempt.Earlier {
						sent++
					}
				}
				assert.Equal(t, sent, a.Attempts()+b.Attempts()-before)
			})
		})
	}
}

// Doubt about a provider stays doubt when another one comes before it: what the claim says
// of an earlier send is settled before anything is sent.
func TestDoubtAboutALaterProvider(t *testing.T) {
	for mode, want := range map[provider.Delivery]string{
		provider.AtMostOnce: "b:unknown", provider.Reconcile: "b:accepted", provider.AtLeastOnce: "b:unknown a:accepted",
	} {
		synctest.Test(t, func(t *testing.T) {
			a, b := vendor(t, memory.Config{}), scripted(t, lost)
			r := two(t, a, b, &router.Options{Store: router.NewMemoryStore(0)})
			require.NoError(t, r.SetOverride("a", router.OverrideOut))
			res, _ := r.Send(t.Context(), referred("order-1", "hello"))
			require.Equal(t, "b:unknown", trail(res))
			require.NoError(t, r.SetOverride("a", router.OverrideAuto))
			m := referred("order-1", "hello")
			m.Delivery = mode
			res, _ = r.Send(t.Context(), m)
			assert.Equal(t, want, trail(res))
			assert.Equal(t, 1, b.Attempts())
		})
	}
}

// A message that may have been sent twice stays one.
func TestPossibleDuplicateOfAnEarlierSend(t *testing.T) {
	a, b := scripted(t, lost), scripted(t, lost)
	r := two(t, a, b, &router.Options{Store: router.NewMemoryStore(0)})
	for _, mode := range []provider.Delivery{provider.AtLeastOnce, provider.AtMostOnce} {
		m := referred("order-1", "hello")
		m.Delivery = mode
		res, _ := r.Send(t.Context(), m)
		assert.Equal(t, "a:unknown b:unknown", trail(res))
		assert.True(t, res.DuplicatePossible)
	}
}

// The card price belongs to what was accepted or may have been, and to nothing else.
func TestCardPriceOfWhatWasReconciled(t *testing.T) {
	for name, c := range map[string]struct {
		answer memory.Answer
		priced bool
	}{"the vendor has it": {lost, true}, "it does not": {code(provider.Indeterminate), false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := vendor(t, memory.Config{FindSettles: provider.Duration(5 * time.Second)})
				a.Script(c.answer)
				r := two(t, a, vendor(t, memory.Config{}), &router.Options{Price: prices(map[string]int64{"a": 40_000})})
				m := referred("order-1", "hello")
				m.Delivery = provider.Reconcile
				res, err := r.Send(t.Context(), m)
				require.NoError(t, err)
				assert.Equal(t, c.priced, res.Attempts[0].CardPrice != nil)
				assert.Equal(t, c.priced, res.CardPrice != nil)
			})
		})
	}
}

// A vendor recognizes the message again only within the life of its key, the pause and the
// whole of the attempt included.
func TestVendorKeyOutlivesThePause(t *testing.T) {
	for pause, want := range map[time.Duration]string{
		10*time.Second - 1: "a:unknown a:accepted", 10 * time.Second: "a:unknown", 11 * time.Second: "a:unknown",
	} {
		synctest.Test(t, func(t *testing.T) {
			a := vendor(t, memory.Config{ReplayFor: provider.Duration(40 * time.Second)})
			a.Script(memory.Answer{Err: &provider.Error{Code: provider.Indeterminate, RetryAfter: pause}, Taken: true})
			r := open(t, []router.Upstream{{Name: "a", Provider: a, Timeout: 30 * time.Second}}, nil)
			began := time.Now()
			res, _ := r.Send(t.Context(), referred("order-1", "hello"))
			assert.Equal(t, want, trail(res), pause)
			if res.Status == provider.OutcomeUnknown {
				assert.Zero(t, time.Since(began), "it does not wait in vain")
			}
		})
	}
}

// The vendor's word about a message in doubt comes before its refusal of the second
// attempt; where it does not have the message, the refusal stands for all providers.
func TestRefusalAfterDoubtIsReconciled(t *testing.T) {
	for name, c := range map[string]struct {
		first  memory.Answer
		second provider.Code
		status provider.Outcome
		trail  string
	}{
		"it has it":                    {lost, provider.InvalidRecipient, provider.OutcomeAccepted, "a:accepted a:refused"},
		"it does not":                  {code(provider.Indeterminate), provider.InvalidRecipient, provider.OutcomeRefused, "a:not_sent a:refused"},
		"it does not, and others may":  {code(provider.Indeterminate), provider.SenderRejected, provider.OutcomeAccepted, "a:not_sent a:refused b:accepted"},
		"it has it, though others may": {lost, provider.SenderRejected, provider.OutcomeAccepted, "a:accepted a:refused"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := vendor(t, memory.Config{ReplayFor: provider.Duration(time.Hour), FindSettles: provider.Duration(5 * time.Second)})
				a.Script(c.first, code(c.second))
				m := referred("order-1", "hello")
				m.Delivery = provider.Reconcile
				res, err := two(t, a, vendor(t, memory.Config{}), nil).Send(t.Context(), m)
				assert.Equal(t, c.status, res.Status)
				assert.Equal(t, c.status == provider.OutcomeAccepted, err == nil)
				assert.Equal(t, c.trail, trail(res))
			})
		})
	}
}

// An attempt budget that is used up by what will pass costs a campaign no message: it
// counts anew when the message was held. What does not pass ends the message.
func TestBudgetOfAMessageThatIsHeld(t *testing.T) {
	for name, c := range map[string]struct {
		first memory.Answer
		want  provider.Outcome
		trail string
	}{
		"unavailable":  {code(provider.Unavailable), provider.OutcomeAccepted, "a:not_sent a:accepted"},
		"rate limited": {memory.Answer{Err: &provider.Error{Code: provider.RateLimited, RetryAfter: 100 * time.Millisecond}}, provider.OutcomeAccepted, "a:not_sent a:accepted"},
		"no route":     {code(provider.NoRoute), provider.OutcomeRefused, "a:refused"},
		"no funds":     {code(provider.InsufficientFunds), provider.OutcomeNotSent, "a:not_sent"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
				a.Script(c.first)
				r := two(t, a, b, &router.Options{AttemptBudget: 1, Retry: router.Retry{MaxAttempts: 3}})
				began := time.Now()
				for res := range sendAll(t, r, t.Context(), campaign(1)) {
					assert.Equal(t, c.want, res.Status, res.Message)
					assert.Equal(t, c.trail, trail(res))
				}
				assert.Zero(t, b.Attempts())
				assert.Equal(t, c.want == provider.OutcomeAccepted, time.Since(began) > 0)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		a.Script(code(provider.Unavailable))
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{AttemptBudget: 1, Hold: -1})
		for res, err := range sendAll(t, r, t.Context(), campaign(1)) {
			require.ErrorIs(t, err, provider.Unavailable)
			assert.Equal(t, "a:not_sent", trail(res))
		}
	})
}
