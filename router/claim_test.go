package router_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// remote is a store behind a network that fails in one of its calls.
type remote struct {
	*router.MemoryStore
	mu   sync.Mutex
	call string // "look", "begin", "finish"; "" = none fails
	how  fault
}

// fault is how a call fails.
type fault int

const (
	refusesCall fault = iota // the call does not arrive
	losesReply               // the call is done, its reply is lost
	hangs                    // the call takes an hour, whatever the context says, and is then done
)

var errNetwork = errors.New("connection reset")

func (r *remote) set(call string, how fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.call, r.how = call, how
}

// through does a call if the network lets it pass.
func through[T any](r *remote, call string, do func() (T, error)) (T, error) {
	r.mu.Lock()
	fails, how := r.call == call, r.how
	r.mu.Unlock()
	var none T
	switch {
	case !fails:
		return do()
	case how == refusesCall:
		return none, errNetwork
	case how == hangs:
		time.Sleep(time.Hour)
		return do()
	}
	_, _ = do()
	return none, errNetwork
}

func (r *remote) Look(ctx context.Context, c router.Claim) (*router.Result, error) {
	return through(r, "look", func() (*router.Result, error) { return r.MemoryStore.Look(ctx, c) })
}

func (r *remote) Begin(ctx context.Context, c router.Claim) (*router.Result, error) {
	return through(r, "begin", func() (*router.Result, error) { return r.MemoryStore.Begin(ctx, c) })
}

func (r *remote) Finish(ctx context.Context, c router.Claim, result *router.Result) error {
	_, err := through(r, "finish", func() (struct{}, error) { return struct{}{}, r.MemoryStore.Finish(ctx, c, result) })
	return err
}

// The caller's deadline holds whatever call hangs, and where the store may be done
// without the message is sent within it.
func TestDeadlineHoldsWhenTheStoreHangs(t *testing.T) {
	for _, tt := range []struct {
		call   string
		mode   router.FailureMode
		status provider.Outcome
	}{
		{"look", router.FailClosed, provider.OutcomeNotSent}, {"look", router.FailOpen, provider.OutcomeAccepted},
		{"begin", router.FailClosed, provider.OutcomeNotSent}, {"begin", router.FailOpen, provider.OutcomeAccepted},
		{"finish", router.FailClosed, provider.OutcomeAccepted}, {"finish", router.FailOpen, provider.OutcomeAccepted},
	} {
		t.Run(tt.call+" "+string(tt.mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, s := vendor(t, memory.Config{}), &remote{MemoryStore: router.NewMemoryStore(0)}
				s.set(tt.call, hangs)
				limited := router.Upstream{Name: "a", Provider: a, RateLimit: 100} // so that the store is asked before the claim
				r := open(t, []router.Upstream{limited}, &router.Options{Store: s, StoreOptions: router.StoreOptions{OnError: tt.mode}})
				for _, limit := range []time.Duration{500 * time.Millisecond, 0} {
					m := referred(fmt.Sprint("r", limit), "hello")
					ctx, cancel := context.WithCancel(t.Context())
					most := 5 * time.Second // for each call
					if limit > 0 {
						ctx, cancel = context.WithTimeout(t.Context(), limit)
						most = limit
					}
					began := time.Now()
					res, _ := r.Send(ctx, m)
					cancel()
					assert.Equal(t, tt.status, res.Status, "within %s: %s", limit, res.Message)
					assert.LessOrEqual(t, time.Since(began), most)
					time.Sleep(2 * time.Second) // past the time for which a store that hung is not asked
				}
			})
		})
	}
}

