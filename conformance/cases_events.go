package conformance

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/provider"
)

func eventCases() []Case {
	const source = contract + ", EventSource; the files in Replies/events name the vendor's documents"
	return []Case{
		{ID: "events.golden", Level: Must, run: eventsGolden,
			Why:    "a misread report shows undelivered messages as delivered, or the reverse",
			Source: source, Fix: "read the fields as the vendor documents them, map its statuses through a table, and hand over every event"},
		{ID: "events.refused", Level: Must, run: eventsRefused,
			Why:    "an event that is acknowledged before it is recorded is lost when the program stops",
			Source: source, Fix: "acknowledge an event after handle has returned nil, and refuse it if handle returns an error"},
		{ID: "events.one-listener", Level: Must, run: oneListener,
			Why:    "two listeners on one account each get a part of the events",
			Source: source, Fix: "return an error from a second call of Listen while the first one listens, and let a later one listen again"},
	}
}

// listening opens a provider that listens. It ends the case without the capability, or
// without event files.
func (t *trial) listening() (*bench, Pusher) {
	b := t.bench(accept)
	if !b.has(provider.HasEvents) {
		t.notApplicable("the driver has no capability events")
	}
	pusher, pushes := b.vendor.(Pusher)
	switch {
	case t.lab != nil && !pushes:
		t.unproven("the capability events is set, but vendors of the lab %s push no events", t.lab.Name())
	case len(t.pushed) == 0:
		t.unproven("the capability events is set, but Replies has no events/*.%s: what the vendor pushes", extensionOf(t.lab))
	}
	if t.lab == nil {
		return b, nil
	}
	return b, pusher
}

// push pushes an event until it is acknowledged: Listen may have been called a moment
// ago, and until it listens the driver must refuse.
func (b *bench) push(to Pusher, p pushed) {
	var got bool
	var err error
	b.eventually(b.pace.patience, func() bool {
		got, err = to.Push(b.ctx(), p.text)
		return got || err != nil
	})
	switch {
	case err != nil:
		b.failf("%s: the driver did not reply to the event: %v", p.file, err)
	case !got:
		b.failf("%s: the driver refuses the event, although handle returns nil", p.file)
	}
}

// refuse pushes an event until the driver has handed it to a handle that returns an
// error.
func (b *bench) refuse(to Pusher, p pushed, handled func() bool) {
	b.eventually(b.pace.patience, func() bool {
		got, err := to.Push(b.ctx(), p.text)
		switch {
		case err != nil:
			b.failf("%s: the driver did not reply to the event: %v", p.file, err)
		case got:
			b.failf("%s: the driver acknowledged an event for which handle returned an error", p.file)
		}
		return got || err != nil || handled()
	})
}

func eventsGolden(t *trial) {
	b, pusher := t.listening()
	l := b.listen(func([]provider.Event) error { return nil })
	defer l.stop()
	for _, p := range t.pushed {
		if pusher != nil {
			b.push(pusher, p)
		}
		t.compareEvents(p.file, l.next(len(p.events)), p.events)
	}
}

// eventsRefused refuses everything once, and holds the acknowledgement back.
func eventsRefused(t *trial) {
	b, pusher := t.listening()
	var refuse, refused, handling atomic.Bool
	refuse.Store(true)
	l := b.listen(func([]provider.Event) error {
		if refuse.Load() {
			refused.Store(true)
			refuse.Store(pusher != nil)
			return errors.New("zq: the disk is full")
		}
		handling.Store(true)
		time.Sleep(t.pace.hang / 10)
		handling.Store(false)
		return nil
	})
	defer l.stop()
	p := t.pushed[0]
	if pusher != nil {
		b.refuse(pusher, p, refused.Load)
		refuse.Store(false)
		b.push(pusher, p)
		if handling.Load() {
			t.failf("%s: the driver acknowledged the event while it was being handled", p.file)
		}
	}
	if got := l.next(len(p.events)); len(got) < len(p.events) {
		t.failf("%s: handle refused the event and was then given %d events, want %d", p.file, len(got), len(p.events))
	}
}

func oneListener(t *trial) {
	b, pusher := t.listening()
	l := b.listen(func([]provider.Event) error { return nil })
	p := t.pushed[0]
	if pusher != nil {
		b.push(pusher, p)
	}
	l.next(len(p.events)) // now it listens
	_, err := doErr(t, "a second Listen", func(context.Context) (struct{}, error) {
		ctx, cancel := context.WithTimeout(context.Background(), t.pace.hang)
		defer cancel()
		return struct{}{}, provider.Listen(ctx, b.p, func(context.Context, []provider.Event) error { return nil })
	})
	if err == nil {
		t.failf("a second Listen returned no error while the first one listened")
	}
	l.stop()
	if pusher != nil {
		again := b.listen(func([]provider.Event) error { return nil })
		defer again.stop()
		b.push(pusher, p)
	}
}
