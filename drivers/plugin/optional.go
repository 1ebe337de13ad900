package plugin

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/drivers/plugin/internal/toproto"
	"github.com/anysms/anysms/provider"
)

// unary makes one call on its own, not on the stream of sends.
func unary[Req, Resp any](
	ctx context.Context, p *Provider,
	call func(driverv1.DriverClient, context.Context, Req, ...grpc.CallOption) (Resp, error), request Req,
) (Resp, error) {
	var none Resp
	proc, err := p.enter(ctx)
	if err != nil {
		return none, err
	}
	defer proc.gate.Leave()
	answer, err := call(proc.driver, ctx, request)
	if err != nil {
		return none, p.hide(p.broken(ctx, err))
	}
	return answer, nil
}

// errNoAnswer is an empty response.
var errNoAnswer = errors.New("the plugin's response is empty")

// frameSize is more than the overhead of a message in a list.
const frameSize = 16

// SendBatch hands the messages over in one call, or in several if they are too
// large for one.
func (p *Provider) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	verdicts := make([]provider.Verdict, len(ms))
	var part []*driverv1.Message
	var at []int // the indexes of part's messages in ms
	size := 0
	flush := func() {
		for i, v := range p.sendPart(ctx, part) {
			v.Err = p.hide(v.Err, ms[at[i]])
			verdicts[at[i]] = v
		}
		part, at, size = nil, nil, 0
	}
	for i, m := range ms {
		message, err := carry(m)
		if err != nil {
			verdicts[i].Err = err
			continue
		}
		bytes := proto.Size(message) + frameSize
		if size+bytes > maxRequest {
			flush()
		}
		part, at, size = append(part, message), append(at, i), size+bytes
	}
	flush()
	return verdicts
}

func (p *Provider) sendPart(ctx context.Context, part []*driverv1.Message) []provider.Verdict {
	if len(part) == 0 {
		return nil
	}
	verdicts := make([]provider.Verdict, len(part))
	answer, err := unary(ctx, p, driverv1.DriverClient.SendBatch, &driverv1.SendBatchRequest{Messages: part})
	if err == nil && len(answer.GetVerdicts()) != len(part) {
		err = provider.NewError(provider.Indeterminate, "the plugin did not return one verdict for each message of the batch")
	}
	for i := range verdicts {
		if err != nil {
			verdicts[i].Err = err
			continue
		}
		v := answer.GetVerdicts()[i]
		verdicts[i].Receipt, verdicts[i].Err = sent(v.GetReceipt(), v.GetError())
	}
	return verdicts
}

// Status asks the plugin for the status of a message.
func (p *Provider) Status(ctx context.Context, id string) (*provider.Event, error) {
	answer, err := unary(ctx, p, driverv1.DriverClient.Status, &driverv1.StatusRequest{Id: toproto.Text(id)})
	if err != nil {
		return nil, err
	}
	if err := p.failure(answer.GetError()); err != nil {
		return nil, err
	}
	return fromproto.Event(answer.GetEvent())
}

// Find asks the plugin for a message whose outcome is unknown.
func (p *Provider) Find(ctx context.Context, m *provider.Message, since time.Time) (*provider.Receipt, error) {
	message, err := toproto.Message(m)
	if err != nil {
		return nil, err
	}
	answer, err := unary(ctx, p, driverv1.DriverClient.Find, &driverv1.FindRequest{Message: message, Since: toproto.Time(since)})
	if err != nil {
		return nil, err
	}
	if err := p.failure(answer.GetError(), m); err != nil {
		return nil, err
	}
	return fromproto.Receipt(answer.GetReceipt()), nil
}

// Cancel asks the plugin to withdraw a message.
func (p *Provider) Cancel(ctx context.Context, id string) error {
	answer, err := unary(ctx, p, driverv1.DriverClient.Cancel, &driverv1.CancelRequest{Id: toproto.Text(id)})
	if err != nil {
		return err
	}
	return p.failure(answer.GetError())
}

