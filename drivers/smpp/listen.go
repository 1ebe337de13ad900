package smpp

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
)

// listener is the handler of a call of Listen.
type listener struct {
	ctx    context.Context // ends with Listen
	handle func(context.Context, []provider.Event) error
	join   *joiner
}

// Listen binds the account's connections so that the SMSC delivers to them, and
// hands over delivery reports, messages from people, and responses to submit_sm
// that came too late for Send. It needs no prior call.
func (p *Provider) Listen(ctx context.Context, handle func(context.Context, []provider.Event) error) error {
	if !p.listening.TryLock() {
		return errors.New("another call of Listen is in progress")
	}
	defer p.listening.Unlock()
	l := &listener{ctx: ctx, handle: handle, join: &p.joiner}
	p.listener.Store(l)
	p.client.pool.receive(true)
	defer func() {
		p.listener.Store(nil)
		p.client.pool.receive(false)
	}()
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.client.pool.life.Done():
			return &provider.Error{Code: provider.Unavailable, Err: errClosed}
		case g := <-p.client.pool.refused:
			return g.err
		case <-p.late.signal:
			p.handLate(l)
		case <-tick.C:
			l.handExpired(p.settings.Now())
		}
	}
}

// handLate hands over late responses. Refused ones are kept and tried again,
// since the SMSC does not repeat them.
func (p *Provider) handLate(l *listener) {
	events := p.late.take()
	if len(events) == 0 || l.handle(l.ctx, events) == nil {
		return
	}
	p.late.putBack(events)
	time.AfterFunc(time.Second, p.late.announce)
}

func (l *listener) handExpired(now time.Time) {
	if events, done := l.join.expired(now); len(events) > 0 {
		done(l.handle(l.ctx, events) == nil)
	}
}

// delivery is one deliver_sm or data_sm and what came of it.
type delivery struct {
	pdu    wire.PDU
	event  *provider.Event  // nil = nothing to hand over
	done   func(taken bool) // if not nil, to be told
	status uint32           // of the response, if there is no event
}

// deliver hands over what the SMSC delivered together and responds to each. What
// is refused, the SMSC repeats.
func (p *Provider) deliver(ctx context.Context, s *session, pdus []wire.PDU) {
	l := p.listener.Load()
	deliveries := make([]delivery, len(pdus))
	var events []provider.Event
	for i, pdu := range pdus {
		deliveries[i] = p.received(l, pdu)
		if e := deliveries[i].event; e != nil {
			events = append(events, *e)
		}
	}
	taken := l != nil && len(events) > 0 && l.take(ctx, events)
	for _, d := range deliveries {
		status := d.status
		if d.event != nil && !taken {
			status = statusTemporary
		}
		if d.done != nil {
			d.done(taken)
		}
		s.reply(acknowledge(d.pdu, status))
	}
	if l != nil && l.join.crowded() {
		l.handExpired(p.settings.Now())
	}
}

// take calls the handler, whose context ends with the connection and with
// Listen.
func (l *listener) take(ctx context.Context, events []provider.Event) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	return l.ctx.Err() == nil && l.handle(ctx, events) == nil
}

// received reads one delivery.
func (p *Provider) received(l *listener, pdu wire.PDU) delivery {
	d := delivery{pdu: pdu}
	if l == nil {
		d.status = statusTemporary
		return d
	}
	parse := wire.ParseMessage
	if pdu.Command == wire.DataSM {
		parse = wire.ParseDataSM
	}
	m, err := parse(pdu.Body)
	if err != nil {
		d.status = statusInvCmdLen
		return d
	}
	if isReport(m) {
		event := p.reportEvent(m)
		d.event = &event
		return d
	}
	part, err := p.settings.inboundPart(m)
	switch {
	case err != nil:
		event := rawEvent(m, err)
		d.event = &event
	case part.Total > 1:
		d.event, d.done = l.join.add(m, part, p.settings.Now())
	default:
		event, err := single(m, part)
		if err != nil {
			event = rawEvent(m, err)
		}
		d.event = &event
	}
	return d
}

func single(m *wire.Message, part segment.ReceivedSegment) (provider.Event, error) {
	r, err := segment.Join([]segment.ReceivedSegment{part})
	return inboundEvent(m, r), err
}

// maxLate bounds the late responses that nobody has listened to.
const maxLate = 10_000

// lateEvents are the responses that came after Send had returned.
type lateEvents struct {
	signal chan struct{}
	mu     sync.Mutex
	events []provider.Event
}

func newLateEvents() lateEvents { return lateEvents{signal: make(chan struct{}, 1)} }

func (l *lateEvents) announce() {
	select {
	case l.signal <- struct{}{}:
	default:
	}
}

// add keeps the latest.
func (l *lateEvents) add(e provider.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.events) == maxLate {
		l.events = l.events[1:]
	}
	l.events = append(l.events, e)
	l.announce()
}

func (l *lateEvents) take() []provider.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	events := l.events
	l.events = nil
	return events
}

func (l *lateEvents) putBack(events []provider.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(events, l.events...)
}
