package router

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider"
)

// What a journal's entries say about a message is what the last of them says; each intent
// without an outcome is an attempt whose outcome is not known.
func TestPrior(t *testing.T) {
	const (
		accepted = provider.OutcomeAccepted
		unknown  = provider.OutcomeUnknown
		refused  = provider.OutcomeRefused
	)
	intent := func(name string) JournalEntry { return JournalEntry{Provider: name} }
	for name, c := range map[string]struct {
		entries   []JournalEntry
		want      provider.Outcome // "" = nothing
		attempts  []string
		duplicate bool
	}{
		"nothing":                {nil, "", nil, false},
		"an intent":              {[]JournalEntry{intent("a")}, unknown, []string{"a"}, false},
		"two":                    {[]JournalEntry{intent("a"), intent("b")}, unknown, []string{"a", "b"}, false},
		"refused":                {[]JournalEntry{intent("a"), {Provider: "a", Outcome: refused}}, "", nil, false},
		"refused, then begun":    {[]JournalEntry{intent("a"), {Provider: "a", Outcome: refused}, intent("b")}, unknown, []string{"b"}, false},
		"accepted":               {[]JournalEntry{intent("a"), {Provider: "a", Outcome: accepted}}, accepted, nil, false},
		"accepted, perhaps more": {[]JournalEntry{intent("a"), {Provider: "a", Outcome: accepted, DuplicatePossible: true}}, accepted, nil, true},
		"accepted, then begun":   {[]JournalEntry{{Provider: "a", Outcome: accepted}, intent("b")}, unknown, []string{"b"}, false},
		"in doubt":               {[]JournalEntry{intent("a"), {Provider: "a", Outcome: unknown}}, unknown, []string{"a"}, false},
		"in doubt about two":     {[]JournalEntry{intent("a"), intent("b"), {Provider: "b", Outcome: unknown, DuplicatePossible: true}}, unknown, []string{"a", "b"}, true},
		"in doubt since":         {[]JournalEntry{intent("a"), {Provider: "a", Outcome: unknown, DuplicatePossible: true}, intent("b"), {Provider: "b", Outcome: unknown}}, unknown, []string{"a", "b"}, true},
	} {
		r := priorOf(c.entries)
		if c.want == "" {
			assert.Nil(t, r, name)
			continue
		}
		if !assert.NotNil(t, r, name) {
			continue
		}
		assert.Equal(t, c.want, r.Status, name)
		assert.Equal(t, c.duplicate, r.DuplicatePossible, name)
		var attempts []string
		for _, a := range r.Attempts {
			assert.Equal(t, unknown, a.Outcome, name)
			attempts = append(attempts, a.Provider)
		}
		assert.Equal(t, c.attempts, attempts, name)
	}
}

// The unknown outcome of a provider belongs to its latest attempt.
func TestPriorNamesTheLatestAttempt(t *testing.T) {
	r := priorOf([]JournalEntry{
		{Provider: "a"}, {Provider: "b"}, {Provider: "a"}, {Provider: "c"},
		{Provider: "a", Outcome: provider.OutcomeUnknown, Code: provider.Unavailable}, {Provider: "b", Outcome: provider.OutcomeUnknown},
	})
	var codes []provider.Code
	var said []string
	for _, a := range r.Attempts {
		codes, said = append(codes, a.Code), append(said, a.Message)
	}
	assert.Equal(t, []provider.Code{provider.Indeterminate, provider.Indeterminate, provider.Unavailable, provider.Indeterminate}, codes)
	earlier, lost := "an earlier send ended with this outcome", "its outcome was not recorded"
	assert.Equal(t, []string{lost, earlier, earlier, lost}, said)
	assert.Equal(t, "b", r.Provider)
}
