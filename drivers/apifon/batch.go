package apifon

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

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

// SendBatch sends messages with distinct recipients that are equal in
// everything else in one request. A batch with several texts needs one request
// for each of them, one after the other.
func (p *Provider) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	verdicts := make([]provider.Verdict, len(ms))
	for _, g := range groups(ms) {
		p.sendGroup(ctx, ms, g.places, verdicts)
	}
	return verdicts
}

// likeness is what the messages of one request share.
type likeness struct {
	text, from string
	validity   time.Duration
	at         time.Time
}

// group is one request: the positions of its messages, and their recipients.
type group struct {
	places []int
	to     map[e164.Number]bool
}

// groups sorts messages into requests, in the order of the first message of
// each.
func groups(ms []*provider.Message) []*group {
	var all []*group
	open := make(map[likeness]*group)
	for i, m := range ms {
		if alone(m) {
			all = append(all, &group{places: []int{i}})
			continue
		}
		like := likeness{m.Text, m.From, m.Validity, m.SendAt.UTC()}
		g := open[like]
		if g == nil || g.to[m.To] || len(g.places) == maxBatch {
			g = &group{to: make(map[e164.Number]bool)}
			open[like] = g
			all = append(all, g)
		}
		g.places = append(g.places, i)
		g.to[m.To] = true
	}
	return all
}

// alone reports whether a message cannot share a request: it has extras, or
// will be refused.
func alone(m *provider.Message) bool {
	for key := range m.Extra {
		if strings.HasPrefix(key, driverName+".") {
			return true
		}
	}
	return m.Validate() != nil || checkReference(m.Ref) != nil
}

// sendGroup sends one request and fills in the verdicts of its messages.
func (p *Provider) sendGroup(ctx context.Context, ms []*provider.Message, places []int, verdicts []provider.Verdict) {
	if len(places) == 1 {
		v := &verdicts[places[0]]
		v.Receipt, v.Err = p.Send(ctx, ms[places[0]])
		return
	}
	result, err := p.submitGroup(ctx, ms, places)
	for place, i := range places {
		if err != nil {
			verdicts[i].Err = err
			continue
		}
		verdicts[i].Receipt, verdicts[i].Err = receipt(result, ms[i].To, batchID(result.RequestID, place+1))
	}
}

func (p *Provider) submitGroup(ctx context.Context, ms []*provider.Message, places []int) (*SendResult, error) {
	sms, err := p.sms(ms[places[0]])
	if err != nil {
		return nil, err
	}
	sms.ReferenceID = "" // each message's own Ref is in its custom id
	sms.Recipients = make([]Recipient, len(places))
	for place, i := range places {
		sms.Recipients[place] = Recipient{Number: ms[i].To.Digits(), CustomID: customID(place+1, ms[i].Ref)}
	}
	result, err := p.client.SendSMS(ctx, sms)
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
