package demo_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/cmd/anysms/internal/demo"
	"github.com/anysms/anysms/provider"
)

// TestAuditFindsWhatMustNotBe audits every kind of false result.
func TestAuditFindsWhatMustNotBe(t *testing.T) {
	one := func(status provider.Outcome, duplicatePossible bool) []demo.Sent {
		return []demo.Sent{{To: "+1", Text: "a", Status: status, DuplicatePossible: duplicatePossible, Segments: 2}}
	}
	at := func(texts ...string) []demo.Held {
		var held []demo.Held
		for _, text := range texts {
			held = append(held, demo.Held{Vendor: "x", To: "+1", Text: text})
		}
		return held
	}
	none := map[string]int{}
	for name, test := range map[string]struct {
		sent []demo.Sent
		held []demo.Held
		want demo.Ledger
	}{
		"accepted and there":        {one(provider.OutcomeAccepted, false), at("a"), demo.Ledger{Accepted: 1, Segments: 2, AtVendors: map[string]int{"x": 1}}},
		"accepted and lost":         {one(provider.OutcomeAccepted, false), nil, demo.Ledger{Accepted: 1, Segments: 2, Lost: 1, AtVendors: none}},
		"accepted and altered":      {one(provider.OutcomeAccepted, false), at("A"), demo.Ledger{Accepted: 1, Segments: 2, Lost: 1, Strays: 1, AtVendors: map[string]int{"x": 1}}},
		"accepted twice, silently":  {one(provider.OutcomeAccepted, false), at("a", "a"), demo.Ledger{Accepted: 1, Segments: 2, SilentDuplicates: 1, AtVendors: map[string]int{"x": 2}}},
		"accepted twice, announced": {one(provider.OutcomeAccepted, true), at("a", "a"), demo.Ledger{Accepted: 1, Segments: 2, AnnouncedDuplicates: 1, AtVendors: map[string]int{"x": 2}}},
		"unknown and there":         {one(provider.OutcomeUnknown, false), at("a"), demo.Ledger{Unknown: 1, UnknownHeld: 1, AtVendors: map[string]int{"x": 1}}},
		"unknown and not there":     {one(provider.OutcomeUnknown, false), nil, demo.Ledger{Unknown: 1, AtVendors: none}},
		"unknown and there twice":   {one(provider.OutcomeUnknown, false), at("a", "a"), demo.Ledger{Unknown: 1, UnknownHeld: 1, SilentDuplicates: 1, AtVendors: map[string]int{"x": 2}}},
		"not sent and not there":    {one(provider.OutcomeNotSent, false), nil, demo.Ledger{NotSent: 1, AtVendors: none}},
		"not sent and there":        {one(provider.OutcomeNotSent, false), at("a"), demo.Ledger{NotSent: 1, Denied: 1, AtVendors: map[string]int{"x": 1}}},
		"refused and there":         {one(provider.OutcomeRefused, false), at("a"), demo.Ledger{Refused: 1, Denied: 1, AtVendors: map[string]int{"x": 1}}},
		"there and sent by nobody":  {nil, at("a"), demo.Ledger{Strays: 1, AtVendors: map[string]int{"x": 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			test.want.Messages = len(test.sent)
			got := demo.Audit(test.sent, test.held)
			assert.Equal(t, &test.want, got)
			assert.Equal(t, test.want.Lost+test.want.SilentDuplicates+test.want.Denied+test.want.Strays == 0, got.Sound())
		})
	}
}
