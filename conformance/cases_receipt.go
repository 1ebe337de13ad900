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
			Why:    "a caller sends a message again if its acceptance is not reported, and cannot look it up without the vendor's id",
			Source: contract + ", Provider.Send, Receipt"},
		{ID: "receipt.status-2xx", Level: Must, Core: true, http: true, run: receiptAny2xx,
			Why:    "vendors change 200 to 201 or 202 without notice; a response with a valid id is an acceptance",
			Source: rfc9110 + " §15.3"},
		{ID: "message.validated", Level: Must, Core: true, run: messageValidated,
			Why:    "an invalid message must not cause a request, nor be changed into a valid one",
			Source: contract + ", Message.Validate"},
		{ID: "message.unchanged", Level: Must, Core: true, run: messageUnchanged,
			Why:    "a router passes the same message to the next provider; changes by one driver would be sent by the next",
			Source: contract + ", Provider.Send"},
		{ID: "message.foreign-extra", Level: Must, run: messageForeignExtra,
			Why:    "a message may have Extra values for several providers; a driver must ignore those of others to serve as a fallback",
			Source: contract + ", Message.Extra"},
	}
}

func receiptAccepted(t *trial) {
	l := t.lab(accept)
	if !t.http() {
		l.wantAccepted(l.send(t.message("Hello")))
		if n := l.count(); n > 0 {
			t.failf("the driver made %d HTTP requests, but the harness has no Replies; add accepted.http with the vendor's response", n)
		}
		return
	}
	for _, documented := range t.replies[acceptedReply] {
		m := t.message("Hello")
		l.reset(func(n int, _ faultserver.Response) faultserver.Reply { return documented.fill(m, n).Reply() })
		r := l.send(m)
		l.wantSends(1)
		switch {
		case r.err != nil || r.receipt == nil:
			t.failf("%s: Send returned %s, want accepted", documented.file, r)
		case documented.hasID() && !idsOf(1).in(r.receipt.ID):
			t.failf("%s: the receipt's id is %q, want the id of the response, %+v", documented.file, r.receipt.ID, idsOf(1))
		}
	}
}

func receiptAny2xx(t *trial) {
	l := t.lab(accept)
	for _, status := range []int{200, 201, 202, 203, 206, 207} {
		l.reset(func(_ int, good faultserver.Response) faultserver.Reply {
			good.Status = status
			return good.Reply()
		})
		if r := l.send(t.message("Hello")); r.err != nil {
			t.failf("status %d with the accepted response: Send returned %s, want accepted", status, r)
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
	l := t.lab(func(n int, good faultserver.Response) faultserver.Reply {
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
			t.failf("the Extra value of another driver is in the request")
		}
	}
}
