package apifon

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// batchMark separates the request id from the position in the id of a batch's
// message, and the position from the Ref in the custom id that the vendor
// echoes.
const batchMark = ":"

// batchID is the id of the message at a position of a batch.
func batchID(requestID string, place int) string {
	return requestID + batchMark + strconv.Itoa(place)
}

// customID sends the position and the Ref through the vendor.
func customID(place int, ref string) string {
	if ref == "" {
		return strconv.Itoa(place)
	}
	return strconv.Itoa(place) + batchMark + ref
}

// splitCustomID reads what customID wrote; batch is false for any other id.
func splitCustomID(id string) (place int, ref string, batch bool) {
	digits, ref, _ := strings.Cut(id, batchMark)
	place, err := strconv.Atoi(digits)
	if err != nil || place < 1 || place > maxBatch || strconv.Itoa(place) != digits {
		return 0, id, false
	}
	return place, ref, true
}

// batchRules is what the messages of one request have in common: the vendor takes
// one text for a list of recipients, and lists its results by number.
var batchRules = []provider.BatchRule{
	provider.SameText, provider.SameFrom, provider.SameSendAt, provider.SameValidity, provider.SameExtra, provider.DistinctTo,
}

// SendBatch makes one request. Call [provider.SendBatch], which makes the batches:
// a message that cannot be in the same request as the first one is refused here.
func (p *Provider) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	verdicts := make([]provider.Verdict, len(ms))
	b := batch{caps: p.Capabilities(), to: make(map[e164.Number]bool, len(ms))}
	for i, m := range ms {
		if err := b.add(i, m); err != nil {
			verdicts[i].Err = err
		}
	}
	switch len(b.messages) {
	case 0:
	case 1:
		v := &verdicts[b.places[0]]
		v.Receipt, v.Err = p.Send(ctx, b.messages[0])
	default:
		p.sendTogether(ctx, &b, verdicts)
	}
	return verdicts
}

// batch is the messages of one request, and their places in the call of SendBatch.
type batch struct {
	caps     provider.Capabilities
	messages []*provider.Message
	places   []int
	to       map[e164.Number]bool
}

func (b *batch) add(place int, m *provider.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := checkReference(m.Ref); err != nil {
		return err
	}
	switch n := len(b.messages); {
	case n == maxBatch:
		return provider.NewError(provider.Unsupported, fmt.Sprintf("the batch has more than %d messages", maxBatch))
	case n > 0 && b.caps.BatchKey(m) != b.caps.BatchKey(b.messages[0]):
		return provider.NewError(provider.Unsupported, "the message differs from others of the batch in more than recipient and ref")
	case b.to[m.To]:
		return provider.NewError(provider.Unsupported, "the batch already has a message to this recipient")
	}
	b.messages, b.places, b.to[m.To] = append(b.messages, m), append(b.places, place), true
	return nil
}

// sendTogether sends several messages in one request and fills in their verdicts.
func (p *Provider) sendTogether(ctx context.Context, b *batch, verdicts []provider.Verdict) {
	e := envelope{recipients: make([]Recipient, len(b.messages))} // each message's own Ref is in its custom id
	for i, m := range b.messages {
		e.recipients[i] = Recipient{Number: m.To.Digits(), CustomID: customID(i+1, m.Ref)}
	}
	result, err := p.sendLike(ctx, b.messages[0], e)
	for i, m := range b.messages {
		v := &verdicts[b.places[i]]
		if err != nil {
			v.Err = err
			continue
		}
		v.Receipt, v.Err = receipt(result, m.To, batchID(result.RequestID, i+1))
	}
}

// sendLike sends a batch of messages like m.
func (p *Provider) sendLike(ctx context.Context, m *provider.Message, e envelope) (*SendResult, error) {
	if err := p.unfit(m, e); err != nil {
		return nil, err
	}
	result, err := p.submit(ctx, m, e)
	return result, wholeBatch(err)
}

// wholeBatch is the error for each message of a request that failed as a whole.
// A refusal by the vendor may be about another recipient: of this one it is
// known only that the vendor did not take it. What is refused here without a
// request, and the sender, are the same for all.
func wholeBatch(err error) error {
	_, ours := errors.AsType[*FieldError](err)
	if ours || provider.OutcomeOf(err) != provider.OutcomeRefused || errors.Is(err, provider.SenderRejected) {
		return err
	}
	return &provider.Error{Code: provider.Unavailable, VendorMessage: "the vendor refused the batch as a whole", Err: errorOnly{err}}
}

// errorOnly keeps the text of a cause and hides its code.
type errorOnly struct{ error }
