package plugin

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/drivers/plugin/internal/toproto"
	"github.com/anysms/anysms/provider"
)

// call makes one optional call of the account and recovers from panics.
func call[T any](s *server, do func(provider.Provider) (T, error)) (result T, failure *driverv1.Error, err error) {
	account, err := s.opened()
	if err != nil {
		return result, nil, err
	}
	var failed error
	func() {
		defer guard(&failed)
		result, failed = do(account)
	}()
	return result, toproto.Error(failed), nil
}

func (s *server) SendBatch(ctx context.Context, r *driverv1.SendBatchRequest) (*driverv1.SendBatchResponse, error) {
	account, err := s.opened()
	if err != nil {
		return nil, err
	}
	answer := &driverv1.SendBatchResponse{Verdicts: make([]*driverv1.SendResponse, len(r.GetMessages()))}
	var messages []*provider.Message
	var at []int
	for i, m := range r.GetMessages() {
		message, err := fromproto.Message(m)
		if err != nil {
			answer.Verdicts[i] = &driverv1.SendResponse{Error: toproto.Error(err)}
			continue
		}
		messages, at = append(messages, message), append(at, i)
	}
	verdicts, failed := sendBatch(ctx, account, messages)
	for i := range messages {
		v := provider.Verdict{Err: failed}
		if failed == nil {
			v = verdicts[i]
		}
		receipt, failure := answered(v.Receipt, v.Err)
		answer.Verdicts[at[i]] = &driverv1.SendResponse{Receipt: receipt, Error: failure}
	}
	if proto.Size(answer) > maxRaw { // the vendor's response to the whole batch may be in each receipt
		for _, v := range answer.Verdicts {
			if v.Receipt != nil {
				v.Receipt.Raw = nil
			}
		}
	}
	return answer, nil
}

func sendBatch(ctx context.Context, account provider.Provider, ms []*provider.Message) (verdicts []provider.Verdict, err error) {
	defer guard(&err)
	return provider.SendBatch(ctx, account, ms), nil
}

func (s *server) Status(ctx context.Context, r *driverv1.StatusRequest) (*driverv1.StatusResponse, error) {
	event, failure, err := call(s, func(p provider.Provider) (*provider.Event, error) {
		return provider.ReadStatus(ctx, p, r.GetId())
	})
	if err != nil {
		return nil, err
	}
	answer := &driverv1.StatusResponse{Error: failure}
	if failure == nil && event != nil {
		answer.Event = fit([]*driverv1.Event{toproto.Event(event)})[0]
	}
	return answer, nil
}

func (s *server) Find(ctx context.Context, r *driverv1.FindRequest) (*driverv1.FindResponse, error) {
	receipt, failure, err := call(s, func(p provider.Provider) (*provider.Receipt, error) {
		m, err := fromproto.Message(r.GetMessage())
		if err != nil {
			return nil, err
		}
		return provider.Find(ctx, p, m, fromproto.Time(r.GetSince()))
	})
	if err != nil {
		return nil, err
	}
	answer := &driverv1.FindResponse{Receipt: toproto.Receipt(receipt), Error: failure}
	if len(answer.GetReceipt().GetRaw()) > maxRaw {
		answer.Receipt.Raw = nil
	}
	return answer, nil
}

func (s *server) Cancel(ctx context.Context, r *driverv1.CancelRequest) (*driverv1.CancelResponse, error) {
	_, failure, err := call(s, func(p provider.Provider) (struct{}, error) {
		return struct{}{}, provider.Cancel(ctx, p, r.GetId())
	})
	return &driverv1.CancelResponse{Error: failure}, err
}

func (s *server) Balance(ctx context.Context, _ *driverv1.BalanceRequest) (*driverv1.BalanceResponse, error) {
	balance, failure, err := call(s, func(p provider.Provider) (*provider.Balance, error) {
		return provider.ReadBalance(ctx, p)
	})
	return &driverv1.BalanceResponse{Balance: toproto.Balance(balance), Error: failure}, err
}

func (s *server) Quote(ctx context.Context, r *driverv1.QuoteRequest) (*driverv1.QuoteResponse, error) {
	quote, failure, err := call(s, func(p provider.Provider) (*provider.Quote, error) {
		m, err := fromproto.Message(r.GetMessage())
		if err != nil {
			return nil, err
		}
		return provider.RequestQuote(ctx, p, m)
	})
	return &driverv1.QuoteResponse{Quote: toproto.Quote(quote), Error: failure}, err
}

func (s *server) StartVerification(ctx context.Context, r *driverv1.StartVerificationRequest) (*driverv1.StartVerificationResponse, error) {
	account, err := s.opened()
	if err != nil {
		return nil, err
	}
	receipt, failure := answered(startVerification(ctx, account, r))
	return &driverv1.StartVerificationResponse{Receipt: receipt, Error: failure}, nil
}

func startVerification(ctx context.Context, account provider.Provider, r *driverv1.StartVerificationRequest) (receipt *provider.Receipt, err error) {
	defer guard(&err)
	request, err := fromproto.VerificationRequest(r)
	if err != nil {
		return nil, err
	}
	return provider.StartVerification(ctx, account, request)
}

func (s *server) CheckVerification(ctx context.Context, r *driverv1.CheckVerificationRequest) (*driverv1.CheckVerificationResponse, error) {
	result, failure, err := call(s, func(p provider.Provider) (provider.VerificationResult, error) {
		return provider.CheckVerification(ctx, p, r.GetRef(), r.GetCode())
	})
	return &driverv1.CheckVerificationResponse{Result: toproto.VerificationResult(result), Error: failure}, err
}

func (s *server) ParseCallback(ctx context.Context, r *driverv1.ParseCallbackRequest) (*driverv1.ParseCallbackResponse, error) {
	events, failure, err := call(s, func(p provider.Provider) ([]provider.Event, error) {
		return provider.ParseCallback(ctx, p, fromproto.Callback(r))
	})
	if err != nil || failure != nil {
		return &driverv1.ParseCallbackResponse{Error: failure}, err
	}
	return &driverv1.ParseCallbackResponse{Events: fit(toproto.Events(events))}, nil
}

// page is the result of Inbox.
type page struct {
	events []provider.Event
	next   string
}

func (s *server) Inbox(ctx context.Context, r *driverv1.InboxRequest) (*driverv1.InboxResponse, error) {
	got, failure, err := call(s, func(p provider.Provider) (page, error) {
		events, next, err := provider.ReadInbox(ctx, p, r.GetCursor())
		return page{events, next}, err
	})
	if err != nil || failure != nil {
		return &driverv1.InboxResponse{Error: failure}, err
	}
	return &driverv1.InboxResponse{Events: fit(toproto.Events(got.events)), Next: toproto.Text(got.next)}, nil
}

func (s *server) Check(ctx context.Context, _ *driverv1.CheckRequest) (*driverv1.CheckResponse, error) {
	_, failure, err := call(s, func(p provider.Provider) (struct{}, error) {
		return struct{}{}, provider.Check(ctx, p)
	})
	return &driverv1.CheckResponse{Error: failure}, err
}
