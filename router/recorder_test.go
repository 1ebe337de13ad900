package router_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// recorder is a journal that records attempts by id. It fails as it is told.
type recorder struct {
	keeper
	ids     int
	intent  []error // of the next calls of Intent; nil = it is written
	outcome error
}

func (r *recorder) NewAttempt() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids++
	return fmt.Sprint("attempt-", r.ids)
}

func (r *recorder) Intent(ctx context.Context, e router.JournalEntry) error {
	if len(r.intent) > 0 {
		err := r.intent[0]
		if r.intent = r.intent[1:]; err != nil {
			return err
		}
	}
	return r.keeper.Intent(ctx, e)
}

func (r *recorder) Outcome(ctx context.Context, e router.JournalEntry) error {
	if r.outcome != nil {
		return r.outcome
	}
	return r.keeper.Outcome(ctx, e)
}

// written are the intents and the outcomes.
func (r *recorder) written() (intents, results []router.JournalEntry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.entries {
		if e.Outcome == "" {
			intents = append(intents, e)
		} else {
			results = append(results, e)
		}
	}
	return intents, results
}

// ledger is a store and the journal in one, such as a database.
type ledger struct {
	*router.MemoryStore
	recorder
	mu       sync.Mutex
	claims   []router.Claim
	inFlight int // how many calls of Begin find the message in flight
	fails    error
}

func (l *ledger) Begin(ctx context.Context, c router.Claim) (*router.Result, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.claims = append(l.claims, c)
	if l.inFlight > 0 {
		l.inFlight--
		return nil, router.ErrInFlight
	}
	if l.fails != nil {
		return nil, l.fails
	}
	return l.MemoryStore.Begin(ctx, c)
}

// attemptIDs are the ids of a result's attempts.
func attemptIDs(res *router.Result) (ids []string) {
	for _, a := range res.Attempts {
		ids = append(ids, a.ID)
	}
	return ids
}

// Each attempt has an id of its own, which the journal, the driver and the result share.
func TestAttemptsHaveIDs(t *testing.T) {
	for _, ref := range []string{"", "order-1"} {
		t.Run("ref "+ref, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var given []string
				answer := func(m *provider.Message) memory.Answer {
					given = append(given, m.Attempt)
					if len(given) < 3 {
						return code(provider.Unavailable)
					}
					return memory.Answer{}
				}
				j := new(recorder)
				r := two(t, vendor(t, memory.Config{Answer: answer}), vendor(t, memory.Config{Answer: answer}), &router.Options{Journal: j, Store: router.NewMemoryStore(0)})
				m := text("hello")
				m.Ref = ref
				res, err := r.Send(t.Context(), m)
				require.NoError(t, err)
				want := []string{"attempt-1", "attempt-2", "attempt-3"}
				assert.Equal(t, want, given)
				assert.Equal(t, want, attemptIDs(res))
				assert.Empty(t, m.Attempt, "the caller's message is left alone")
				intents, results := j.written()
				require.Len(t, intents, 3)
				for i, e := range intents {
					assert.Equal(t, want[i], e.Attempt)
					assert.Equal(t, []string{"a", "a", "b"}[i], e.Provider)
					assert.Len(t, e.Attempts, i, "those before it")
					assert.Equal(t, "hello", e.Message.Text)
				}
				require.Len(t, results, 1)
				assert.Same(t, res, results[0].Result)
			})
		})
	}
}

// An attempt that was begun and not made keeps its id: another send had the message then.
func TestAttemptKeepsItsID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{MemoryStore: router.NewMemoryStore(0), inFlight: 2}
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{Store: l, Journal: l})
		res, err := r.Send(t.Context(), referred("order-1", "hello"))
		require.NoError(t, err)
		assert.Equal(t, []string{"attempt-1"}, attemptIDs(res))
		require.Len(t, l.claims, 3)
		for _, c := range l.claims {
			assert.Equal(t, "attempt-1", c.Intent.Attempt)
			assert.Equal(t, "hello", c.Message.Text)
		}
	})
}

