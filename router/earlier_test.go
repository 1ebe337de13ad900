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
	}{
		"the first has it":              {[]string{"a", "b"}, "a", provider.Reconcile, provider.OutcomeAccepted, "a:accepted b:unknown"},
		"the second has it":             {[]string{"a", "b"}, "b", provider.Reconcile, provider.OutcomeAccepted, "a:not_sent b:accepted"},
		"none has it":                   {[]string{"b"}, "", provider.Reconcile, provider.OutcomeAccepted, "b:not_sent a:accepted"},
		"it stays":                      {[]string{"a"}, "a", provider.AtMostOnce, provider.OutcomeUnknown, "a:unknown"},
		"the next may send it":          {[]string{"a"}, "a", provider.AtLeastOnce, provider.OutcomeAccepted, "a:unknown b:accepted"},
		"about one that is gone":        {[]string{"former"}, "", provider.AtMostOnce, provider.OutcomeUnknown, "former:unknown"},
		"the same, and nobody to ask":   {[]string{"former"}, "", provider.Reconcile, provider.OutcomeUnknown, "former:unknown"},
		"the same, at least once":       {[]string{"former"}, "", provider.AtLeastOnce, provider.OutcomeAccepted, "former:unknown a:accepted"},
		"about one that is gone, and a": {[]string{"former", "a"}, "a", provider.Reconcile, provider.OutcomeAccepted, "former:unknown a:accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := memory.Config{FindSettles: provider.Duration(10 * time.Second)}
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
