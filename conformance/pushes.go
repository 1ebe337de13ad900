package conformance

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/anysms/anysms/provider"
)

// Pusher is a [Vendor] that pushes events over a connection, to drivers that are a
// [provider.EventSource].
type Pusher interface {
	Vendor
	// Push sends an event to a driver that listens, and reports whether the driver
	// acknowledged it; false = it refused. The event has the form of an event file
	// without comment lines. Push waits for a driver to listen, and for its reply,
	// until ctx ends, which is an error.
	Push(ctx context.Context, event []byte) (acknowledged bool, err error)
}

// pushed is one file of Replies/events: what the vendor pushes, and the events that it
// is. Without a lab the harness has arranged that Listen brings them.
type pushed struct {
	file   string
	events []map[string]any
	text   []byte
}

func readPushed(files fs.FS, lab Lab) ([]pushed, error) {
	var all []pushed
	err := eachFile(files, "events", extensionOf(lab), func(file string, list []note, rest []byte) error {
		p := pushed{file: file, text: rest}
		for _, n := range list {
			if n.key != "event" {
				continue
			}
			event, err := parseEvent(n)
			if err != nil {
				return err
			}
			p.events = append(p.events, event)
		}
		switch {
		case len(p.events) == 0:
			return errors.New(`the events are missing; want a comment line such as "# event: {"kind":"report","id":"42","status":"delivered"}"`)
		case lab == nil && len(bytes.TrimSpace(rest)) > 0:
			return errNoTransport
		}
		all = append(all, p)
		return nil
	})
	return all, err
}

// listener records what a call of Listen hands over.
type listener struct {
	*bench
	handle func([]provider.Event) error
	cancel context.CancelFunc
	done   chan struct{}
	handed chan []provider.Event // after handle returned nil
}

// listen calls Listen until stop. handle returns what the driver's handler returns.
func (b *bench) listen(handle func([]provider.Event) error) *listener {
	ctx, cancel := context.WithCancel(b.ctx())
	l := &listener{bench: b, handle: handle, cancel: cancel, done: make(chan struct{}), handed: make(chan []provider.Event, 100)}
	what := "Listen"
	b.doing.Store(&what)
	go func() {
		defer close(l.done)
		err, problem := guarded(ctx, b.pace, what, func() error { return provider.Listen(ctx, b.p, l.take) })
		switch {
		case problem != "":
			b.failf("%s", problem)
		case ctx.Err() == nil:
			b.failf("Listen ended by itself, with error %v: it must listen until its context ends", err)
		case err != nil:
			b.failf("Listen returned %q when its context ended, want nil", err)
		}
	}()
	b.onEnd(l.stop)
	return l
}

func (l *listener) take(_ context.Context, events []provider.Event) error {
	if err := l.handle(events); err != nil {
		return err
	}
	select {
	case l.handed <- events:
	default:
	}
	return nil
}

func (l *listener) stop() {
	l.cancel()
	<-l.done
}

// next returns the next n events; fewer if they do not come in time.
func (l *listener) next(n int) []provider.Event {
	late := time.After(l.pace.patience)
	var all []provider.Event
	for len(all) < n {
		select {
		case events := <-l.handed:
			all = append(all, events...)
		case <-l.done:
			return all
		case <-late:
			return all
		}
	}
	return all
}
