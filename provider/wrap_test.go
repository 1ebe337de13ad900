package provider_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
)

// hidden embeds the interface and so hides every optional method; logged does
// the same, but unwraps.
type (
	hidden struct{ provider.Provider }
	logged struct{ provider.Provider }
)

func (l logged) Unwrap() provider.Provider { return l.Provider }

// masked takes capabilities away.
type masked struct {
	logged
	without provider.Feature
}

func (m masked) Capabilities() provider.Capabilities {
	c := m.logged.Capabilities()
	c.Features &^= m.without
	return c
}

// counted has a Find and a Close of its own.
type counted struct {
	logged
	finds, closes *int
}

func (c counted) Find(ctx context.Context, m *provider.Message, since time.Time) (*provider.Receipt, error) {
	*c.finds++
	return provider.Find(ctx, c.Unwrap(), m, since)
}

func (c counted) Close() error {
	*c.closes++
	return provider.Close(c.Unwrap())
}

// closing is full with a Close.
type closing struct {
	full
	closed int
}

func (c *closing) Close() error { c.closed++; return nil }

func TestHelpersLookThroughWrappers(t *testing.T) {
	for bit, call := range optionalCalls(t.Context()) {
		t.Run(bit.String(), func(t *testing.T) {
			p := acceptingAll(bit)
			require.NoError(t, call(logged{logged{p}}))
			assert.Equal(t, 1, p.calls)

			require.ErrorIs(t, call(hidden{p}), errors.ErrUnsupported)
			require.ErrorIs(t, call(logged{hidden{p}}), errors.ErrUnsupported)
			require.ErrorIs(t, call(masked{logged{p}, bit}), errors.ErrUnsupported, "the outermost provider's bits decide")
			require.ErrorIs(t, call(logged{masked{logged{p}, bit}}), errors.ErrUnsupported)
			assert.Equal(t, 1, p.calls)
		})
	}
}

func TestOutermostMethodIsUsed(t *testing.T) {
	var finds, closes int
	inner := &closing{full: full{features: provider.HasFind}}
	p := logged{counted{logged{inner}, &finds, &closes}}
	_, err := provider.Find(t.Context(), p, &provider.Message{}, time.Time{})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 1}, []int{finds, inner.calls})
	require.NoError(t, provider.Close(p))
	assert.Equal(t, []int{1, 1}, []int{closes, inner.closed})
}

func TestCloseLooksThroughWrappers(t *testing.T) {
	p := &closing{}
	require.NoError(t, provider.Close(logged{logged{p}}))
	assert.Equal(t, 1, p.closed)
	require.NoError(t, provider.Close(logged{&full{}}), "a provider without Close")
	require.NoError(t, provider.Close(logged{}), "a wrapper around nothing")
}

func TestAs(t *testing.T) {
	inner := &full{}
	found, ok := provider.As[*full](logged{masked{logged{inner}, 0}})
	require.True(t, ok)
	assert.Same(t, inner, found)
	_, ok = provider.As[*closing](logged{inner})
	assert.False(t, ok)
	_, ok = provider.As[*full](nil)
	assert.False(t, ok)
}

// limited is full with limits that the test sets.
type limited struct {
	full
	caps provider.Capabilities
}

func (l *limited) Capabilities() provider.Capabilities { return l.caps }

