package plugin

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// SendStream makes each message's attempt in a goroutine of its own and
// responds when it ends, in any order.
func (s *server) SendStream(stream grpc.BidiStreamingServer[driverv1.SendStreamRequest, driverv1.SendStreamResponse]) error {
	account, err := s.opened()
	if err != nil {
		return err
	}
	a := &attempts{account: account, answers: make(chan *driverv1.StreamAnswer), cancels: make(map[uint64]context.CancelFunc)}
	var writer sync.WaitGroup
	writer.Go(func() { a.write(stream) })
	err = a.read(stream)
	a.running.Wait() // if the host is gone, the stream's context has ended, and theirs with it
	close(a.answers)
	writer.Wait()
	return err
}

// attempts are those in progress on a stream.
type attempts struct {
	account provider.Provider
	running sync.WaitGroup
	answers chan *driverv1.StreamAnswer

	mu      sync.Mutex
	cancels map[uint64]context.CancelFunc
}

func (a *attempts) read(stream grpc.BidiStreamingServer[driverv1.SendStreamRequest, driverv1.SendStreamResponse]) error {
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, call := range request.GetCalls() {
			if call.GetCancel() {
				a.cancel(call.GetId())
				continue
			}
			a.start(stream.Context(), call)
		}
	}
}

func (a *attempts) start(ctx context.Context, call *driverv1.StreamCall) {
	ctx, cancel := contextOf(ctx, call)
	a.mu.Lock()
	a.cancels[call.GetId()] = cancel
	a.mu.Unlock()
	a.running.Go(func() {
		receipt, failure := sendOne(ctx, a.account, call.GetMessage())
		a.cancel(call.GetId())
		a.answers <- &driverv1.StreamAnswer{Id: call.GetId(), Receipt: receipt, Error: failure}
	})
}

// cancel ends an attempt's context, if it is in progress.
func (a *attempts) cancel(id uint64) {
	a.mu.Lock()
	cancel := a.cancels[id]
	delete(a.cancels, id)
	a.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// write sends the responses, as many together as are ready, until there are no
// more. If sending fails, the host is gone, or sees the stream break.
func (a *attempts) write(stream grpc.BidiStreamingServer[driverv1.SendStreamRequest, driverv1.SendStreamResponse]) {
	for answer := range a.answers {
		response := &driverv1.SendStreamResponse{Answers: []*driverv1.StreamAnswer{answer}}
		for a.more(response) {
		}
		_ = stream.Send(response)
	}
}

// more adds a response that is waiting, if there is one and room for it.
func (a *attempts) more(response *driverv1.SendStreamResponse) bool {
	last := response.Answers[len(response.Answers)-1]
	if len(response.Answers) == maxTogether || proto.Size(last) > largeCall {
		return false
	}
	select {
	case answer, open := <-a.answers:
		if open {
			response.Answers = append(response.Answers, answer)
		}
		return open
	default:
		return false
	}
}

// contextOf returns the context of an attempt, from what the caller's context
// contained.
func contextOf(ctx context.Context, call *driverv1.StreamCall) (context.Context, context.CancelFunc) {
	ctx = traceContext{parent: call.GetTraceparent(), state: call.GetTracestate()}.into(ctx)
	if d := fromproto.Duration(call.GetConnectTimeout()); d > 0 {
		ctx = httpcall.WithConnectTimeout(ctx, d)
	}
	if d := fromproto.Duration(call.GetTimeout()); d > 0 {
		return context.WithTimeout(ctx, d)
	}
	return context.WithCancel(ctx)
}
