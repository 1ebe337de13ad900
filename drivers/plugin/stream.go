package plugin

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/drivers/plugin/internal/toproto"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// sendStream makes all sends of a process on one gRPC stream. If the stream
// breaks while the process lives, the sends in progress are indeterminate, and
// the next send opens another stream.
type sendStream struct {
	driver  driverv1.DriverClient
	timeout time.Duration // of a call without a deadline
	grace   time.Duration // how long a caller waits after its deadline
	patient time.Duration // how long a response is waited for
	condemn func(error)

	mu      sync.Mutex
	current *flow
}

// send makes one attempt. Until the writer has taken the message, nothing was
// handed over.
func (s *sendStream) send(ctx context.Context, m *driverv1.Message) (*provider.Receipt, error) {
	ctx, cancel := bounded(ctx, s.timeout)
	defer cancel()
	f, err := s.flow()
	if err != nil {
		return nil, lineError(ctx, fmt.Errorf("%w: %w", errNotHandedOver, err))
	}
	call, answer := f.book(ctx, m)
	select {
	case f.out <- call:
	case <-f.broken:
		f.forget(call.Id)
		return nil, lineError(ctx, fmt.Errorf("%w: %w", errNotHandedOver, f.err))
	case <-ctx.Done():
		f.forget(call.Id)
		return nil, lineError(ctx, errNotHandedOver)
	}
	select {
	case r := <-answer:
		return sent(r.GetReceipt(), r.GetError())
	case <-f.broken:
		return f.last(answer)
	case <-ctx.Done():
		return s.giveUp(ctx, f, call.Id, answer)
	}
}

// giveUp tells the plugin that the caller is gone, unless the plugin knows the
// deadline that passed, and waits a little for its result. A plugin that stays
// silent is condemned.
func (s *sendStream) giveUp(ctx context.Context, f *flow, id uint64, answer chan *driverv1.StreamAnswer) (*provider.Receipt, error) {
	late := make(chan *driverv1.StreamAnswer, 1)
	go func() {
		patience := time.NewTimer(s.patient)
		defer patience.Stop()
		var cancel chan *driverv1.StreamCall
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			cancel = f.out
		}
		for {
			select {
			case cancel <- &driverv1.StreamCall{Id: id, Cancel: true}:
				cancel = nil
			case r := <-answer:
				late <- r
				return
			case <-f.broken:
				return
			case <-patience.C:
				f.forget(id)
				s.condemn(fmt.Errorf("it did not respond to a send within %s of the caller's deadline", s.patient))
				return
			}
		}
	}()
	select {
	case r := <-late:
		return sent(r.GetReceipt(), r.GetError())
	case <-f.broken:
	case <-time.After(min(s.grace, s.patient)):
	}
	return nil, lineError(ctx, context.Cause(ctx))
}

// flow returns the stream in use, or a new one.
func (s *sendStream) flow() (*flow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil && !s.current.isBroken() {
		return s.current, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	stream, err := s.driver.SendStream(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	s.current = newFlow(stream, cancel)
	return s.current, nil
}

// close ends the stream.
func (s *sendStream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		s.current.fail(errClosed)
	}
}

// flow is one stream: a goroutine writes, a goroutine reads, callers wait.
type flow struct {
	stream grpc.BidiStreamingClient[driverv1.SendStreamRequest, driverv1.SendStreamResponse]
	cancel context.CancelFunc
	out    chan *driverv1.StreamCall // unbuffered: a call that is received has been handed over

	mu      sync.Mutex
	next    uint64
	waiting map[uint64]chan *driverv1.StreamAnswer
	err     error
	broken  chan struct{} // closed when the stream has failed; err is set then
}

func newFlow(stream grpc.BidiStreamingClient[driverv1.SendStreamRequest, driverv1.SendStreamResponse], cancel context.CancelFunc) *flow {
	f := &flow{
		stream:  stream,
		cancel:  cancel,
		out:     make(chan *driverv1.StreamCall),
		waiting: make(map[uint64]chan *driverv1.StreamAnswer),
		broken:  make(chan struct{}),
	}
	go f.write()
	go f.read()
	return f
}

// book gives the send a number and a place for its response.
func (f *flow) book(ctx context.Context, m *driverv1.Message) (*driverv1.StreamCall, chan *driverv1.StreamAnswer) {
	answer := make(chan *driverv1.StreamAnswer, 1)
	f.mu.Lock()
	f.next++
	call := &driverv1.StreamCall{Id: f.next, Message: m}
	f.waiting[call.Id] = answer
	f.mu.Unlock()

	if deadline, ok := ctx.Deadline(); ok {
		call.Timeout = toproto.Duration(max(1, time.Until(deadline)))
	}
	if d, ok := httpcall.ConnectTimeout(ctx); ok {
		call.ConnectTimeout = toproto.Duration(d)
	}
	t := traceOf(ctx)
	call.Traceparent, call.Tracestate = t.parent, t.state
	return call, answer
}

func (f *flow) forget(call uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.waiting, call)
}

// maxTogether bounds how many calls are written together; after a call of more
// than largeCall bytes no other is added. So the whole is smaller than
// maxMessage, because one call is at most maxCarried.
const (
	maxTogether = 64
	largeCall   = 16 << 10
)

// write writes the callers' messages, as many together as are ready: most of
// the cost of a message is the write itself.
func (f *flow) write() {
	for {
		var request driverv1.SendStreamRequest
		select {
		case call := <-f.out:
			request.Calls = append(request.Calls, call)
		case <-f.broken:
			return
		}
		for f.more(&request) {
		}
		if f.stream.Send(&request) != nil {
			return // the reader learns why
		}
	}
}

// more adds a call that is waiting to be written, if there is one and room for
// it.
func (f *flow) more(request *driverv1.SendStreamRequest) bool {
	last := request.Calls[len(request.Calls)-1]
	if len(request.Calls) == maxTogether || proto.Size(last) > largeCall {
		return false
	}
	select {
	case call := <-f.out:
		request.Calls = append(request.Calls, call)
		return true
	default:
		return false
	}
}

func (f *flow) read() {
	for {
		response, err := f.stream.Recv()
		if err != nil {
			f.fail(err)
			return
		}
		for _, a := range response.GetAnswers() {
			f.deliver(a)
		}
	}
}

// deliver hands a response to the caller that waits for it. One without a
// caller was abandoned long ago, or never requested.
func (f *flow) deliver(a *driverv1.StreamAnswer) {
	f.mu.Lock()
	answer := f.waiting[a.GetId()]
	delete(f.waiting, a.GetId())
	f.mu.Unlock()
	if answer != nil {
		answer <- a
	}
}

func (f *flow) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isBroken() {
		return
	}
	f.err = err
	close(f.broken)
	f.cancel()
}

func (f *flow) isBroken() bool {
	select {
	case <-f.broken:
		return true
	default:
		return false
	}
}

// last looks for a response that came before the stream broke.
func (f *flow) last(answer chan *driverv1.StreamAnswer) (*provider.Receipt, error) {
	select {
	case r := <-answer:
		return sent(r.GetReceipt(), r.GetError())
	default:
		return nil, lineError(context.Background(), f.err)
	}
}

// sent reads a plugin's response to a send. An invalid one proves nothing.
func sent(receipt *driverv1.Receipt, failure *driverv1.Error) (*provider.Receipt, error) {
	v := provider.Verdict{Receipt: fromproto.Receipt(receipt), Err: fromproto.Error(failure)}.Checked()
	return v.Receipt, v.Err
}
