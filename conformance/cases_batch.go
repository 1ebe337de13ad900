package conformance

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

func batchCases() []Case {
	return []Case{
		{ID: "batch.partial", Level: Must, http: true, run: batchPartial,
			Why:    "an invalid number in a batch must not make the other messages look refused, and each verdict must be of its own message",
			Source: contract + ", BatchSender; the reply files name the vendor's documents"},
		{ID: "batch.doubt", Level: Must, http: true, run: batchDoubt,
			Why:    "a batch that is sent again after a lost response reaches everybody twice",
			Source: contract + ", Indeterminate"},
		{ID: "batch.not-sent", Level: Must, http: true, run: batchNotSent,
			Why:    "nothing was written, so that the whole batch can safely be sent elsewhere",
			Source: contract + ", Unavailable"},
		{ID: "batch.invalid", Level: Must, http: true, run: batchInvalid,
			Why:    "one invalid message must not fail the whole batch",
			Source: contract + ", BatchSender"},
	}
}

// batcher returns a lab whose provider sends batches; without the capability the
// case is not applicable.
func (t *trial) batcher(respond script) *lab {
	l := t.lab(respond)
	if !l.p.Capabilities().Has(provider.HasBatch) {
		t.notApplicable("the driver has no capability batch")
	}
	return l
}

// sendBatch sends a batch. It ends the case if the driver panics, or does not
// return one verdict for each message.
func (l *lab) sendBatch(ctx context.Context, messages []*provider.Message) []provider.Verdict {
	verdicts, problem := attemptBatch(ctx, l.p, messages)
	if problem != "" {
		l.stopf("%s", problem)
	}
	if len(verdicts) != len(messages) {
		l.stopf("%d verdicts for %d messages", len(verdicts), len(messages))
	}
	for i, v := range verdicts {
		if (v.Receipt == nil) == (v.Err == nil) {
			l.failf("verdict %d: want either a receipt or an error", i+1)
		}
	}
	return verdicts
}

func attemptBatch(ctx context.Context, p provider.Provider, messages []*provider.Message) (verdicts []provider.Verdict, problem string) {
	b, ok := provider.As[provider.BatchSender](p)
	if !ok {
		return nil, "the capability batch is set, but the provider is not a provider.BatchSender"
	}
	defer func() {
		if p := recover(); p != nil {
			problem = fmt.Sprintf("SendBatch panics: %v\n%s", p, debug.Stack())
		}
	}()
	return b.SendBatch(ctx, messages), ""
}

func (l *lab) wantVerdict(what string, v provider.Verdict, want string) {
	got := acceptedReply
	if v.Err != nil {
		got = string(provider.CodeOf(v.Err))
	}
	if got != want {
		l.failf("%s: verdict is %s, want %s", what, result{v.Receipt, v.Err}, want)
	}
}

// some returns as many messages as a batch may have, at most three. All have the
// same text, which any vendor with batches can send in one request.
func (l *lab) some() []*provider.Message {
	messages := make([]*provider.Message, min(3, l.p.Capabilities().MaxBatch))
	for i := range messages {
		messages[i] = l.message("Hello zq")
	}
	return messages
}

func batchPartial(t *trial) {
	l := t.batcher(accept)
	if len(t.batches) == 0 {
		t.notApplicable("Replies has no batch/*.http: the vendor's responses to batches")
	}
	for _, b := range t.batches {
		messages := make([]*provider.Message, len(b.verdicts))
		for i := range messages {
			messages[i] = t.message("Hello, all of you") // some vendors have one text per batch
		}
		l.reset(func(int, faultserver.Response) faultserver.Reply { return b.fill(messages).Reply() })
		verdicts := l.sendBatch(l.ctx(), messages)
		l.wantSends(1)
		for i, v := range verdicts {
			what := fmt.Sprintf("%s, message %d", b.file, i+1)
			l.wantVerdict(what, v, b.verdicts[i])
			if v.Receipt != nil && b.hasID(i+1) && !idsOf(i+1).in(v.Receipt.ID) {
				l.failf("%s: receipt is %q, want one with the id of its response, %+v", what, v.Receipt.ID, idsOf(i+1))
			}
		}
		t.checkBatchArrived(l, messages)
	}
}

// hasID reports whether the response has an id for the n-th message.
func (b batchReply) hasID(n int) bool {
	for _, key := range []string{"id", "uuid", "number"} {
		if containsPlaceholder(b.response.Body, key, n) {
			return true
		}
	}
	return false
}

func (t *trial) checkBatchArrived(l *lab, messages []*provider.Message) {
	if t.Text != nil {
		return
	}
	for _, s := range l.taken() {
		v := valuesOf(s.request)
		for i, m := range messages {
			if !v.hasNumber(m.To) || !v.has(m.Text) {
				t.failf("message %d of the batch is not in the request. %s", i+1, dump(s))
			}
		}
	}
}

func batchDoubt(t *trial) {
	l := t.batcher(accept)
	for _, name := range []string{"reset-after-read", "html-200", "truncated-length"} {
		fault, err := faultserver.FaultNamed(name)
		if err != nil {
			t.stopf("%v", err)
		}
		l.reset(func(_ int, good faultserver.Response) faultserver.Reply { return fault.Reply(good) })
		for i, v := range l.sendBatch(l.ctx(), l.some()) {
			l.wantVerdict(fmt.Sprintf("%s, message %d", name, i+1), v, string(provider.Indeterminate))
		}
		l.wantNoCopies()
	}
}

// wantNoCopies checks that no message was in two requests. A driver may split a
// batch into several requests.
func (l *lab) wantNoCopies() {
	if l.Text != nil {
		return
	}
	for i, m := range l.messages {
		copies := 0
		for _, s := range l.taken() {
			if valuesOf(s.request).hasNumber(m.To) {
				copies++
			}
		}
		if copies > 1 {
			l.failf("the server received %d requests with message %d of the batch, want 1", copies, i+1)
		}
	}
}

func batchNotSent(t *trial) {
	l := t.batcher(accept)
	l.server.Refuse()
	for i, v := range l.sendBatch(l.ctx(), l.some()) {
		l.wantVerdict(fmt.Sprintf("message %d", i+1), v, string(provider.Unavailable))
	}
}

func batchInvalid(t *trial) {
	l := t.batcher(func(int, faultserver.Response) faultserver.Reply { return faultserver.Reply{End: faultserver.Reset} })
	messages := append(l.some(), t.message(""))
	messages = messages[max(0, len(messages)-l.p.Capabilities().MaxBatch):]
	verdicts := l.sendBatch(l.ctx(), messages)
	last := len(verdicts) - 1
	l.wantVerdict("the message without a text", verdicts[last], string(provider.InvalidMessage))
	for i, v := range verdicts[:last] {
		if v.Err == nil || provider.OutcomeOf(v.Err) == provider.OutcomeRefused {
			t.failf("message %d, in a batch with one without a text: verdict is %s", i+1, result{v.Receipt, v.Err})
		}
	}
	l.wantNoCopies()
}