func TestCheckCapabilities(t *testing.T) {
	all := ^provider.Feature(0)
	with := func(c provider.Capabilities) provider.Provider { return &limited{caps: c} }
	tests := []struct {
		name string
		p    provider.Provider
		want []string // each is in the error; none = no error
	}{
		{"every method", &full{features: all}, nil},
		{"below a wrapper", logged{logged{&full{features: all}}}, nil},
		{"a capability taken away", masked{logged{&full{features: all}}, provider.HasFind}, nil},
		{"methods without bits", with(provider.Capabilities{}), nil},
		{"a wrapper that hides the methods", hidden{&full{features: all}}, []string{
			`capability "find" is set, but provider_test.hidden does not implement provider.Finder; if it wraps another provider, give it a method Unwrap() provider.Provider`,
			"BatchSender", "StatusReader", "Canceller", "BalanceReader", "Quoter", "Verifier", "CallbackParser", "InboxReader", "EventSource", "Checker",
		}},
		{"nothing below has it", logged{hidden{&full{features: all}}}, []string{
			`provider_test.logged does not implement provider.Finder, nor does any provider that it wraps`,
		}},
		{"batch without a size", with(provider.Capabilities{Features: provider.HasBatch}), []string{`capability "batch" is true, but MaxBatch is 0`}},
		{"a size without batch", with(provider.Capabilities{MaxBatch: 5}), []string{`capability "batch" is false, but MaxBatch is 5`}},
		{"batch rules without batch", with(provider.Capabilities{BatchRules: []provider.BatchRule{provider.SameText}}), []string{
			`BatchRules are same_text, but capability "batch" is not set`,
		}},
		{"a batch rule that does not exist", with(provider.Capabilities{Features: provider.HasBatch, MaxBatch: 2, BatchRules: []provider.BatchRule{"same_colour"}}), []string{
			`BatchRules: unknown batch rule "same_colour"; want one of same_text, same_from, same_send_at, same_validity, same_class, same_extra, distinct_to`,
		}},
		{"settles without find", with(provider.Capabilities{FindSettles: time.Minute}), []string{`FindSettles is 1m0s, but capability "find" is not set`}},
		{"negative limits", with(provider.Capabilities{MaxSegments: -1, MaxCharacters: -1, ReplayFor: -1, MaxInFlight: -1, RateLimit: -1}), []string{
			"MaxSegments is negative", "MaxCharacters is negative", "ReplayFor is negative", "MaxInFlight is negative", "RateLimit is -1",
		}},
		{"a rate that is no number", with(provider.Capabilities{RateLimit: math.NaN()}), []string{"RateLimit is NaN; want requests per second"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := provider.CheckCapabilities(tt.p)
			if tt.want == nil {
				require.NoError(t, err)
			}
			for _, part := range tt.want {
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

func TestCapabilitiesEqual(t *testing.T) {
	a := provider.Capabilities{Features: 1, MaxSegments: 2, MaxCharacters: 3, MaxBatch: 4, FindSettles: 5, ReplayFor: 6, RateLimit: 7, MaxInFlight: 8, BatchRules: []provider.BatchRule{provider.SameText}}
	changes := map[string]func(*provider.Capabilities){
		"Features":      func(c *provider.Capabilities) { c.Features = 0 },
		"MaxSegments":   func(c *provider.Capabilities) { c.MaxSegments = 0 },
		"MaxCharacters": func(c *provider.Capabilities) { c.MaxCharacters = 0 },
		"MaxBatch":      func(c *provider.Capabilities) { c.MaxBatch = 0 },
		"BatchRules":    func(c *provider.Capabilities) { c.BatchRules = []provider.BatchRule{provider.SameFrom} },
		"FindSettles":   func(c *provider.Capabilities) { c.FindSettles = 0 },
		"ReplayFor":     func(c *provider.Capabilities) { c.ReplayFor = 0 },
		"RateLimit":     func(c *provider.Capabilities) { c.RateLimit = 0 },
		"MaxInFlight":   func(c *provider.Capabilities) { c.MaxInFlight = 0 },
	}
	assert.True(t, a.Equal(a))
	assert.Equal(t, len(changes), reflect.TypeFor[provider.Capabilities]().NumField(), "each field is compared")
	for name, change := range changes {
		b := a
		change(&b)
		assert.False(t, a.Equal(b), name)
	}
}

func TestCapabilitiesString(t *testing.T) {
	assert.Equal(t, "features none", provider.Capabilities{}.String())
	c := provider.Capabilities{
		Features: provider.HasFind | provider.CanSchedule, MaxSegments: 10, MaxCharacters: 160, MaxBatch: 3,
		BatchRules:  []provider.BatchRule{provider.SameText, provider.DistinctTo},
		FindSettles: time.Minute, ReplayFor: 24 * time.Hour, RateLimit: 2.5, MaxInFlight: 40,
	}
	assert.Equal(t, "features find,schedule; max_segments 10; max_characters 160; max_batch 3; batch_rules same_text, distinct_to; find_settles 1m0s; replay_for 24h0m0s; rate_limit 2.5; max_in_flight 40", c.String())
}
