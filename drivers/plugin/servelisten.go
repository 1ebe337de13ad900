package plugin

import (
	"context"
	"errors"
	"sync"

	"google.golang.org/grpc"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/toproto"
	"github.com/anysms/anysms/provider"
)

var errRefused = errors.New("the host could not record the events")

// Listen passes the account's events to the host until the host is gone or
// closes its side.
func (s *server) Listen(stream grpc.BidiStreamingServer[driverv1.ListenRequest, driverv1.ListenResponse]) error {
	account, err := s.opened()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	p := &pushes{stream: stream, waiting: make(map[uint64]chan bool)}
	go func() { // ends with the stream, which ends when Listen returns
		defer cancel()
		p.read()
	}()
	if failed := listen(ctx, account, p.push); failed != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		return stream.Send(&driverv1.ListenResponse{Error: toproto.Error(failed)})
	}
	return nil
}

func listen(ctx context.Context, account provider.Provider, handle func(context.Context, []provider.Event) error) (err error) {
	defer guard(&err)
	return provider.Listen(ctx, account, handle)
}

// pushes are the events of one stream that the host has not answered.
type pushes struct {
	stream grpc.BidiStreamingServer[driverv1.ListenRequest, driverv1.ListenResponse]

	mu      sync.Mutex // also held while sending
	next    uint64
	waiting map[uint64]chan bool // true = refused
}

// push sends events and waits for the host's answer.
func (p *pushes) push(ctx context.Context, events []provider.Event) error {
	answer, err := p.send(events)
	if err != nil {
		return err
	}
	select {
	case refused := <-answer:
		if refused {
			return errRefused
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *pushes) send(events []provider.Event) (<-chan bool, error) {
	answer := make(chan bool, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	p.waiting[p.next] = answer
	return answer, p.stream.Send(&driverv1.ListenResponse{Id: p.next, Events: fit(toproto.Events(events))})
}

// read takes the host's answers until there are no more.
func (p *pushes) read() {
	for {
		request, err := p.stream.Recv()
		if err != nil {
			return
		}
		p.mu.Lock()
		answer := p.waiting[request.GetId()]
		delete(p.waiting, request.GetId())
		p.mu.Unlock()
		if answer != nil {
			answer <- request.GetRefused()
		}
	}
}
