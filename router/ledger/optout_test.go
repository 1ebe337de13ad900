package ledger

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// TestOptOutHolds: which messages an opt-out is about, and which go out in spite of it.
func TestOptOutHolds(t *testing.T) {
	by := func(name string) *router.JournalEntry { return &router.JournalEntry{Provider: name} }
	for name, tt := range map[string]struct {
		scope  Scope
		value  string
		m      provider.Message
		intent *router.JournalEntry
		want   bool
	}{
		"all":                        {ScopeAll, "", provider.Message{}, nil, true},
		"the sender":                 {ScopeSender, "Shop", provider.Message{From: "Shop"}, nil, true},
		"another sender":             {ScopeSender, "Shop", provider.Message{From: "Bank"}, nil, false},
		"no sender":                  {ScopeSender, "", provider.Message{}, nil, false},
		"the class":                  {ScopeClass, "marketing", provider.Message{Class: provider.Marketing}, nil, true},
		"another class":              {ScopeClass, "marketing", provider.Message{Class: provider.OTP}, nil, false},
		"transactional, by default":  {ScopeClass, "transactional", provider.Message{}, nil, true},
		"marketing, of no class":     {ScopeClass, "marketing", provider.Message{}, nil, false},
		"transactional, of another":  {ScopeClass, "transactional", provider.Message{Class: provider.OTP}, nil, false},
		"the provider":               {ScopeProvider, "athens", provider.Message{}, by("athens"), true},
		"another provider":           {ScopeProvider, "athens", provider.Message{}, by("sydney"), false},
		"no provider is chosen yet":  {ScopeProvider, "athens", provider.Message{}, nil, false},
		"a scope that is not known":  {"everything", "", provider.Message{}, nil, false},
		"a sender of the class name": {ScopeSender, "otp", provider.Message{Class: provider.OTP}, nil, false},
	} {
		assert.Equal(t, tt.want, OptOut{Scope: tt.scope, Value: tt.value}.holds(&tt.m, tt.intent), name)
	}
	l := &Ledger{options: Options{OptOutExempt: []provider.Class{provider.Transactional}}}
	assert.True(t, l.exempts(&provider.Message{}, OptOut{Scope: ScopeAll}))
	assert.True(t, l.exempts(&provider.Message{Class: provider.Transactional}, OptOut{Scope: ScopeSender, Value: "Shop"}))
	assert.False(t, l.exempts(&provider.Message{Class: provider.OTP}, OptOut{Scope: ScopeAll}))
	assert.False(t, l.exempts(&provider.Message{}, OptOut{Scope: ScopeClass, Value: "transactional"}), "who wants none of a class gets none")
}

// TestHeed: what a reply says is heeded if it can be known whose it is.
func TestHeed(t *testing.T) {
	reply := func(from, to, text string) *Event {
		return &Event{Event: provider.Event{Kind: provider.Inbound, From: from, To: to, Text: text}}
	}
	const number = "+306941234567"
	for name, tt := range map[string]struct {
		bySender bool
		e        *Event
		want     []OptOut // that the person then has
	}{
		"stop":                          {false, reply(number, "12345", "STOP"), []OptOut{{Scope: ScopeAll}}},
		"stop this sender":              {true, reply(number, "12345", "STOP"), []OptOut{{Scope: ScopeSender, Value: "12345"}}},
		"stop, to nobody in particular": {true, reply(number, "", "STOP"), []OptOut{{Scope: ScopeAll}}},
		"of no number":                  {false, reply("Shop", "12345", "STOP"), nil},
		"something else":                {false, reply(number, "12345", "please stop"), nil},
	} {
		w := &work{ledger: &Ledger{options: Options{OptOutBySender: tt.bySender}}, optOuts: make(map[string][]OptOut)}
		assert.Equal(t, len(tt.want), w.heed(tt.e), name)
		assert.Len(t, w.newOptOuts, len(tt.want), name)
		for i, o := range w.newOptOuts {
			assert.Equal(t, OptOut{Number: number, Scope: tt.want[i].Scope, Value: tt.want[i].Value, Source: FromReply, At: o.At}, o, name)
		}
	}
	w := &work{ledger: new(Ledger), optOuts: map[string][]OptOut{number: {
		{Number: number, Scope: ScopeAll, Source: FromReply}, {Number: number, Scope: ScopeProvider, Value: "athens", Source: FromVendor},
		{Number: number, Scope: ScopeClass, Value: "marketing", Source: FromAPI},
	}}}
	assert.Equal(t, 2, w.heed(reply(number, "12345", "START")))
	assert.Equal(t, []OptOut{{Number: number, Scope: ScopeClass, Value: "marketing", Source: FromAPI}}, w.optOuts[number], "what a program has set stays")
	assert.Len(t, w.goneOptOuts, 2)
}
