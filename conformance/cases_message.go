package conformance

import (
	"reflect"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

func messageCases() []Case {
	return []Case{
		{ID: "message.validated", Level: Must, Core: true, run: messageValidated,
			Why:    "an invalid message must not cause a request, nor be changed into a valid one",
			Source: contract + ", Message.Validate",
			Fix:    "call Message.Validate first"},
		{ID: "message.unchanged", Level: Must, Core: true, run: messageUnchanged,
			Why:    "a router passes the same message to the next provider; changes by one driver would be sent by the next",
			Source: contract + ", Provider.Send",
			Fix:    "work on Message.Clone, or on values of your own"},
		{ID: "message.options", Level: Must, Core: true, run: messageOptions,
			Why:    "callers leave out Ref, set Tag and Class, or have Extra values for other drivers; none of it may change what is sent, or how often",
			Source: contract + ", Message",
			Fix:    "do not require Ref, and ignore Tag, Class, Deadline, Delivery and Extra values with other prefixes unless the vendor has a use for them"},
		{ID: "message.foreign-extra", Level: Must, run: messageForeignExtra,
			Why:    "a message may have Extra values for several providers; a driver must ignore those of others to serve as a fallback",
			Source: contract + ", Message.Extra",
			Fix:    "read Extra through Message.ExtraOf with your driver's name"},
		{ID: "message.own-extra", Level: Must, run: messageOwnExtra,
			Why:    "a misspelt Extra key that is silently ignored sends the message without what was asked for",
			Source: contract + ", Message.ExtraOf",
			Fix:    "read Extra through Message.ExtraOf, which refuses unknown keys with your driver's prefix as unsupported"},
	}
}

func messageValidated(t *trial) {
	b := t.bench(accept)
	b.wantCode(b.send(&provider.Message{Text: "Hello"}), provider.InvalidRecipient)
	b.wantCode(b.send(t.plain("")), provider.InvalidMessage)
	b.wantCode(b.send(t.plain("Caf\xe9")), provider.InvalidMessage)
	b.wantSends(0)
}

// messageUnchanged sends messages with each variation of the options, to a vendor that
// accepts them and to one that drops the connection.
func messageUnchanged(t *trial) {
	b := t.bench(accept)
	for n := range 2 {
		if n > 0 {
			b.fail(FaultClose)
		}
		for _, v := range variations() {
			m := t.plain("  Hello {name}\r\n ")
			v.set(m)
			before := m.Clone()
			b.send(m)
			if !reflect.DeepEqual(before, m) {
				t.failf("Send changed a message with %s", v.name)
			}
		}
	}
}

// messageOptions sends the same text with each variation of the options.
func messageOptions(t *trial) {
	b := t.bench(accept)
	all := variations()
	if b.has(provider.CanChooseSender) {
		all = append(all, variation{"a From", func(m *provider.Message) { m.From = "Example" }})
	}
	for _, v := range all {
		before := t.failed()
		m := t.plain("Your code is 4711")
		v.set(m)
		b.reset(accept)
		b.wantAccepted(b.send(m))
		if t.lab != nil {
			b.wantSends(1)
			for _, r := range b.taken() {
				if r.message != m || !r.exact {
					t.failf("the recipient and the text are not in the request. The request: %s", r.Print)
				}
			}
		}
		t.within(before, "message with "+v.name)
	}
}

func messageForeignExtra(t *trial) {
	b := t.bench(accept)
	m := t.plain("Hello")
	m.Extra = map[string]string{"zq-other.key": "zq-foreign-value"}
	b.wantAccepted(b.send(m))
	for _, r := range b.taken() {
		if slices.ContainsFunc(r.Values, func(v string) bool { return strings.Contains(v, "zq-foreign-value") }) {
			t.failf("the Extra value of another driver is in the request")
		}
	}
}

func messageOwnExtra(t *trial) {
	if t.Extra == "" {
		t.notApplicable("the harness has no Extra, the prefix of the driver's own Extra keys")
	}
	b := t.bench(accept)
	m := t.plain("Hello")
	m.Extra = map[string]string{t.Extra + ".zq_no_such_key": "x"}
	b.wantUnsupported(m)
}