// Balance asks the plugin for the account's balance.
func (p *Provider) Balance(ctx context.Context) (*provider.Balance, error) {
	answer, err := unary(ctx, p, driverv1.DriverClient.Balance, &driverv1.BalanceRequest{})
	if err != nil {
		return nil, err
	}
	if err := p.failure(answer.GetError()); err != nil {
		return nil, err
	}
	balance, ok := fromproto.Balance(answer.GetBalance())
	if !ok {
		return nil, errNoAnswer
	}
	return balance, nil
}

// Quote asks the plugin for the price of a message.
func (p *Provider) Quote(ctx context.Context, m *provider.Message) (*provider.Quote, error) {
	message, err := toproto.Message(m)
	if err != nil {
		return nil, err
	}
	answer, err := unary(ctx, p, driverv1.DriverClient.Quote, &driverv1.QuoteRequest{Message: message})
	if err != nil {
		return nil, err
	}
	if err := p.failure(answer.GetError(), m); err != nil {
		return nil, err
	}
	quote := fromproto.Quote(answer.GetQuote())
	if quote == nil {
		return nil, errNoAnswer
	}
	return quote, nil
}

// StartVerification lets the plugin's vendor send a one-time code.
func (p *Provider) StartVerification(ctx context.Context, r *provider.VerificationRequest) (*provider.Receipt, error) {
	request, err := toproto.VerificationRequest(r)
	if err != nil {
		return nil, err
	}
	answer, err := unary(ctx, p, driverv1.DriverClient.StartVerification, request)
	if err != nil {
		return nil, err
	}
	receipt, err := sent(answer.GetReceipt(), answer.GetError())
	return receipt, p.hide(err, &provider.Message{To: r.To, Text: r.Text})
}

// CheckVerification lets the plugin's vendor check a one-time code.
func (p *Provider) CheckVerification(ctx context.Context, ref, code string) (provider.VerificationResult, error) {
	request := &driverv1.CheckVerificationRequest{Ref: toproto.Text(ref), Code: toproto.Text(code)}
	answer, err := unary(ctx, p, driverv1.DriverClient.CheckVerification, request)
	if err != nil {
		return "", err
	}
	if err := p.failure(answer.GetError(), &provider.Message{Text: code}); err != nil {
		return "", err
	}
	result, ok := fromproto.VerificationResult(answer.GetResult())
	if !ok {
		return "", errNoAnswer
	}
	return result, nil
}

// ParseCallback lets the plugin read a vendor's callback.
func (p *Provider) ParseCallback(ctx context.Context, c *provider.Callback) ([]provider.Event, error) {
	request := toproto.Callback(c)
	if proto.Size(request) > maxMessage {
		return nil, errors.New("the callback is larger than 4 MiB")
	}
	answer, err := unary(ctx, p, driverv1.DriverClient.ParseCallback, request)
	if err != nil {
		return nil, err
	}
	if err := p.failure(answer.GetError()); err != nil {
		return nil, err
	}
	return fromproto.Events(answer.GetEvents())
}

// Inbox asks the plugin for messages that people sent.
func (p *Provider) Inbox(ctx context.Context, cursor string) (events []provider.Event, next string, err error) {
	answer, err := unary(ctx, p, driverv1.DriverClient.Inbox, &driverv1.InboxRequest{Cursor: toproto.Text(cursor)})
	if err != nil {
		return nil, "", err
	}
	if err := p.failure(answer.GetError()); err != nil {
		return nil, "", err
	}
	events, err = fromproto.Events(answer.GetEvents())
	if err != nil {
		return nil, "", err
	}
	return events, answer.GetNext(), nil
}

// Check lets the plugin test credentials and reachability.
func (p *Provider) Check(ctx context.Context) error {
	answer, err := unary(ctx, p, driverv1.DriverClient.Check, &driverv1.CheckRequest{})
	if err != nil {
		return err
	}
	return p.failure(answer.GetError())
}