// A message that is told not_sent, because the reply to its claim was lost, can be sent:
// the claim is released, and if that fails too, its owner recognizes it.
func TestClaimWhoseReplyWasLost(t *testing.T) {
	for _, how := range []fault{refusesCall, losesReply, hangs} {
		for _, release := range []bool{true, false} {
			t.Run(fmt.Sprint(how, " released ", release), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, s := vendor(t, memory.Config{}), &remote{MemoryStore: router.NewMemoryStore(0)}
					r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: s})
					s.set("begin", how)
					res, err := r.Send(t.Context(), referred("r1", "hello"))
					require.ErrorIs(t, err, provider.Unavailable)
					require.Equal(t, provider.OutcomeNotSent, res.Status)
					if !release {
						s.set("finish", refusesCall)
					}
					time.Sleep(2 * time.Hour)
					s.set("", refusesCall)
					res, err = r.Send(t.Context(), referred("r1", "hello"))
					require.NoError(t, err)
					assert.False(t, res.Replayed)
					res, err = r.Send(t.Context(), referred("r1", "hello"))
					require.NoError(t, err)
					assert.True(t, res.Replayed)
					assert.Equal(t, 1, a.Accepted())
				})
			})
		}
	}
}

// Many callers try again at once: only one of them may take over the claim.
func TestLostClaimHasOneHeir(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := vendor(t, memory.Config{Delay: provider.Duration(time.Second)}), &remote{MemoryStore: router.NewMemoryStore(0)}
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: s})
		s.set("begin", losesReply)
		_, err := r.Send(t.Context(), referred("r1", "hello"))
		require.ErrorIs(t, err, provider.Unavailable)
		s.set("", refusesCall)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				_, err := r.Send(t.Context(), referred("r1", "hello"))
				assert.NoError(t, err)
			})
		}
		all.Wait()
		assert.Equal(t, 1, a.Accepted())
	})
}

// What was sent without the store is known to it as soon as it can be reached.
func TestSentWithoutTheStore(t *testing.T) {
	for _, call := range []string{"look", "begin"} {
		for _, how := range []fault{refusesCall, losesReply, hangs} {
			synctest.Test(t, func(t *testing.T) {
				a, s := vendor(t, memory.Config{}), &remote{MemoryStore: router.NewMemoryStore(0)}
				r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: s, StoreOptions: router.StoreOptions{OnError: router.FailOpen}})
				s.set(call, how)
				_, err := r.Send(t.Context(), referred("r1", "hello"))
				require.NoError(t, err)
				time.Sleep(10 * time.Second)
				s.set("", refusesCall)
				if how != hangs {
					res, err := r.Send(t.Context(), referred("r1", "hello"))
					require.NoError(t, err)
					assert.True(t, res.Replayed, "%s %d", call, how)
				}
			})
		}
	}
}

// forgetful is a store that has lost its data.
type forgetful struct{ *router.MemoryStore }

func (f forgetful) Begin(ctx context.Context, c router.Claim) (*router.Result, error) {
	prior, err := f.MemoryStore.Begin(ctx, c)
	if err == nil && prior == nil {
		err = router.ErrDataLost
	}
	return prior, err
}

func TestDataLossIsAnnouncedAndMarked(t *testing.T) {
	a := vendor(t, memory.Config{})
	var faults []router.Notice
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{
		Store: forgetful{router.NewMemoryStore(0)}, OnNotice: watch(&faults, router.NoticeFault),
	})
	for _, ref := range []string{"r1", "r2", "r3"} {
		res, err := r.Send(t.Context(), referred(ref, "hello"))
		require.NoError(t, err)
		assert.True(t, res.DuplicatePossible)
		require.Len(t, faults, 1, "announced once")
	}
	require.ErrorIs(t, faults[0].Err, router.ErrDataLost)
	res, err := r.Send(t.Context(), referred("r1", "hello"))
	require.NoError(t, err)
	assert.True(t, res.Replayed)
}