// A store that is the journal too gets the intents in the claims and the outcomes with
// Finish, of messages with a Ref; the others are in the journal as in any.
func TestStoreThatIsTheJournal(t *testing.T) {
	l := &ledger{MemoryStore: router.NewMemoryStore(0)}
	a := vendor(t, memory.Config{})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: l, Journal: l, Guard: &gatekeeper{from: "Shop"}})
	for _, replayed := range []bool{false, true} {
		res, err := r.Send(t.Context(), referred("order-1", "hello"))
		require.NoError(t, err)
		assert.Equal(t, replayed, res.Replayed)
	}
	require.Len(t, l.claims, 1)
	assert.Equal(t, "a", l.claims[0].Intent.Provider)
	assert.Equal(t, "Shop", l.claims[0].Message.From, "the sender that the guard wants")
	unguarded := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: l, Journal: l})
	res, err := unguarded.Send(t.Context(), referred("order-1", "hello"))
	require.NoError(t, err)
	assert.True(t, res.Replayed)
	assert.Len(t, l.claims, 2, "the claim says what is known")
	intents, results := l.written()
	assert.Empty(t, intents)
	assert.Empty(t, results)
	prior, err := l.Look(t.Context(), l.claims[0])
	require.NoError(t, err)
	assert.Equal(t, provider.OutcomeAccepted, prior.Status)

	_, err = r.Send(t.Context(), text("hello"))
	require.NoError(t, err)
	assert.Len(t, l.claims, 2)
	intents, results = l.written()
	assert.Len(t, intents, 1)
	assert.Len(t, results, 1)
}

// A claim that may have been made has its intent: the journal gets the outcome.
func TestStoreThatIsTheJournalAndFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{MemoryStore: router.NewMemoryStore(0), fails: errNetwork}
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{Store: l, Journal: l})
		res, err := r.Send(t.Context(), referred("order-1", "hello"))
		require.ErrorIs(t, err, errNetwork)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		_, results := l.written()
		require.Len(t, results, 1)
		assert.Equal(t, "order-1", results[0].Key)
		assert.Equal(t, provider.OutcomeNotSent, results[0].Outcome)
	})
}

// What is not in the journal, though it may have been sent, is announced. An intent that
// was certainly not written needs no outcome.
func TestOutcomeThatIsLost(t *testing.T) {
	perhaps := fmt.Errorf("no answer: %w", router.ErrPerhapsWritten)
	for name, c := range map[string]struct {
		intents []error
		status  provider.Outcome
		lost    bool
	}{
		"written":                      {nil, provider.OutcomeAccepted, true},
		"perhaps written":              {[]error{perhaps}, provider.OutcomeNotSent, true},
		"not written":                  {[]error{errBroken}, provider.OutcomeNotSent, false},
		"written, then not any more":   {[]error{nil, errBroken}, provider.OutcomeNotSent, true},
		"refused":                      {[]error{provider.NewError(provider.OptedOut, "STOP")}, provider.OutcomeRefused, false},
		"written, the next is refused": {[]error{nil, provider.NewError(provider.OptedOut, "STOP")}, provider.OutcomeNotSent, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := &recorder{intent: c.intents, outcome: errBroken}
				a := vendor(t, memory.Config{})
				if len(c.intents) > 1 {
					a.Script(code(provider.Unavailable))
				}
				var faults []router.Notice
				r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Journal: j, OnNotice: watch(&faults, router.NoticeFault)})
				res, _ := r.Send(t.Context(), text("hello"))
				assert.Equal(t, c.status, res.Status, res.Message)
				if !c.lost {
					assert.Empty(t, faults)
					return
				}
				require.Len(t, faults, 1)
				require.ErrorIs(t, faults[0].Err, router.ErrOutcomeLost)
				require.ErrorIs(t, faults[0].Err, errBroken)
			})
		})
	}
}

// Doubt that a resume settles is settled for the next resume too; doubt that stays needs
// no second entry.
func TestSettledDoubtIsWrittenDown(t *testing.T) {
	for mode, want := range map[provider.Delivery]provider.Outcome{
		provider.Reconcile: provider.OutcomeAccepted, provider.AtMostOnce: provider.OutcomeUnknown,
	} {
		synctest.Test(t, func(t *testing.T) {
			a, j := vendor(t, memory.Config{}), new(keeper)
			a.Script(lost)
			one := []router.Upstream{{Name: "a", Provider: a}}
			first := referred("order-1", "hello")
			first.Delivery = provider.AtMostOnce
			_, err := open(t, one, &router.Options{Journal: j}).Send(t.Context(), first)
			require.ErrorIs(t, err, provider.Indeterminate)
			before := len(j.entries)
			again := first.Clone()
			again.Delivery = mode
			for res := range sendAll(t, open(t, one, &router.Options{Journal: j}), t.Context(), slices.Values([]*provider.Message{again})) {
				assert.Equal(t, want, res.Status)
			}
			assert.Equal(t, 1, a.Attempts())
			if want == provider.OutcomeUnknown {
				assert.Len(t, j.entries, before)
				return
			}
			require.Len(t, j.entries, before+1)
			assert.Equal(t, provider.OutcomeAccepted, j.entries[before].Outcome)
			assert.Equal(t, "m1", j.entries[before].ID)
		})
	}
}
