package router_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

func TestAtLeastOnceNeverRetriesTheSameProvider(t *testing.T) {
	a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
	a.Script(lost)
	m := text("hello")
	m.Class = provider.OTP
	res, err := two(t, a, b, nil).Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, "a:unknown b:accepted", trail(res))
	assert.True(t, res.DuplicatePossible)
	assert.Equal(t, 1, a.Attempts(), "never the same provider again")
}

func TestAtLeastOnceWithoutAcceptanceIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{Code: provider.Unavailable})
		a.Script(lost)
		m := text("hello")
		m.Delivery = provider.AtLeastOnce
		res, err := two(t, a, b, nil).Send(t.Context(), m)
		require.ErrorIs(t, err, provider.Indeterminate)
		assert.Equal(t, "a:unknown b:not_sent b:not_sent", trail(res))
		assert.Equal(t, provider.OutcomeUnknown, res.Status)
		assert.True(t, res.DuplicatePossible)
	})
}

func TestDeliveryModeOrder(t *testing.T) {
	tests := []struct {
		name                   string
		message, route, router provider.Delivery
		class                  provider.Class
		want                   provider.Delivery
	}{
		{"default", "", "", "", "", provider.AtMostOnce},
		{"otp", "", "", "", provider.OTP, provider.AtLeastOnce},
		{"router over class", "", "", provider.AtMostOnce, provider.OTP, provider.AtMostOnce},
		{"route over router", "", provider.Reconcile, provider.AtMostOnce, "", provider.Reconcile},
		{"message over all", provider.AtLeastOnce, provider.Reconcile, provider.AtMostOnce, "", provider.AtLeastOnce},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{
				Delivery: tt.router,
				Routes:   []router.Route{{Targets: []router.Target{{Name: "a"}}, Delivery: tt.route}},
			})
			m := text("hello")
			m.Class, m.Delivery = tt.class, tt.message
			assert.Equal(t, tt.want, r.Plan(m).Delivery)
		})
	}
}

func TestRetryWithVendorKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{ReplayFor: provider.Duration(time.Hour)}), vendor(t, memory.Config{})
		a.Script(lost)
		m := text("hello")
		m.Ref = "r1"
		res, err := two(t, a, b, nil).Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, "a:unknown a:accepted", trail(res))
		assert.False(t, res.DuplicatePossible, "the vendor recognises the key")
		assert.Equal(t, 1, a.Accepted())
		assert.Zero(t, b.Attempts())

		a.Script(lost)
		m.Ref = ""
		res, err = two(t, a, b, nil).Send(t.Context(), m)
		require.ErrorIs(t, err, provider.Indeterminate, "without a Ref there is no key")
		assert.Equal(t, "a:unknown", trail(res))
	})
}

func TestRefusedRetryStaysUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{ReplayFor: provider.Duration(time.Hour)}), vendor(t, memory.Config{})
		a.Script(lost, code(provider.SenderRejected))
		m := text("hello")
		m.Ref = "r1"
		res, err := two(t, a, b, nil).Send(t.Context(), m)
		require.Error(t, err)
		assert.Equal(t, "a:unknown a:refused", trail(res), "at_most_once must not go on to b")
		assert.Equal(t, provider.OutcomeUnknown, res.Status)
	})
}

func TestReconcile(t *testing.T) {
	settles := provider.Duration(10 * time.Second)
	tests := []struct {
		name      string
		answer    memory.Answer
		settles   provider.Duration
		ref       string
		trail     string
		status    provider.Outcome
		duplicate bool
		took      time.Duration
	}{
		{"found", lost, settles, "r", "a:accepted", "accepted", false, time.Second},
		{"found though absence is no proof", lost, 0, "r", "a:accepted", "accepted", false, time.Second},
		{"absent", code(provider.Indeterminate), settles, "r", "a:not_sent b:accepted", "accepted", true, 10 * time.Second},
		{"absent without proof", code(provider.Indeterminate), 0, "r", "a:unknown", "unknown", false, 15 * time.Second},
		{"without a ref", lost, settles, "", "a:unknown", "unknown", false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := vendor(t, memory.Config{FindSettles: tt.settles, Price: &provider.Money{Micros: 50_000, Currency: "EUR"}}), vendor(t, memory.Config{})
				a.Script(tt.answer)
				m := text("hello")
				m.Ref, m.Delivery = tt.ref, provider.Reconcile
				began := time.Now()
				res, err := two(t, a, b, nil).Send(t.Context(), m)
				assert.Equal(t, tt.status == provider.OutcomeAccepted, err == nil)
				assert.Equal(t, tt.trail, trail(res))
				assert.Equal(t, tt.status, res.Status)
				assert.Equal(t, tt.duplicate, res.DuplicatePossible)
				assert.Equal(t, tt.took, time.Since(began))
				assert.LessOrEqual(t, a.Accepted()+b.Accepted(), 1)
				if tt.name == "found" {
					assert.Equal(t, "m1", res.ID)
					assert.True(t, res.Attempts[0].Reconciled)
					assert.Equal(t, "0.05 EUR", res.Attempts[0].Charged.String())
				}
			})
		})
	}
}

func TestReconcileAbsentAtTheLastProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{FindSettles: provider.Duration(5 * time.Second)})
		a.Script(code(provider.Indeterminate))
		m := text("hello")
		m.Ref, m.Delivery = "r", provider.Reconcile
		res, err := open(t, []router.Upstream{{Name: "a", Provider: a}}, nil).Send(t.Context(), m)
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.True(t, res.DuplicatePossible)
		assert.Equal(t, 1, a.Attempts())
	})
}

// behind is a vendor whose clock is behind ours.
type behind struct {
	*memory.Provider
	by time.Duration
}

func (b behind) Find(ctx context.Context, m *provider.Message, since time.Time) (*provider.Receipt, error) {
	return b.Provider.Find(ctx, m, since.Add(b.by))
}

// A vendor is asked from some minutes before the attempt on: its clock may be behind.
func TestReconcileWithAClockThatIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{FindSettles: provider.Duration(10 * time.Second)})
		a.Script(lost)
		m := referred("r1", "hello")
		m.Delivery = provider.Reconcile
		r := open(t, []router.Upstream{{Name: "a", Provider: behind{a, 4 * time.Minute}}}, nil)
		res, err := r.Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, "a:accepted", trail(res))
	})
}
