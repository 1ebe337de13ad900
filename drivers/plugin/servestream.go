package plugin

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/wire"
)

// SendStream makes each message's attempt in a goroutine of its own and answers
// when it ends, in whatever order.
func (s *server) SendStream(stream grpc.BidiStreamingServer[driverv1.SendStreamRequest, driverv1.SendStreamResponse]) error {
	account, err := s.opened()
	if err != nil {
		return err
	}
	attempts := &attempts{stream: stream, account: account, cancels: make(map[uint64]context.CancelFunc)}
	defer attempts.running.Wait() // the stream's context has ended by then, and theirs with it
	for {
		frame, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if frame.GetCancel() {
			attempts.cancel(frame.GetCall())
			continue
		}
		attempts.start(frame)
	}
}

// attempts are those under way on a stream.
type attempts struct {
	stream  grpc.BidiStreamingServer[driverv1.SendStreamRequest, driverv1.SendStreamResponse]
	account provider.Provider
	running sync.WaitGroup

	answering sync.Mutex
	mu        sync.Mutex
	cancels   map[uint64]context.CancelFunc
}

func (a *attempts) start(frame *driverv1.SendStreamRequest) {
	ctx, cancel := contextOf(a.stream.Context(), frame)
	a.mu.Lock()
	a.cancels[frame.GetCall()] = cancel
	a.mu.Unlock()
	a.running.Go(func() {
		receipt, failure := sendOne(ctx, a.account, frame.GetMessage())
		a.cancel(frame.GetCall())
		a.answering.Lock()
		defer a.answering.Unlock()
		// An error means that the host is gone, or will see the stream break.
		_ = a.stream.Send(&driverv1.SendStreamResponse{Call: frame.GetCall(), Receipt: receipt, Error: failure})
	})
}

// cancel ends an attempt's context, if it is under way.
func (a *attempts) cancel(call uint64) {
	a.mu.Lock()
	cancel := a.cancels[call]
	delete(a.cancels, call)
	a.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// contextOf gives an attempt what the caller's context said.
func contextOf(ctx context.Context, frame *driverv1.SendStreamRequest) (context.Context, context.CancelFunc) {
	ctx = traceContext{parent: frame.GetTraceparent(), state: frame.GetTracestate()}.into(ctx)
	if d := fromproto.Duration(frame.GetConnectTimeout()); d > 0 {
		ctx = wire.WithConnectTimeout(ctx, d)
	}
	if d := fromproto.Duration(frame.GetTimeout()); d > 0 {
		return context.WithTimeout(ctx, d)
	}
	return context.WithCancel(ctx)
}
