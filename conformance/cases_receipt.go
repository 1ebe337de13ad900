package conformance

import (
	"bytes"
	"net/http"
	"reflect"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

func receiptCases() []Case {
	return []Case{
		{ID: "receipt.accepted", Level: Must, Core: true, run: receiptAccepted,
			Why:    "an acceptance that is not reported is sent again by the caller, and a receipt without the vendor's id cannot be asked about",
			Source: contract + ", Provider.Send, Receipt"},
		{ID: "receipt.status-2xx", Level: Must, Core: true, http: true, run: receiptAny2xx,
			Why:    "vendors change 200 into 201 or 202 without notice; a message with a valid id was accepted",
			Source: rfc9110 + " §15.3"},
		{ID: "message.validated", Level: Must, Core: true, run: messageValidated,
			Why:    "what no vendor can send must not cost a request, and must not become a text that nobody wrote",
			Source: contract + ", Message.Validate"},
		{ID: "message.unchanged", Level: Must, Core: true, run: messageUnchanged,
			Why:    "a router hands the same message to the next provider; what one driver changed, the next one sends",
			Source: contract + ", Provider.Send"},
		{ID: "message.foreign-extra", Level: Must, run: messageForeignExtra,
			Why:    "a message may carry extras for several providers; a driver that trips over those of others cannot be a fallback",
			Source: contract + ", Message.Extra"},
	}
}

func receiptAccepted(t *trial) {
	l := t.lab(accept)
	if !t.http() {
		l.wantAccepted(l.send(t.message("Hello")))
		if n := l.count(); n > 0 {
			t.failf("the driver made %d HTTP requests, but the harness has no Replies: add accepted.http with the vendor's answer", n)
		}
		return
	}
	for _, documented := range t.replies[acceptedReply] {
		m := t.message("Hello")
		l.reset(func(n int, _ faultserver.Answer) faultserver.Reply { return documented.fill(m, n).Reply() })
		r := l.send(m)
		l.wantSends(1)
		switch {
		case r.err != nil || r.receipt == nil:
			t.failf("%s: Send answered %s, want accepted", documented.file, r)
		case documented.hasID() && !idsOf(1).in(r.receipt.ID):
			t.failf("%s: the receipt's id is %q; the answer's was %+v", documented.file, r.receipt.ID, idsOf(1))
		}
	}
}

func receiptAny2xx(t *trial) {
	l := t.lab(accept)
	for _, status := range []int{200, 201, 202, 203, 206, 207} {
		l.reset(func(_ int, good faultserver.Answer) faultserver.Reply {
			good.Status = status
			return good.Reply()
		})
		if r := l.send(t.message("Hello")); r.err != nil {
			t.failf("status %d with the accepted answer: Send answered %s, want accepted", status, r)
		}
	}
}

func messageValidated(t *trial) {
	l := t.lab(accept)
	noRecipient := &provider.Message{Text: "Hello"}
	l.wantCode(l.send(noRecipient), provider.InvalidRecipient)
	l.wantCode(l.send(t.message("")), provider.InvalidMessage)
	l.wantCode(l.send(t.message("Caf\xe9")), provider.InvalidMessage)
	l.wantSends(0)
}

func messageUnchanged(t *trial) {
	l := t.lab(func(n int, good faultserver.Answer) faultserver.Reply {
		if n == 1 {
			return good.Reply()
		}
		return faultserver.Page(http.StatusInternalServerError).Reply()
	})
	for range 2 {
		m := t.message("  Hello {name}\r\n ")
		m.Extra = map[string]string{"zq-other.key": "value"}
		before := m.Clone()
		l.send(m)
		if !reflect.DeepEqual(before, m) {
			t.failf("Send changed the message")
		}
	}
}

func messageForeignExtra(t *trial) {
	l := t.lab(accept)
	m := t.message("Hello")
	m.Extra = map[string]string{"zq-other.key": "zq-foreign-value"}
	l.wantAccepted(l.send(m))
	for _, s := range l.taken() {
		if bytes.Contains(s.request.Body, []byte("zq-foreign-value")) {
			t.failf("an extra of another driver is in the request")
		}
	}
}
