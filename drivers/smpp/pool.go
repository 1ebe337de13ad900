package smpp

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

var errClosed = errors.New("the provider is closed")

// pool keeps the connections bound and shares out the slots of their windows.
// It begins with the first call.
type pool struct {
	settings *settings
	deliver  func(context.Context, *session, []wire.PDU)
	life     context.Context // ends with close
	end      context.CancelFunc
	ended    sync.WaitGroup

	mu        sync.Mutex
	started   bool
	closed    bool
	receiving bool
	links     []*link
	receiver  *link // of its own, while receiving, if the settings say so
	waiters   []*waiter
	turn      int

	refused chan grant // an error: the SMSC has refused the account; has room for one
}

// link is one connection that is made again when it is lost.
type link struct {
	kind    wire.Command
	cancel  context.CancelFunc
	session *session  // nil while there is none
	err     error     // why there is none; nil = it is being made
	retry   time.Time // when it is made again
}

// waiter is a caller that waits for a slot.
type waiter struct {
	granted chan grant // has room for one
}

type grant struct {
	session *session
	err     error
}

func newPool(s *settings, deliver func(context.Context, *session, []wire.PDU)) *pool {
	p := &pool{settings: s, deliver: deliver, refused: make(chan grant, 1)}
	p.life, p.end = context.WithCancel(context.Background())
	return p
}

// acquire returns a session with a slot of its window, which release gives
// back. An error says that nothing was sent.
func (p *pool) acquire(ctx context.Context) (*session, error) {
	if cause := context.Cause(ctx); cause != nil {
		return nil, &provider.Error{Code: provider.Unavailable, Err: cause}
	}
	p.mu.Lock()
	p.start()
	s, err := p.free()
	if s != nil || err != nil {
		p.mu.Unlock()
		return s, err
	}
	w := &waiter{granted: make(chan grant, 1)}
	p.waiters = append(p.waiters, w)
	bound := p.bound()
	p.mu.Unlock()
	return p.wait(ctx, w, bound)
}

// wait waits for a slot; if there is no connection at all, for as long as one
// may take.
func (p *pool) wait(ctx context.Context, w *waiter, bound bool) (*session, error) {
	var late <-chan time.Time
	if d, ok := httpcall.ConnectTimeout(ctx); ok && !bound {
		timer := time.NewTimer(d)
		defer timer.Stop()
		late = timer.C
	}
	var cause error
	select {
	case g := <-w.granted:
		return g.session, g.err
	case <-late:
		cause = errors.New("no connection within the connect timeout")
	case <-ctx.Done():
		cause = context.Cause(ctx)
	}
	p.mu.Lock()
	if i := slices.Index(p.waiters, w); i >= 0 {
		p.waiters = slices.Delete(p.waiters, i, i+1)
	}
	p.mu.Unlock()
	select {
	case g := <-w.granted: // meanwhile
		if g.session != nil {
			p.release(g.session)
		}
	default:
	}
	return nil, &provider.Error{Code: provider.Unavailable, Err: cause}
}

// free needs the lock. It returns the session with the most free slots, or why
// waiting is in vain.
func (p *pool) free() (*session, error) {
	if p.closed {
		return nil, &provider.Error{Code: provider.Unavailable, Err: errClosed}
	}
	var best *session
	hope := false
	var why *link
	p.turn++
	for i := range p.links {
		l := p.links[(i+p.turn)%len(p.links)]
		switch {
		case l.session != nil:
			hope = true
			if l.session.free > 0 && (best == nil || l.session.free > best.free) {
				best = l.session
			}
		case l.err == nil:
			hope = true
		default:
			why = l
		}
	}
	if best != nil {
		best.free--
		return best, nil
	}
	if hope || why == nil {
		return nil, nil
	}
	return nil, why.unavailable()
}

// unavailable is the error of a send while a link waits for its next try.
func (l *link) unavailable() error {
	e := &provider.Error{Code: provider.Unavailable, Err: l.err}
	if own, ok := errors.AsType[*provider.Error](l.err); ok {
		e = &provider.Error{Code: own.Code, VendorCode: own.VendorCode, VendorMessage: own.VendorMessage, Err: own.Err}
	}
	e.RetryAfter = max(0, time.Until(l.retry))
	return e
}

// bound needs the lock.
func (p *pool) bound() bool {
	return slices.ContainsFunc(p.links, func(l *link) bool { return l.session != nil })
}

// release gives a slot back.
func (p *pool) release(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.free++
	p.share(s)
}

