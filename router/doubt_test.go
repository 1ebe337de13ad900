package router_test

import (
	"context"
	"errors"
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
		"nothing":   func() (*provider.Receipt, error) { return nil, nil },
		"blank id":  func() (*provider.Receipt, error) { return &provider.Receipt{ID: " \t"}, nil },
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

// vandal changes the messages that it is given.
type vandal struct{ *memory.Provider }

func (v vandal) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	v.spoil(m)
	return v.Provider.Send(ctx, m)
}

func (v vandal) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	for _, m := range ms {
		v.spoil(m)
	}
	return v.Provider.SendBatch(ctx, ms)
}

func (v vandal) Find(ctx context.Context, m *provider.Message, since time.Time) (*provider.Receipt, error) {
	v.spoil(m)
	return nil, errors.New("not now")
}

func (vandal) spoil(m *provider.Message) {
	m.Text, m.From, m.Ref = "spoilt", "spoilt", ""
	for k := range m.Extra {
		m.Extra[k] = "spoilt"
	}
	clear(m.Extra)
}

// What a driver does to a message reaches neither the caller nor the next provider, nor
// the next attempt.
func TestDriversGetACopy(t *testing.T) {
	for _, batch := range []int{0, 2} {
		for _, mode := range []provider.Delivery{provider.AtMostOnce, provider.Reconcile, provider.AtLeastOnce} {
			synctest.Test(t, func(t *testing.T) {
				a, b := vandal{vendor(t, memory.Config{MaxBatch: 2})}, vendor(t, memory.Config{MaxBatch: 2})
				a.Script(code(provider.Unavailable), code(provider.Indeterminate), code(provider.Unavailable), code(provider.Indeterminate))
				r := open(t, []router.Upstream{{Name: "a", Provider: a, Batch: batch}, {Name: "b", Provider: b, Batch: batch}}, &router.Options{Hold: -1})
				m := text("as written")
				m.From, m.Ref, m.Delivery, m.Extra = "Example", "r1", mode, map[string]string{"other.key": "value"}
				want := m.Clone()
				outcomes(t, r, slices.Values([]*provider.Message{m, m.Clone()}))
				assert.Equal(t, want, m)
				for _, e := range b.Messages() {
					assert.Equal(t, want.Text, e.Message.Text)
					assert.Equal(t, want.Extra, e.Message.Extra)
				}
				assert.Equal(t, mode == provider.AtLeastOnce, len(b.Messages()) > 0)
			})
		}
	}
}

// The key under which the journal has a message is in its result.
func TestResultsHaveTheirKey(t *testing.T) {
	for _, ref := range []string{"", "order-1"} {
		journal := new(keeper)
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{Journal: journal, Store: router.NewMemoryStore(0)})
		m := text("x")
		m.Ref = ref
		for range 2 {
			res, err := r.Send(t.Context(), m)
			require.NoError(t, err)
			assert.NotEmpty(t, res.Key)
			assert.Equal(t, journal.entries[len(journal.entries)-1].Key, res.Key)
		}
	}
	r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{Code: provider.Rejected})}}, nil)
	m := text("x")
	m.Ref = "order-2"
	res, _ := r.Send(t.Context(), m)
	assert.Equal(t, "order-2", res.Key)
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
