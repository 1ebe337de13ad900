package router

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// A provider takes as much as its capabilities say, and no more.
func TestTooMuch(t *testing.T) {
	rewrites := &Target{Rewrite: func(*provider.Message) {}}
	for name, c := range map[string]struct {
		caps                 provider.Capabilities
		target               *Target
		segments, characters int
		want                 string
	}{
		"no limits":            {provider.Capabilities{}, &Target{}, 100, 10000, ""},
		"as many segments":     {provider.Capabilities{MaxSegments: 3}, &Target{}, 3, 300, ""},
		"more segments":        {provider.Capabilities{MaxSegments: 3}, &Target{}, 4, 400, "the text has 4 segments; the limit is 3"},
		"as many characters":   {provider.Capabilities{MaxCharacters: 300}, &Target{}, 3, 300, ""},
		"more characters":      {provider.Capabilities{MaxCharacters: 300}, &Target{}, 3, 301, "the text has 301 characters; the limit is 300"},
		"rewritten, as many":   {provider.Capabilities{}, rewrites, 10, 1000, ""},
		"rewritten, too many":  {provider.Capabilities{}, rewrites, 11, 1000, "the rewritten text has 11 segments; the limit is 10"},
		"the router's own one": {provider.Capabilities{}, &Target{}, 11, 1000, ""}, // was checked before
	} {
		given := candidate{upstream: &upstream{caps: c.caps}, target: c.target, message: &provider.Message{}}
		given.analysis = segment.Analysis{Segments: c.segments, Characters: c.characters}
		assert.Equal(t, c.want, given.tooMuch(10), name)
	}
}

// A route may not make an invalid message of a valid one.
func TestRewriteIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*provider.Message)
		want   bool
	}{
		"another text": {func(m *provider.Message) { m.Text = "Bye" }, true},
		"no time":      {func(m *provider.Message) { m.Validity = -1 }, false},
		"no text":      {func(m *provider.Message) { m.Text = "" }, false},
		"not UTF-8":    {func(m *provider.Message) { m.Text = "\xff" }, false},
	} {
		given := candidate{message: &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello"}, target: &Target{Rewrite: c.change}}
		assert.Equal(t, c.want, given.rewrite(), name)
		assert.Equal(t, c.want, given.unfit == "", name)
	}
}

// Routes that look at prices need them.
func TestByCost(t *testing.T) {
	for name, c := range map[string]struct {
		strategy, base Strategy
		want           bool
	}{
		"priority":               {Priority, Priority, false},
		"priority, other base":   {Priority, LeastCost, false},
		"least cost":             {LeastCost, Priority, true},
		"adaptive by priority":   {AdaptiveOrder, Priority, false},
		"adaptive by least cost": {AdaptiveOrder, LeastCost, true},
	} {
		assert.Equal(t, c.want, byCost(&Route{Strategy: c.strategy}, &Options{Adaptive: Adaptive{Base: c.base}}), name)
	}
}

func TestSameValue(t *testing.T) {
	one, two := errors.New("x"), errors.New("x")
	type list []int
	for name, c := range map[string]struct {
		a, b any
		want bool
	}{
		"nothing":            {nil, nil, false},
		"one of them":        {one, nil, false},
		"the other":          {nil, one, false},
		"the same pointer":   {one, one, true},
		"another pointer":    {one, two, false},
		"equal values":       {3, 3, true},
		"other values":       {3, 4, false},
		"other types":        {3, int64(3), false},
		"cannot be compared": {list{1}, list{1}, false},
	} {
		assert.Equal(t, c.want, sameValue(c.a, c.b), name)
	}
}
