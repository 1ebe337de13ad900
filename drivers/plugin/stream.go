package plugin

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/drivers/plugin/internal/toproto"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/wire"
)

// sendStream carries all sends of a process on one gRPC stream. If the stream
// breaks while the process lives, what is under way on it is in doubt, and the
// next send opens another.
type sendStream struct {
	driver  driverv1.DriverClient
	grace   time.Duration // how long a caller waits after its deadline
	patient time.Duration // how long an answer is waited for
	condemn func(error)

	mu      sync.Mutex
	current *flow
}

// send is one attempt. Until the writer has taken the message, nothing was handed
// over.
func (s *sendStream) send(ctx context.Context, m *driverv1.Message) (*provider.Receipt, error) {
	f, err := s.flow()
	if err != nil {
		return nil, lineError(ctx, fmt.Errorf("%w: %w", errNotHandedOver, err))
	}
	frame, answer := f.book(ctx, m)
	select {
	case f.out <- frame:
	case <-f.broken:
		f.forget(frame.Call)
		return nil, lineError(ctx, fmt.Errorf("%w: %w", errNotHandedOver, f.err))
	case <-ctx.Done():
		f.forget(frame.Call)
		return nil, lineError(ctx, errNotHandedOver)
	}
	select {
	case r := <-answer:
		return sent(r.GetReceipt(), r.GetError())
	case <-f.broken:
		return f.last(answer)
	case <-ctx.Done():
		return s.giveUp(ctx, f, frame.Call, answer)
	}
}

// giveUp tells the plugin that the caller is gone, unless the plugin has the
// deadline that passed, and waits a little for what it knows. A plugin that stays
// silent is condemned.
func (s *sendStream) giveUp(ctx context.Context, f *flow, call uint64, answer chan *driverv1.SendStreamResponse) (*provider.Receipt, error) {
	late := make(chan *driverv1.SendStreamResponse, 1)
	go func() {
		patience := time.NewTimer(s.patient)
		defer patience.Stop()
		var cancel chan *driverv1.SendStreamRequest
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			cancel = f.out
		}
		for {
			select {
			case cancel <- &driverv1.SendStreamRequest{Call: call, Cancel: true}:
				cancel = nil
			case r := <-answer:
				late <- r
				return
			case <-f.broken:
				return
			case <-patience.C:
				f.forget(call)
				s.condemn(fmt.Errorf("it left a send unanswered for %s after the caller's deadline", s.patient))
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

// flow is the stream in use, or a new one.
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
	out    chan *driverv1.SendStreamRequest // unbuffered: who is taken from has been handed over

	mu      sync.Mutex
	next    uint64
	waiting map[uint64]chan *driverv1.SendStreamResponse
	err     error
	broken  chan struct{} // closed when the stream is of no more use; err is set then
}

func newFlow(stream grpc.BidiStreamingClient[driverv1.SendStreamRequest, driverv1.SendStreamResponse], cancel context.CancelFunc) *flow {
	f := &flow{
		stream:  stream,
		cancel:  cancel,
		out:     make(chan *driverv1.SendStreamRequest),
		waiting: make(map[uint64]chan *driverv1.SendStreamResponse),
		broken:  make(chan struct{}),
	}
	go f.write()
	go f.read()
	return f
}

// book gives the send a number and a place where its answer will be.
func (f *flow) book(ctx context.Context, m *driverv1.Message) (*driverv1.SendStreamRequest, chan *driverv1.SendStreamResponse) {
	answer := make(chan *driverv1.SendStreamResponse, 1)
	f.mu.Lock()
	f.next++
	call := f.next
	f.waiting[call] = answer
	f.mu.Unlock()

	frame := &driverv1.SendStreamRequest{Call: call, Message: m}
	if deadline, ok := ctx.Deadline(); ok {
		frame.Timeout = toproto.Duration(max(1, time.Until(deadline)))
	}
	if d, ok := wire.ConnectTimeout(ctx); ok {
		frame.ConnectTimeout = toproto.Duration(d)
	}
	t := traceOf(ctx)
	frame.Traceparent, frame.Tracestate = t.parent, t.state
	return frame, answer
}

func (f *flow) forget(call uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.waiting, call)
}

func (f *flow) write() {
	for {
		select {
		case frame := <-f.out:
			if f.stream.Send(frame) != nil {
				return // the reader learns why
			}
		case <-f.broken:
			return
		}
	}
}

func (f *flow) read() {
	for {
		r, err := f.stream.Recv()
		if err != nil {
			f.fail(err)
			return
		}
		f.mu.Lock()
		answer := f.waiting[r.GetCall()]
		delete(f.waiting, r.GetCall())
		f.mu.Unlock()
		if answer != nil { // else it was given up long ago, or never asked
			answer <- r
		}
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

// last looks for an answer that came before the stream broke.
func (f *flow) last(answer chan *driverv1.SendStreamResponse) (*provider.Receipt, error) {
	select {
	case r := <-answer:
		return sent(r.GetReceipt(), r.GetError())
	default:
		return nil, lineError(context.Background(), f.err)
	}
}

// sent reads a plugin's answer to a send. One that is no answer proves nothing.
func sent(receipt *driverv1.Receipt, failure *driverv1.Error) (*provider.Receipt, error) {
	switch {
	case receipt != nil && failure == nil:
		return fromproto.Receipt(receipt), nil
	case failure != nil && receipt == nil:
		return nil, fromproto.Error(failure)
	}
	return nil, &provider.Error{Code: provider.Indeterminate, Err: errNoVerdict}
}

var errNoVerdict = errors.New("the plugin answered neither a receipt nor an error, or both")