// Messages of one SendAll with the same Ref are one message, whatever remembers them.
func TestSendAllSendsARefOnce(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts func() *router.Options
	}{
		{"nothing", func() *router.Options { return &router.Options{} }},
		{"store", func() *router.Options { return &router.Options{Store: router.NewMemoryStore(0)} }},
		{"journal", func() *router.Options { return &router.Options{Journal: &keeper{}} }},
		{"both", func() *router.Options { return &router.Options{Store: router.NewMemoryStore(0), Journal: &keeper{}} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := vendor(t, memory.Config{Features: []string{}, Delay: provider.Duration(time.Second), Answer: func(m *provider.Message) memory.Answer {
					switch m.Text {
					case "in doubt":
						return lost
					case "refused":
						return code(provider.Rejected)
					}
					return memory.Answer{}
				}})
				r := open(t, []router.Upstream{{Name: "a", Provider: a}}, tt.opts())
				all := []*provider.Message{
					referred("r1", "hello"), referred("r1", "hello"), referred("r1", "other"), referred("r2", "hello"),
					referred("r3", "in doubt"), referred("r3", "in doubt"), referred("r4", "refused"), referred("r4", "refused"),
					referred("r1", "hello"), text("hello"), text("hello"),
				}
				got := make(map[string]int)
				for res := range sendAll(t, r, t.Context(), slices.Values(all)) {
					got[fmt.Sprintf("%s %s %t %s", res.Ref, res.Status, res.Replayed, res.Message)]++
					if res.Ref == "r1" && res.Status == provider.OutcomeAccepted {
						assert.NotEmpty(t, res.ID)
						assert.Equal(t, "a", res.Provider)
					}
				}
				assert.Equal(t, 1, got["r1 accepted false "])
				assert.Equal(t, 2, got["r1 accepted true "])
				assert.Equal(t, 1, got["r1 refused false ref reused with different content"])
				assert.Equal(t, 1, got["r2 accepted false "])
				unknown := 0
				for what, n := range got {
					if strings.HasPrefix(what, "r3 unknown") {
						unknown += n
					}
				}
				assert.Equal(t, 2, unknown, "doubt is no acceptance")
				assert.Equal(t, 2, got["r4 refused false as told"], "each is a new try")
				assert.Equal(t, 2, got[" accepted false "], "messages without a ref are messages of their own")
				tries := make(map[string]int)
				for _, m := range a.Messages() {
					tries[m.Message.Ref]++
				}
				assert.Equal(t, map[string]int{"r1": 1, "r2": 1, "r3": 1, "": 2}, tries)
			})
		})
	}
}

// A row waits for those before it with its Ref, also for one that has taken the place of a
// row that was refused.
func TestRowsOfARefGoOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Delay: provider.Duration(time.Second)})
		a.Script(code(provider.Rejected))
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, nil)
		replayed := 0
		for res := range sendAll(t, r, t.Context(), func(yield func(*provider.Message) bool) {
			for _, wait := range []time.Duration{0, 0, 1500 * time.Millisecond} {
				time.Sleep(wait) // when the third comes, the first has left and the second is under way
				if !yield(referred("r1", "hello")) {
					return
				}
			}
		}) {
			if res.Replayed {
				replayed++
			}
		}
		assert.Equal(t, 2, a.Attempts())
		assert.Equal(t, 1, replayed)
	})
}

// Rows with a Ref that is in doubt: the doubt grows with each provider that is tried, and
// belongs to the content that was sent.
func TestRowsOfARefInDoubt(t *testing.T) {
	a, b, c := scripted(t, lost), scripted(t, lost), vendor(t, memory.Config{})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}, {Name: "b", Provider: b}, {Name: "c", Provider: c}}, &router.Options{
		Concurrency: 1, AttemptBudget: 1,
	})
	row := func(text string, mode provider.Delivery) *provider.Message {
		m := referred("r1", text)
		m.Delivery = mode
		return m
	}
	rows := []*provider.Message{
		row("hello", provider.AtMostOnce), row("other", provider.AtLeastOnce), row("hello", provider.AtLeastOnce), row("hello", provider.AtLeastOnce),
		row("hello", provider.AtMostOnce), row("other", provider.AtMostOnce),
	}
	got := make([]string, len(rows))
	for res := range sendAll(t, r, t.Context(), slices.Values(rows)) {
		got[res.Index] = string(res.Status) + " " + trail(res)
		if rows[res.Index].Text == "other" {
			assert.Equal(t, "ref reused with different content", res.Message)
		}
	}
	assert.Equal(t, []string{
		"unknown a:unknown", "refused ", "unknown a:unknown b:unknown", "accepted a:unknown b:unknown c:accepted", "accepted ", "refused ",
	}, got)
}

