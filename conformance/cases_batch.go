package conformance

import (
	"context"
	"fmt"
	"slices"

	"github.com/anysms/anysms/provider"
)

func batchCases() []Case {
	return []Case{
		{ID: "batch.partial", Level: Must, needs: aLab, run: batchPartial,
			Why:    "an invalid number in a batch must not make the other messages look refused, and each verdict must be of its own message",
			Source: contract + ", BatchSender; the reply files name the vendor's documents",
			Fix:    "return one verdict for each message, in the order of the messages"},
		{ID: "batch.same-recipient", Level: Must, needs: aLab, run: batchSameRecipient,
			Why:    "two messages to one number, even with equal texts, are two messages; verdicts that are keyed by number or text lose one",
			Source: contract + ", BatchSender",
			Fix:    "key verdicts by the position in the batch or by an id of your own; where the vendor's reply is keyed by number, send such messages in separate requests"},
		{ID: "batch.doubt", Level: Must, needs: aLab, run: batchDoubt,
			Why:    "a batch that is sent again after a lost response reaches everybody twice",
			Source: contract + ", Indeterminate",
			Fix:    "make every verdict of a request whose reply is lost or unreadable indeterminate, and do not send it again"},
		{ID: "batch.incomplete", Level: Must, needs: anHTTPLab, run: batchIncomplete,
			Why:    "a message that is missing in the reply may have been accepted, and taking the results of others for its own hides it",
			Source: contract + ", BatchSender, Indeterminate",
			Fix:    "make the verdict of a message indeterminate if the reply has none for it, and that of every message if the results cannot be told apart"},
		{ID: "batch.not-sent", Level: Must, needs: aLab, run: batchNotSent,
			Why:    "nothing was written, so that the whole batch can safely be sent elsewhere",
			Source: contract + ", Unavailable", Fix: fixNothing},
		{ID: "batch.invalid", Level: Must, needs: aLab, run: batchInvalid,
			Why:    "one invalid message must not fail the whole batch",
			Source: contract + ", BatchSender",
			Fix:    "refuse an invalid message in its own verdict, and send the others"},
	}
}

// batcher returns a bench whose provider sends batches; without the capability the
// case is not applicable.
func (t *trial) batcher() *bench {
	b := t.bench(accept)
	if !b.has(provider.HasBatch) {
		t.notApplicable("the driver has no capability batch")
	}
	return b
}

// batchFiles returns the vendor's replies to batches; without any of several messages
// the capability is unproven.
func (b *bench) batchFiles() []batchReply {
	if !slices.ContainsFunc(b.batches, func(r batchReply) bool { return len(r.verdicts) > 1 }) {
		b.unproven("the capability batch is set, but Replies has no batch/*.%s: the vendor's replies to batches of several messages", b.lab.Extension())
	}
	return b.batches
}

// sendBatch sends a batch. It ends the case if the driver panics, or does not return
// one verdict for each message.
func (b *bench) sendBatch(messages []*provider.Message) []provider.Verdict {
	sender, ok := provider.As[provider.BatchSender](b.p)
	if !ok {
		b.stopf("the capability batch is set, but the provider is not a provider.BatchSender")
	}
	return b.verdictsOf(messages, sender.SendBatch)
}

// verdictsOf sends a batch in one of the ways to do so.
func (b *bench) verdictsOf(messages []*provider.Message, send func(context.Context, []*provider.Message) []provider.Verdict) []provider.Verdict {
	ctx := b.ctx()
	verdicts := doUnder(b.trial, ctx, "SendBatch", func() []provider.Verdict { return send(ctx, messages) })
	if len(verdicts) != len(messages) {
		b.stopf("%d verdicts for %d messages", len(verdicts), len(messages))
	}
	for i, v := range verdicts {
		if (v.Receipt == nil) == (v.Err == nil) {
			b.failf("verdict %d: want either a receipt or an error", i+1)
		}
	}
	return verdicts
}

func (b *bench) wantVerdict(what string, v provider.Verdict, want string) {
	got := acceptedReply
	if v.Err != nil {
		got = string(provider.CodeOf(v.Err))
	}
	if got != want {
		b.failf("%s: verdict is %s, want %s", what, result{v.Receipt, v.Err}, want)
	}
}

// some returns as many messages as a batch may have, at most three. All have the
// same text, which any vendor with batches can send in one request.
func (b *bench) some() []*provider.Message {
	messages := make([]*provider.Message, min(3, b.capabilities().MaxBatch))
	for i := range messages {
		messages[i] = b.plain("Hello zq")
	}
	return messages
}

func batchPartial(t *trial) {
	b := t.batcher()
	for _, file := range b.batchFiles() {
		messages := make([]*provider.Message, len(file.verdicts))
		for i := range messages {
			messages[i] = t.plain("Hello, all of you") // some vendors have one text per batch
			if !slices.Contains(b.capabilities().BatchRules, provider.SameClass) {
				messages[i].Class = []provider.Class{"", provider.OTP, provider.Marketing}[i%3]
			}
		}
		b.reset(always(file.fill(messages)))
		verdicts := b.sendBatch(messages)
		b.wantSends(1)
		b.compareVerdicts(file, messages, verdicts)
		b.checkBatchArrived(messages)
	}
}