// share needs the lock. It gives a session's free slots to those who wait.
func (p *pool) share(s *session) {
	for s.free > 0 && len(p.waiters) > 0 && p.serves(s) {
		w := p.waiters[0]
		p.waiters = slices.Delete(p.waiters, 0, 1)
		s.free--
		w.granted <- grant{session: s}
	}
}

// serves needs the lock. A session that ends is no longer a link's.
func (p *pool) serves(s *session) bool {
	return slices.ContainsFunc(p.links, func(l *link) bool { return l.session == s })
}

// start needs the lock.
func (p *pool) start() {
	if p.started || p.closed {
		return
	}
	p.started = true
	for range p.settings.Binds {
		p.links = append(p.links, p.launch(p.kind()))
	}
}

// kind needs the lock. A transceiver to which nobody listens would take
// reports away, so the connections are transmitters until somebody does.
func (p *pool) kind() wire.Command {
	if p.receiving && p.settings.Receive == receiveTransceiver {
		return wire.BindTransceiver
	}
	return wire.BindTransmitter
}

// launch needs the lock.
func (p *pool) launch(kind wire.Command) *link {
	ctx, cancel := context.WithCancel(p.life)
	l := &link{kind: kind, cancel: cancel}
	p.ended.Go(func() { p.keep(ctx, l) })
	return l
}

// The pauses between two tries to connect. An account that cannot bind is
// tried more rarely, as operators lock accounts for it.
const (
	firstPause     = 250 * time.Millisecond
	longestPause   = 30 * time.Second
	refusedPause   = 5 * time.Second
	longestRefused = 5 * time.Minute
)

func pauses(first, longest time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(first), backoff.WithMaxInterval(longest), backoff.WithMultiplier(2), backoff.WithMaxElapsedTime(0))
	return b
}

// keep makes a link's connection, again and again, until its context ends; then
// it unbinds after what is under way.
func (p *pool) keep(ctx context.Context, l *link) {
	network, refused := pauses(firstPause, longestPause), pauses(refusedPause, longestRefused)
	for ctx.Err() == nil {
		line, err := p.settings.connect(ctx, l.kind)
		if err != nil {
			pause := network.NextBackOff()
			if provider.CodeOf(err) == provider.Unauthenticated {
				pause = refused.NextBackOff()
			}
			p.failed(l, err, pause)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			p.retrying(l)
			continue
		}
		refused.Reset()
		s := newSession(line, l.kind, p.settings, p.deliver)
		p.opened(l, s)
		born := time.Now()
		select {
		case <-s.dead:
			p.dropped(l)
			s.ended.Wait()
		case <-s.retired: // by the SMSC
			p.dropped(l)
			s.ended.Wait()
		case <-ctx.Done():
			p.dropped(l)
			s.leave()
		}
		if time.Since(born) < longestPause { // an SMSC that drops each connection at once
			p.pause(ctx, network.NextBackOff())
		} else {
			network.Reset()
		}
	}
	p.dropped(l)
}

// pause waits before a connection is made again that did not live long.
func (p *pool) pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(min(d, time.Second)):
	}
}

func (p *pool) opened(l *link, s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.session, l.err = s, nil
	p.share(s)
}

func (p *pool) dropped(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.session = nil
}

func (p *pool) retrying(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.err = nil
}

// failed tells those who wait if no link is bound or being made.
func (p *pool) failed(l *link, err error, pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.err, l.retry = err, time.Now().Add(pause)
	if provider.CodeOf(err) == provider.Unauthenticated {
		select {
		case p.refused <- grant{err: err}:
		default:
		}
	}
	if slices.ContainsFunc(p.links, func(l *link) bool { return l.session != nil || l.err == nil }) {
		return
	}
	for _, w := range p.waiters {
		w.granted <- grant{err: l.unavailable()}
	}
	p.waiters = nil
}

// receive binds the connections so that events are received, or no longer. The
// old ones finish what is under way.
func (p *pool) receive(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.receiving == on {
		return
	}
	p.receiving = on
	select { // from before
	case <-p.refused:
	default:
	}
	if p.settings.Receive == receiveReceiver {
		if on {
			p.receiver = p.launch(wire.BindReceiver)
		} else {
			p.receiver.cancel()
		}
		return
	}
	if !p.started {
		if on {
			p.start()
		}
		return
	}
	for i, old := range p.links {
		old.session = nil
		old.cancel()
		p.links[i] = p.launch(p.kind())
	}
}

// close unbinds after what is under way.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	for _, w := range p.waiters {
		w.granted <- grant{err: &provider.Error{Code: provider.Unavailable, Err: errClosed}}
	}
	p.waiters = nil
	p.end()
	p.mu.Unlock()
	p.ended.Wait()
}