// Of rows with one Ref and different texts the first is sent, whichever worker is faster.
func TestFirstRowOfARefIsSent(t *testing.T) {
	a := vendor(t, memory.Config{})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Concurrency: 32})
	var all []*provider.Message
	for i := range 500 {
		for _, text := range []string{"first", "second", "first", "third"} {
			all = append(all, referred(fmt.Sprint("r", i), text))
		}
	}
	results := make(map[int]string)
	for res := range sendAll(t, r, t.Context(), slices.Values(all)) {
		results[res.Index] = fmt.Sprint(res.Status, res.Replayed)
	}
	for i := range all {
		want := []string{"acceptedfalse", "refusedfalse", "acceptedtrue", "refusedfalse"}[i%4]
		require.Equal(t, want, results[i], "row %d", i)
	}
	for _, m := range a.Messages() {
		require.Equal(t, "first", m.Message.Text, m.Message.Ref)
	}
}

// The same file with another text is not taken for sent.
func TestJournalKnowsTheContent(t *testing.T) {
	a, j := vendor(t, memory.Config{}), &keeper{}
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Journal: j})
	for range sendAll(t, r, t.Context(), slices.Values([]*provider.Message{referred("order-1", "hello Ann"), referred("order-2", "hello Bob")})) {
	}
	changed := referred("order-1", "hello Ann")
	changed.To = mobileOfBob
	for res, err := range sendAll(t, r, t.Context(), slices.Values([]*provider.Message{changed, referred("order-2", "goodbye Bob")})) {
		require.ErrorIs(t, err, provider.InvalidMessage)
		assert.Equal(t, provider.OutcomeRefused, res.Status)
		assert.Equal(t, "ref reused with different content", res.Message)
		assert.Empty(t, res.ID)
	}
	for res := range sendAll(t, r, t.Context(), slices.Values([]*provider.Message{referred("order-1", "hello Ann")})) {
		assert.True(t, res.Replayed, "the first content keeps the ref")
	}
	assert.Equal(t, 2, a.Accepted())
}

// What only the journal knows is told to the store, and what only the store knows is
// written to the journal: the next run may have one of them.
func TestJournalAndStoreTellEachOther(t *testing.T) {
	a, j := vendor(t, memory.Config{}), &keeper{}
	one := []router.Upstream{{Name: "a", Provider: a}}
	message := []*provider.Message{referred("order-1", "hello")}
	run := func(opts *router.Options) {
		t.Helper()
		for _, err := range sendAll(t, open(t, one, opts), t.Context(), slices.Values(message)) {
			require.NoError(t, err)
		}
	}
	shared := router.NewMemoryStore(0)
	run(&router.Options{Journal: j})                    // the journal alone knows
	run(&router.Options{Journal: j, Store: shared})     // the store is told
	run(&router.Options{Store: shared})                 // the store alone is asked
	other := &keeper{}                                  // of another machine
	run(&router.Options{Journal: other, Store: shared}) // the journal is told
	run(&router.Options{Journal: other})                // the journal alone is asked
	assert.Equal(t, 1, a.Accepted())
}

// A store that cannot be reached does not turn the journal's doubt into not_sent.
func TestDoubtOutlivesAStoreThatIsGone(t *testing.T) {
	a, j := vendor(t, memory.Config{}), &keeper{}
	a.Script(lost)
	one := []router.Upstream{{Name: "a", Provider: a}}
	message := []*provider.Message{referred("r1", "hello")}
	for _, s := range []router.Store{nil, gone{}} {
		for res := range sendAll(t, open(t, one, &router.Options{Journal: j, Store: s}), t.Context(), slices.Values(message)) {
			assert.Equal(t, provider.OutcomeUnknown, res.Status)
		}
	}
}