// compareVerdicts compares with the verdicts of a file.
func (b *bench) compareVerdicts(file batchReply, messages []*provider.Message, verdicts []provider.Verdict) {
	fill := batchPlaceholders(messages)
	for i, v := range verdicts {
		what, want := fmt.Sprintf("%s, message %d", file.file, i+1), file.verdicts[i]
		b.wantVerdict(what, v, want.outcome)
		switch id := fill.Replace(want.id); {
		case v.Receipt == nil:
		case id != "" && v.Receipt.ID != id:
			b.failf("%s: the receipt's id is %q, want %q", what, v.Receipt.ID, id)
		case id == "" && file.hasID(i+1) && !idsOf(i+1).in(v.Receipt.ID):
			b.failf("%s: the receipt's id is %q, want one with the id of its part of the reply, %+v", what, v.Receipt.ID, idsOf(i+1))
		}
	}
}

func (b *bench) checkBatchArrived(messages []*provider.Message) {
	for _, r := range b.taken() {
		v := values(r.Values)
		for i, m := range messages {
			if !r.Decoded && (!v.hasNumber(m.To) || !v.has(m.Text)) {
				b.failf("message %d of the batch is not in the request. The request: %s", i+1, r.Print)
			}
		}
	}
}

// batchSameRecipient sends equal messages to one number, as callers do. They may go
// into one request, or each into its own.
func batchSameRecipient(t *trial) {
	b := t.batcher()
	for _, file := range b.batchFiles() {
		if len(file.verdicts) < 2 {
			continue
		}
		messages := []*provider.Message{t.plain("Hello zq")}
		for range file.verdicts[1:] {
			messages = append(messages, t.again(messages[0]))
		}
		b.reset(func(n int, good []byte) Reply {
			if requests := b.requests(); values(requests[len(requests)-1].Values).numbers(messages[0].To) > 1 {
				return Reply{Text: file.fill(messages)}
			}
			return Reply{Text: good}
		})
		verdicts := b.verdictsOf(messages, func(ctx context.Context, ms []*provider.Message) []provider.Verdict {
			return provider.SendBatch(ctx, b.p, ms)
		})
		copies := 0
		for _, r := range b.taken() {
			copies += values(r.Values).numbers(messages[0].To)
		}
		if copies != len(messages) {
			t.failf("%s: %d equal messages to one number: the vendor received %d", file.file, len(messages), copies)
		}
		if b.count() == 1 {
			b.compareVerdicts(file, messages, verdicts)
			continue
		}
		for i, v := range verdicts {
			if v.Receipt != nil && slices.ContainsFunc(verdicts[:i], func(w provider.Verdict) bool {
				return w.Receipt != nil && w.Receipt.ID == v.Receipt.ID && v.Receipt.ID != ""
			}) {
				t.failf("%s: the receipt of message %d has the id of another one, %q", file.file, i+1, v.Receipt.ID)
			}
		}
	}
}

// batchDoubt loses the replies to batches.
func batchDoubt(t *trial) {
	b := t.batcher()
	for _, fault := range t.lab.Faults() {
		if !slices.Contains([]string{FaultClose, "html-200", "truncated-length"}, fault.Name) {
			continue
		}
		b.reset(accept)
		b.fail(fault.Name)
		for i, v := range b.sendBatch(b.some()) {
			b.wantVerdict(fmt.Sprintf("%s, message %d", fault.Name, i+1), v, string(provider.Indeterminate))
		}
		b.wantNoCopies()
	}
}

// wantNoCopies checks that no message was in two requests. A driver may split a
// batch into several requests.
func (b *bench) wantNoCopies() {
	for i, m := range b.known() {
		copies := 0
		for _, r := range b.taken() {
			copies += asOne(values(r.Values).hasNumber(m.To))
		}
		if copies > 1 {
			b.failf("the vendor received %d requests with message %d of the batch, want 1", copies, i+1)
		}
	}
}

func batchNotSent(t *trial) {
	b := t.batcher()
	b.fail(FaultRefused)
	for i, v := range b.sendBatch(b.some()) {
		b.wantVerdict(fmt.Sprintf("message %d", i+1), v, string(provider.Unavailable))
	}
}

func batchInvalid(t *trial) {
	b := t.batcher()
	b.fail(FaultClose)
	messages := b.some()
	invalid := len(messages) / 2
	messages[invalid] = t.plain("")
	verdicts := b.sendBatch(messages)
	b.wantVerdict("the message without a text", verdicts[invalid], string(provider.InvalidMessage))
	for i, v := range verdicts {
		if i == invalid {
			continue
		}
		if v.Err == nil || provider.OutcomeOf(v.Err) == provider.OutcomeRefused {
			t.failf("message %d, in a batch with one without a text: verdict is %s", i+1, result{v.Receipt, v.Err})
		}
	}
	b.wantNoCopies()
}
