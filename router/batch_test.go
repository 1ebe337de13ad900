package router_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// Each request of a batch sender has its own token, slot and timeout, also where
// the vendor's rules allow few messages in one request.
func TestABatchIsOneRequest(t *testing.T) {
	distinct := func(i int) string { return fmt.Sprintf("message %d", i) }
	same := func(int) string { return "the same text" }
	tests := []struct {
		name     string
		rules    []string
		text     func(int) string
		messages int
		upstream router.Upstream
		delay    time.Duration

		requests         int
		fastest, slowest time.Duration // of the whole
	}{
		{
			name: "rate limit, one text each", rules: []string{"same_text"}, text: distinct, messages: 100,
			upstream: router.Upstream{Batch: 50, RateLimit: 20},
			requests: 100, fastest: 4800 * time.Millisecond, slowest: 6 * time.Second,
		},
		{
			name: "rate limit, one text", rules: []string{"same_text"}, text: same, messages: 100,
			upstream: router.Upstream{Batch: 50, RateLimit: 20},
			requests: 2, slowest: time.Second,
		},
		{
			name: "timeout, one text each", rules: []string{"same_text"}, text: distinct, messages: 400,
			upstream: router.Upstream{Batch: 100, Timeout: 2 * time.Second}, delay: 50 * time.Millisecond,
			requests: 400, slowest: 2 * time.Second,
		},
		{
			name: "slots, one text each", rules: []string{"same_text"}, text: distinct, messages: 12,
			upstream: router.Upstream{Batch: 100, MaxInFlight: 2}, delay: time.Second,
			requests: 12, fastest: 6 * time.Second, slowest: 7 * time.Second,
		},
		{
			name: "one recipient", rules: []string{"distinct_to"}, text: same, messages: 10,
			upstream: router.Upstream{Batch: 5},
			requests: 10, slowest: time.Second,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &counting{Provider: vendor(t, memory.Config{MaxBatch: 100, BatchRules: tt.rules, Delay: provider.Duration(tt.delay)})}
				tt.upstream.Name, tt.upstream.Provider = "a", a
				r := open(t, []router.Upstream{tt.upstream}, &router.Options{Validation: router.Shape})
				began := time.Now()
				for res, err := range sendAll(t, r, t.Context(), func(yield func(*provider.Message) bool) {
					for i := range tt.messages {
						if !yield(text(tt.text(i))) {
							return
						}
					}
				}) {
					require.NoError(t, err, "message %d", res.Index)
				}
				took := time.Since(began)
				assert.EqualValues(t, tt.requests, a.batches.Load()+a.singles.Load(), "requests")
				assert.GreaterOrEqual(t, took, tt.fastest)
				assert.LessOrEqual(t, took, tt.slowest)
			})
		})
	}
}

// TestOneRecipientABatch shares a request among different recipients alone.
func TestOneRecipientABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &counting{Provider: vendor(t, memory.Config{MaxBatch: 100, BatchRules: []string{"distinct_to"}})}
		r := open(t, []router.Upstream{{Name: "a", Provider: a, Batch: 100}}, &router.Options{Validation: router.Shape})
		for res, err := range sendAll(t, r, t.Context(), func(yield func(*provider.Message) bool) {
			for i := range 30 {
				m := text("hello")
				m.To = e164.MustParse(fmt.Sprintf("+3069412345%02d", i%10))
				if !yield(m) {
					return
				}
			}
		}) {
			require.NoError(t, err, "message %d", res.Index)
		}
		// How many depends on the order in which messages come to the batch: in a random one a recipient
		// returns after about four others.
		assert.LessOrEqual(t, a.batches.Load()+a.singles.Load(), int64(15), "requests for 30 messages to 10 recipients")
	})
}

// TestNoBatchInAHurry sends a message by itself that would not come back from a batch
// within its deadline.
func TestNoBatchInAHurry(t *testing.T) {
	for _, tt := range []struct {
		room   time.Duration // beyond the timeout
		shared bool
	}{{5 * time.Millisecond, false}, {10 * time.Millisecond, false}, {11 * time.Millisecond, true}, {time.Second, true}} {
		synctest.Test(t, func(t *testing.T) {
			a := &counting{Provider: vendor(t, memory.Config{MaxBatch: 100})}
			r := open(t, []router.Upstream{{Name: "a", Provider: a, Batch: 2, Timeout: 3 * time.Second}}, &router.Options{Validation: router.Shape})
			for _, err := range sendAll(t, r, t.Context(), func(yield func(*provider.Message) bool) {
				for range 2 {
					m := text("hello")
					m.Deadline = time.Now().Add(3*time.Second + tt.room)
					if !yield(m) {
						return
					}
				}
			}) {
				require.NoError(t, err)
			}
			assert.Equal(t, tt.shared, a.batches.Load() == 1, "%s more than the timeout", tt.room)
			assert.Equal(t, tt.shared, a.singles.Load() == 0, "%s more than the timeout", tt.room)
		})
	}
}

// A message that the provider's limits would keep until a batch leaves it less than the
// whole timeout goes by itself, and no request without a message is made.
func TestNoTimeForTheBatch(t *testing.T) {
	for name, c := range map[string]struct {
		upstream router.Upstream
		took     time.Duration
	}{
		"its turn would come too late":  {router.Upstream{RateLimit: 1.0 / 20}, 20 * time.Second},
		"the limiter takes too long":    {router.Upstream{Limiter: &waitsFor{wait: 9900 * time.Millisecond, slow: 400 * time.Millisecond}}, 0},
		"its turn comes early enough":   {router.Upstream{RateLimit: 1.0 / 5}, 5 * time.Second},
		"there is nothing to wait for":  {router.Upstream{}, 10 * time.Millisecond},
		"the limiter is quick and free": {router.Upstream{Limiter: &waitsFor{}}, 10 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &counting{Provider: vendor(t, memory.Config{MaxBatch: 10})}
				c.upstream.Name, c.upstream.Provider, c.upstream.Batch, c.upstream.Timeout = "a", a, 10, 30*time.Second
				r := open(t, []router.Upstream{c.upstream}, nil)
				if c.upstream.RateLimit > 0 {
					accepted(t, r)
					a.singles.Store(0)
				}
				began := time.Now()
				m := text("hello")
				m.Deadline = began.Add(40 * time.Second)
				for _, err := range sendAll(t, r, t.Context(), slices.Values([]*provider.Message{m})) {
					require.NoError(t, err)
				}
				early := c.took > 0 && c.took < 10*time.Second
				assert.Equal(t, early, a.batches.Load() == 1)
				assert.Equal(t, !early, a.singles.Load() == 1)
				if c.took > 0 {
					assert.Equal(t, c.took, time.Since(began))
				}
			})
		})
	}
}

func TestBatchRulesMustBeKnown(t *testing.T) {
	_, err := router.New([]router.Upstream{{Name: "a", Provider: claimsRule{vendor(t, memory.Config{MaxBatch: 5})}}}, nil)
	require.EqualError(t, err, `providers.a: the provider's capabilities: unknown batch rule "same_colour"; want one of `+
		`same_text, same_from, same_send_at, same_validity, same_class, same_extra, distinct_to`)
}

// claimsRule is a plugin that is newer than this program.
type claimsRule struct{ *memory.Provider }

func (c claimsRule) Capabilities() provider.Capabilities {
	caps := c.Provider.Capabilities()
	caps.BatchRules = []provider.BatchRule{"same_colour"}
	return caps
}
