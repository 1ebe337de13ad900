package plugin

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/provider"
)

// listenPause is between two tries to listen when the plugin is not there.
const listenPause = 250 * time.Millisecond

// listenFarewell is how long a plugin may take to stop listening.
const listenFarewell = 2 * time.Second

var errListening = errors.New("another call of Listen is in progress")

// Listen passes on the events that the plugin's vendor pushes. If the plugin
// dies, it listens to the next process.
func (p *Provider) Listen(ctx context.Context, handle func(context.Context, []provider.Event) error) error {
	if !p.listening.TryLock() {
		return errListening
	}
	defer p.listening.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(p.life, func() { cancel(errClosed) })
	defer stop()
	for {
		failure := p.listenOnce(ctx, handle)
		switch {
		case errors.Is(context.Cause(ctx), errClosed):
			return errClosed
		case ctx.Err() != nil:
			return nil
		case failure != nil:
			return failure
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenPause):
		}
	}
}

// listenOnce listens to one process. A nil error means that the line broke or
// that there is no process at the moment.
func (p *Provider) listenOnce(ctx context.Context, handle func(context.Context, []provider.Event) error) error {
	proc := p.current.Load()
	if proc == nil {
		return nil
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var handlers sync.WaitGroup
	defer handlers.Wait()
	defer cancel()
	handling, lost := context.WithCancel(ctx)
	defer lost()
	begun := context.AfterFunc(ctx, cancel)
	stream, err := proc.driver.Listen(life)
	if err != nil || !begun() {
		return nil
	}
	l := &listener{stream: stream, handle: handle}
	defer context.AfterFunc(ctx, func() { l.end(cancel) })()
	for {
		response, err := stream.Recv()
		if err != nil {
			return nil
		}
		if failure := response.GetError(); failure != nil {
			return p.failure(failure)
		}
		// A connection of the plugin to its vendor waits for the answer, so what
		// comes meanwhile is from another connection.
		handlers.Go(func() { l.pass(handling, response) })
	}
}

// listener is the host's side of one Listen stream.
type listener struct {
	stream grpc.BidiStreamingClient[driverv1.ListenRequest, driverv1.ListenResponse]
	handle func(context.Context, []provider.Event) error
	mu     sync.Mutex // held while sending
}

// end closes the host's side, on which the plugin stops listening and ends the
// stream. So the next Listen does not meet this one. A plugin that does not end is
// left after a while.
func (l *listener) end(cancel context.CancelFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.stream.CloseSend()
	time.AfterFunc(listenFarewell, cancel)
}

// pass hands events over and sends the answer. Events that cannot be read are
// refused. If sending fails, the plugin sees the stream break.
func (l *listener) pass(ctx context.Context, r *driverv1.ListenResponse) {
	events, err := fromproto.Events(r.GetEvents())
	if err == nil {
		err = l.handle(ctx, events)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.stream.Send(&driverv1.ListenRequest{Id: r.GetId(), Refused: err != nil})
}
