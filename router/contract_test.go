package router_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// rogue is a driver that breaks the contract.
type rogue func(*provider.Message) (*provider.Receipt, error)

func (rogue) Capabilities() provider.Capabilities {
	return provider.Capabilities{Features: provider.HasBatch, MaxBatch: 10}
}

func (d rogue) Send(_ context.Context, m *provider.Message) (*provider.Receipt, error) { return d(m) }

func (d rogue) SendBatch(_ context.Context, ms []*provider.Message) []provider.Verdict {
	verdicts := make([]provider.Verdict, len(ms))
	for i, m := range ms {
		verdicts[i].Receipt, verdicts[i].Err = d(m)
	}
	return verdicts
}

// bothWays sends a message by itself and in a batch of two, through the driver and
// then a good one, and gives each result to check.
func bothWays(t *testing.T, d rogue, check func(t *testing.T, m *provider.Message, r *router.Result, good *memory.Provider)) {
	t.Helper()
	message := func(i int) *provider.Message {
		m := text("Your login code is 4711")
		m.Ref, m.Extra = fmt.Sprint("order-", i), map[string]string{"other.key": "v"}
		return m
	}
	for _, batch := range []int{0, 2} {
		t.Run(fmt.Sprint("batch ", batch), func(t *testing.T) {
			good := vendor(t, memory.Config{})
			r := open(t, []router.Upstream{{Name: "rogue", Provider: d, Batch: batch}, {Name: "good", Provider: good}}, nil)
			if batch == 0 {
				m := message(1)
				result, _ := r.Send(t.Context(), m)
				check(t, m, result, good)
				return
			}
			ms := []*provider.Message{message(1), message(2)}
			results, err := r.SendAll(t.Context(), slices.Values(ms))
			require.NoError(t, err)
			for result := range results {
				check(t, ms[0], result, good)
			}
		})
	}
}

// A driver's silence, or a receipt with nothing in place of an id, is no acceptance.
func TestSilenceIsNoAcceptance(t *testing.T) {
	for name, d := range map[string]rogue{
		"neither a receipt nor an error": func(*provider.Message) (*provider.Receipt, error) { return nil, nil },
		"a receipt whose id is blank":    func(*provider.Message) (*provider.Receipt, error) { return &provider.Receipt{ID: " \t"}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, d, func(t *testing.T, _ *provider.Message, r *router.Result, good *memory.Provider) {
				assert.Equal(t, provider.OutcomeUnknown, r.Status)
				assert.Contains(t, r.Message, name)
				assert.Zero(t, good.Attempts(), "it may have been sent")
			})
		})
	}
}

// A driver that changes what it is given changes neither the caller's message nor
// what the next provider gets.
func TestChangedMessageStaysWithTheDriver(t *testing.T) {
	spoil := func(m *provider.Message) (*provider.Receipt, error) {
		m.Text, m.To, m.From, m.Ref = "spoiled", mobileOfBob, "Spoiled", "spoiled"
		m.Extra["other.key"] = "spoiled"
		return nil, provider.NewError(provider.Unavailable, "not now")
	}
	bothWays(t, spoil, func(t *testing.T, m *provider.Message, r *router.Result, good *memory.Provider) {
		require.Equal(t, provider.OutcomeAccepted, r.Status)
		require.Equal(t, "Your login code is 4711", m.Text)
		require.Equal(t, mobile, m.To)
		require.Equal(t, "v", m.Extra["other.key"])
		for _, sent := range good.Messages() {
			assert.Equal(t, m.Text, sent.Message.Text)
			assert.Equal(t, m.To, sent.Message.To)
		}
	})
}

// A driver of somebody else that repeats the message in its errors does not bring it
// into results and logs.
func TestErrorsRepeatNothingOfTheMessage(t *testing.T) {
	quote := func(m *provider.Message) (*provider.Receipt, error) {
		return nil, &provider.Error{Code: provider.Rejected, VendorCode: "21408", VendorMessage: "'YOUR LOGIN CODE IS 4711' to +30 694-123 45 67", Err: fmt.Errorf("cannot send %q", m.Text)}
	}
	bothWays(t, quote, func(t *testing.T, _ *provider.Message, r *router.Result, _ *memory.Provider) {
		require.Equal(t, provider.OutcomeRefused, r.Status)
		assert.Equal(t, `'[text]' to +[number]: cannot send "[text]"`, r.Message)
		assert.Equal(t, "21408", r.Attempts[0].VendorCode)
	})
}
