package page

import (
	"context"
	"net/http"
	"time"

	"github.com/anysms/anysms/provider/sleep"
)

const (
	maxStreams = 200
	// tick is how often what is shown is looked at again, if nobody tells of changes.
	tick = 3 * time.Second
	// rest is the shortest time between two refreshes.
	rest = time.Second
	// keepAlive is below the idle timeouts of common proxies.
	keepAlive = 15 * time.Second
	// writeWithin is how long a browser may take for an event.
	writeWithin = 10 * time.Second
)

// stream tells a browser when to look again. It carries no data: what somebody may see
// is decided where it is shown.
func (p *Page) stream(v *visit) {
	select {
	case p.live <- struct{}{}:
		defer func() { <-p.live }()
	default:
		v.w.Header().Set("Retry-After", "60")
		http.Error(v.w, "too many open streams", http.StatusServiceUnavailable)
		return
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	changes := p.changes(v.Context()) // before the first line, so that a change after it is always seen
	send := p.sender(v)
	if !send("retry: 5000\n\n") {
		return
	}
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for {
		select {
		case <-v.Context().Done():
			return
		case <-alive.C:
			if !send(": alive\n\n") {
				return
			}
		case _, more := <-changes:
			if !more || !p.stillIn(v) || !send("event: changed\ndata:\n\n") {
				return
			}
			if sleep.For(v.Context(), rest) != nil {
				return
			}
		}
	}
}

// sender writes to the stream at once, each time with a deadline of its own.
func (p *Page) sender(v *visit) func(string) bool {
	c := http.NewResponseController(v.w)
	return func(s string) bool {
		_ = c.SetWriteDeadline(time.Now().Add(writeWithin)) // a writer without deadlines is a test's
		_, err := v.w.Write([]byte(s))
		return err == nil && c.Flush() == nil
	}
}

// stillIn reports whether the visitor is still signed in.
func (p *Page) stillIn(v *visit) bool {
	again, wrong := p.enter(v.w, v.Request)
	return wrong == nil && again.client != nil
}

func (p *Page) changes(ctx context.Context) <-chan struct{} {
	if p.Changes != nil {
		return p.Changes(ctx)
	}
	c := make(chan struct{})
	go func() {
		defer close(c)
		for sleep.For(ctx, tick) == nil {
			select {
			case c <- struct{}{}:
			case <-ctx.Done():
			}
		}
	}()
	return c
}
