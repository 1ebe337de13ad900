package conformance

import (
	"fmt"

	"github.com/anysms/anysms/provider"
)

func receiptCases() []Case {
	return []Case{
		{ID: "receipt.accepted", Level: Must, Core: true, run: receiptAccepted,
			Why:    "a caller sends a message again if its acceptance is not reported, and cannot look it up without the vendor's id",
			Source: contract + ", Provider.Send, Receipt",
			Fix:    "return a receipt with the id of the vendor's reply, and an error otherwise; never both"},
		{ID: "receipt.invented", Level: Must, needs: aLab, run: receiptInvented,
			Why:    "invoices are checked against segments and cost; a figure that the vendor did not give is a guess",
			Source: contract + ", Receipt.Segments, Receipt.Cost",
			Fix:    "copy segments and cost from the reply, or leave them out; if the reply has them, say so in its file: # receipt: {\"segments\": 1, \"cost\": \"0.05 EUR\"}"},
		{ID: "receipt.big-id", Level: Must, needs: aLab, run: receiptBigID,
			Why:    "an id above 2^53 that is read as a floating-point number becomes the id of another message",
			Source: "RFC 8259 §6",
			Fix:    "read ids as strings or json.Number, never through float64 or any"},
		{ID: "receipt.status-2xx", Level: Must, Core: true, needs: anHTTPLab, run: receiptAny2xx,
			Why:    "vendors change 200 to 201 or 202 without notice; a response with a valid id is an acceptance",
			Source: rfc9110 + " §15.3",
			Fix:    "treat every status from 200 to 299 alike: the body decides"},
	}
}

func receiptAccepted(t *trial) {
	b := t.bench(accept)
	if t.lab == nil {
		b.wantAccepted(b.send(t.message("Hello")))
		if n := b.count(); n > 0 {
			t.failf("the driver made %d HTTP requests, but the harness has no Replies; add accepted.http with the vendor's response", n)
		}
		return
	}
	for _, documented := range t.replies[acceptedReply] {
		m := t.message("Hello")
		b.reset(func(n int, _ []byte) Reply { return Reply{Text: documented.fill(m, n)} })
		r := b.send(m)
		b.wantSends(1)
		switch {
		case r.err != nil || r.receipt == nil:
			t.failf("%s: Send returned %s, want accepted", documented.file, r)
		case documented.hasID() && !idsOf(1).in(r.receipt.ID):
			t.failf("%s: the receipt's id is %q, want the id of the reply, %+v", documented.file, r.receipt.ID, idsOf(1))
		}
	}
}

func receiptInvented(t *trial) {
	b := t.bench(accept)
	for _, documented := range t.replies[acceptedReply] {
		for _, text := range []string{"Hello", pad(200)} {
			m := t.message(text)
			if exceeds(text, b.capabilities()) {
				continue
			}
			b.reset(func(n int, _ []byte) Reply { return Reply{Text: documented.fill(m, n)} })
			r := b.send(m)
			if b.wantAccepted(r); r.receipt != nil {
				t.compareReceipt(documented.file, r.receipt, documented.receipt)
			}
		}
	}
}

// receiptBigID replies with ids that no float64 has.
func receiptBigID(t *trial) {
	tried := 0
	b := t.bench(accept)
	for _, documented := range t.replies[acceptedReply] {
		if !documented.has("number") {
			continue
		}
		tried++
		for _, big := range []uint64{1<<53 + 1, 1<<62 + 3} {
			m := t.message("Hello")
			b.reset(func(int, []byte) Reply { return Reply{Text: documented.fillWith(m, ids{number: fmt.Sprint(big)})} })
			r := b.wantAccepted(b.send(m))
			if want := (ids{"?", "?", fmt.Sprint(big)}); !want.in(r.ID) {
				t.failf("%s with the id %d: the receipt's id is %q", documented.file, big, r.ID)
			}
		}
	}
	if tried == 0 {
		t.notApplicable("no accepted reply has an id that is a number ({{number}})")
	}
}

// pad is a text of n digits.
func pad(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789"[i%10]
	}
	return string(b)
}

// wantUnsupported checks that a message is refused without a request.
func (b *bench) wantUnsupported(m *provider.Message) {
	before, kept := b.count(), m.Extra
	for _, v := range variations() {
		failed := b.failed()
		one := b.plain(m.Text)
		one.From, one.SendAt, one.Validity = m.From, m.SendAt, m.Validity
		v.set(one)
		if kept != nil {
			one.Extra = kept
		}
		b.wantCode(b.send(one), provider.Unsupported)
		b.wantSends(before)
		b.within(failed, "message with "+v.name)
		if b.failed() > failed {
			return
		}
	}
}
