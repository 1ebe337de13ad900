package router_test

import (
	"context"
	"fmt"
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

// A retry that had to wait must not be sent after the vendor's key has expired.
func TestVendorKeyExpiresInTheQueue(t *testing.T) {
	for _, batch := range []int{0, 4} {
		t.Run(fmt.Sprint("batch ", batch), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := vendor(t, memory.Config{ReplayFor: provider.Duration(time.Minute), MaxBatch: 4})
				r := open(t, []router.Upstream{{Name: "a", Provider: a, RateLimit: 0.01, Batch: batch}}, nil)
				a.Script(lost)
				m := referred("r1", "hello")
				for res, err := range sendAll(t, r, t.Context(), slices.Values([]*provider.Message{m})) {
					assert.Equal(t, provider.OutcomeUnknown, res.Status)
					require.ErrorIs(t, err, provider.Indeterminate)
				}
				assert.Equal(t, 1, a.Accepted())
			})
		})
	}
}

// odd is a driver that breaks the contract.
type odd struct {
	answer func() (*provider.Receipt, error)
	_      []int // cannot be a map's key
}

func (o odd) Send(context.Context, *provider.Message) (*provider.Receipt, error) { return o.answer() }

func (odd) Capabilities() provider.Capabilities { return provider.Capabilities{} }

func TestContractViolationsAreUnknown(t *testing.T) {
	var typedNil *provider.Error
	for name, answer := range map[string]func() (*provider.Receipt, error){
		"receipt and error": func() (*provider.Receipt, error) {
			return &provider.Receipt{ID: "m1"}, provider.NewError(provider.Unavailable, "")
		},
		"typed nil": func() (*provider.Receipt, error) { return nil, typedNil },
		"no code":   func() (*provider.Receipt, error) { return nil, &provider.Error{} },
	} {
		t.Run(name, func(t *testing.T) {
			b := vendor(t, memory.Config{})
			r := open(t, []router.Upstream{{Name: "a", Provider: odd{answer: answer}}, {Name: "b", Provider: b}}, nil)
			res, err := r.Send(t.Context(), text("x"))
			assert.Equal(t, provider.OutcomeUnknown, res.Status)
			assert.Equal(t, provider.Indeterminate, res.Code)
			require.ErrorIs(t, err, provider.Indeterminate)
			assert.Zero(t, b.Attempts())
		})
	}
}

func TestAbsentMessageIsNotInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{FindSettles: provider.Duration(2 * time.Second)})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Delivery: provider.Reconcile})
		a.Script(code(provider.Indeterminate))
		res, err := r.Send(t.Context(), referred("r1", "x"))
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		require.ErrorIs(t, err, provider.Unavailable)
		assert.NotErrorIs(t, err, provider.Indeterminate)
	})
}

func TestPanickingDriverIsUnknown(t *testing.T) {
	for name, tt := range map[string]struct {
		bug  func(*provider.Message)
		says string
	}{
		"its own words": {func(m *provider.Message) { panic("cannot send " + m.Text) }, "the driver panicked with a value of type string"},
		"the runtime's": {func(m *provider.Message) { m.Extra["x"] = "y" }, "the driver panicked: assignment to entry in nil map"},
	} {
		t.Run(name, func(t *testing.T) {
			a := vendor(t, memory.Config{Answer: func(m *provider.Message) memory.Answer {
				tt.bug(m)
				return memory.Answer{}
			}})
			res, err := open(t, []router.Upstream{{Name: "a", Provider: a}}, nil).Send(t.Context(), text("hello"))
			require.ErrorIs(t, err, provider.Indeterminate)
			assert.Equal(t, provider.OutcomeUnknown, res.Status)
			assert.Equal(t, tt.says, res.Message)
		})
	}
}
