package router

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider"
)

// A route keeps what it has learned if it has the same name, targets and settings.
func TestKeepLearned(t *testing.T) {
	adaptively := func(name string, window int, targets ...string) *route {
		r := Route{Name: name, Strategy: AdaptiveOrder}
		for _, target := range targets {
			r.Targets = append(r.Targets, Target{Name: target})
		}
		return &route{Route: r, adaptive: newAdaptive(&r, Adaptive{Window: window}.withDefaults())}
	}
	plain := func(name string) *route { return &route{Route: Route{Name: name}} }
	for name, c := range map[string]struct {
		before, after *route
		kept          bool
	}{
		"as it was":      {adaptively("r", 200, "a", "b"), adaptively("r", 200, "a", "b"), true},
		"another name":   {adaptively("r", 200, "a", "b"), adaptively("s", 200, "a", "b"), false},
		"other targets":  {adaptively("r", 200, "a", "b"), adaptively("r", 200, "a", "c"), false},
		"other settings": {adaptively("r", 200, "a", "b"), adaptively("r", 300, "a", "b"), false},
		"new":            {plain("r"), adaptively("r", 200, "a", "b"), false},
		"no more":        {adaptively("r", 200, "a", "b"), plain("r"), false},
		"neither":        {plain("r"), plain("r"), false},
	} {
		want := c.after.adaptive
		if c.kept {
			want = c.before.adaptive
		}
		s := &setup{routes: []*route{c.after}}
		s.keepLearned(&setup{routes: []*route{c.before}})
		assert.Same(t, want, s.routes[0].adaptive, name)
	}
}

// A store in memory outlives a reload, with the new limit; another store does not.
func TestKeepStore(t *testing.T) {
	type other struct{ *MemoryStore }
	old, fresh := NewMemoryStore(1), NewMemoryStore(2)
	elsewhere := other{NewMemoryStore(3)}
	for name, c := range map[string]struct{ before, after, want Store }{
		"two in memory":  {old, fresh, old},
		"the same":       {old, old, old},
		"from elsewhere": {elsewhere, fresh, fresh},
		"to elsewhere":   {old, elsewhere, elsewhere},
		"none before":    {nil, fresh, fresh},
		"none after":     {old, nil, nil},
	} {
		s := &setup{options: Options{Store: c.after}}
		s.keepStore(&setup{options: Options{Store: c.before}})
		assert.Equal(t, c.want, s.options.Store, name)
		if name == "two in memory" {
			assert.Equal(t, 2, old.max)
		}
	}
}

// Only an error that leaves the message in doubt has an id that it may be known by.
func TestDoubtfulID(t *testing.T) {
	for want, err := range map[string]error{
		"m1": &provider.Error{Code: provider.Indeterminate, ID: "m1"},
		"":   &provider.Error{Code: provider.Rejected, ID: "m1"},
	} {
		assert.Equal(t, want, doubtfulID(err))
	}
	assert.Empty(t, doubtfulID(errors.New("out of the blue")))
	assert.Empty(t, doubtfulID(nil))
}
