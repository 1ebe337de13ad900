package smpp

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/provider"
)

// sendSegments submits a message's segments one after another and returns their
// ids. What becomes of the first decides, until one is accepted; from then on
// an error is Indeterminate, because the SMSC has a part of the message.
func (p *Provider) sendSegments(ctx context.Context, m *provider.Message, submits []*wire.Message) ([]string, error) {
	if _, bounded := ctx.Deadline(); !bounded && len(submits) > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, p.settings.Timeout.Std(), errTimeout)
		defer cancel()
	}
	ids, sender := make([]string, 0, len(submits)), p.ownSender(m)
	for _, submit := range submits {
		id, err := p.sendSegment(ctx, submit, len(ids) > 0, p.lateVerdict(m, ids, len(submits), sender))
		if err != nil {
			if len(ids) == 0 {
				return nil, err
			}
			return nil, partial(p.remember(ids, len(submits), sender), ids, len(submits), err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// sendSegment submits one segment. A later one that was proven not to be
// accepted is repeated until the context ends, so that the message does not
// stay incomplete.
func (p *Provider) sendSegment(ctx context.Context, submit *wire.Message, later bool, late func(wire.PDU)) (string, error) {
	var again *backoff.ExponentialBackOff
	for {
		id, err := p.client.submit(ctx, submit, late)
		if err == nil || !later || !passes(err) {
			return id, err
		}
		if again == nil {
			again = pauses(firstPause, longestThrottle)
		}
		select {
		case <-ctx.Done():
			return id, err
		case <-time.After(again.NextBackOff()):
		}
	}
}

// passes reports whether the same request may be accepted a little later.
func passes(err error) bool {
	code := provider.CodeOf(err)
	return (code == provider.RateLimited || code == provider.Unavailable) && !errors.Is(err, errClosed)
}

// lateVerdict returns what is to be done if the response to a segment comes
// after Send has returned. It makes an event where that response says what the
// message's id is, or decides the whole message: it accepts the last segment, or
// fails the first.
func (p *Provider) lateVerdict(m *provider.Message, before []string, of int, sender string) func(wire.PDU) {
	ref, attempt, before := m.Ref, m.Attempt, slices.Clone(before)
	return func(response wire.PDU) {
		event := provider.Event{Kind: provider.Report, Ref: ref, Attempt: attempt, At: time.Now()}
		err := p.client.verdict(response)
		if err == nil {
			var id string
			if id, err = p.client.accepted(response); err == nil {
				event.ID, event.Status = p.remember(append(before, id), of, sender), provider.StatusUnknown
				if len(before)+1 == of {
					event.Status = provider.StatusAccepted
				}
				p.late.add(event)
			}
			return
		}
		code := provider.CodeOf(err)
		if len(before) > 0 || code == provider.Indeterminate {
			return
		}
		event.Status, event.Final, event.Code = provider.StatusRejected, true, code
		event.VendorCode, event.VendorStatus = statusText(response.Status), statuses[response.Status].name
		p.late.add(event)
	}
}
