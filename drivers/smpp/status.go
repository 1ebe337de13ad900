package smpp

import (
	"context"
	"fmt"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/provider"
)

var errNoID = provider.NewError(provider.Unsupported, "the SMSC gave the message no id")

// Status asks for a message by query_sm with the message's sender. A message of
// several segments is as far as the one that is the worst off.
func (p *Provider) Status(ctx context.Context, id string) (*provider.Event, error) {
	sender, err := p.senderOf(id)
	if err != nil {
		return nil, err
	}
	segments := acceptedOf(id)
	if len(segments) == 0 {
		return nil, errNoID
	}
	var worst *provider.Event
	for _, segment := range segments {
		result, err := p.client.query(ctx, segment, sender)
		if err != nil {
			return nil, err
		}
		event := p.queried(result)
		if worst == nil || rank(event) > rank(worst) {
			worst = event
		}
	}
	worst.ID = id
	if len(segments) < len(provider.SegmentIDs(id)) { // of the others nothing is known
		worst.Status, worst.Final = provider.StatusUnknown, false
	}
	return worst, nil
}

func (p *Provider) queried(r wire.QueryResult) *provider.Event {
	e := &provider.Event{Kind: provider.Report, At: parseTime(r.FinalDate, p.settings.Now()), Status: provider.StatusUnknown}
	if state, known := messageStates[r.State]; known {
		e.Status, e.Final, e.VendorStatus = state.is, state.final, state.word
	} else {
		e.VendorStatus = fmt.Sprint(r.State)
	}
	if r.ErrorCode != 0 {
		e.VendorCode = fmt.Sprint(r.ErrorCode)
	}
	return e
}

// rank orders statuses: failed, then on its way, then delivered.
func rank(e *provider.Event) int {
	switch {
	case e.Status == provider.StatusDelivered:
		return 0
	case !e.Final:
		return 1
	}
	return 2
}
