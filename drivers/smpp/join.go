package smpp

import (
	"fmt"
	"sync"
	"time"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
)

const (
	// joinFor is how long the other segments of an inbound message are waited for
	// before those that came are handed over by themselves.
	joinFor = 10 * time.Minute
	// maxUnfinished bounds the messages that wait for segments.
	maxUnfinished = 1000
)

// joiner collects the segments of inbound messages. Unlike segment.Joiner it
// keeps a complete message until the handler has taken it: the SMSC repeats only
// the segment that was refused.
type joiner struct {
	mu   sync.Mutex
	open map[joinKey]*unfinished
}

// joinKey is what the segments of a message have in common.
type joinKey struct {
	from, to string
	ref      uint16
	ref16    bool
	of       int
}

type unfinished struct {
	parts map[int]inboundSegment
	last  time.Time // when a segment came
}

type inboundSegment struct {
	part    segment.ReceivedSegment
	message *wire.Message
}

// add adds a segment. Complete is the event of the whole message once all of
// its segments are there; done must then be called with whether the handler took
// it.
func (j *joiner) add(m *wire.Message, p segment.ReceivedSegment, now time.Time) (complete *provider.Event, done func(taken bool)) {
	key := joinKey{m.Source.Addr, m.Dest.Addr, p.Ref, p.Ref16, p.Total}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.open == nil {
		j.open = make(map[joinKey]*unfinished)
	}
	u := j.open[key]
	if u == nil {
		u = &unfinished{parts: make(map[int]inboundSegment)}
		j.open[key] = u
	}
	u.parts[p.Number], u.last = inboundSegment{p, m}, now
	if len(u.parts) < p.Total {
		return nil, nil
	}
	event, err := u.joined(m)
	if err != nil { // the segments contradict each other
		event = rawEvent(m, err)
	}
	return &event, func(taken bool) { j.settle(key, p.Number, taken) }
}

func (u *unfinished) joined(m *wire.Message) (provider.Event, error) {
	parts := make([]segment.ReceivedSegment, 0, len(u.parts))
	for _, s := range u.parts {
		parts = append(parts, s.part)
	}
	r, err := segment.Join(parts)
	if err != nil {
		return provider.Event{}, err
	}
	return inboundEvent(m, r), nil
}

func (j *joiner) settle(key joinKey, number int, taken bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if taken {
		delete(j.open, key)
		return
	}
	if u := j.open[key]; u != nil {
		delete(u.parts, number)
	}
}

// crowded reports whether there are more unfinished messages than there may be.
func (j *joiner) crowded() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.open) > maxUnfinished
}

// expired returns the events of the segments whose others have not come in
// time, or for which there is no room; done as in add.
func (j *joiner) expired(now time.Time) (events []provider.Event, done func(taken bool)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var keys []joinKey
	for key, u := range j.open {
		if now.Sub(u.last) > joinFor || len(j.open)-len(keys) > maxUnfinished {
			keys = append(keys, key)
			events = append(events, u.apart(key)...)
		}
	}
	return events, func(taken bool) {
		if !taken {
			return
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		for _, key := range keys {
			delete(j.open, key)
		}
	}
}

// apart makes an event of each segment.
func (u *unfinished) apart(key joinKey) []provider.Event {
	var events []provider.Event
	for number, s := range u.parts {
		alone := s.part
		alone.Number, alone.Total = 1, 1
		r, err := segment.Join([]segment.ReceivedSegment{alone})
		event := inboundEvent(s.message, r)
		if err != nil {
			event = rawEvent(s.message, err)
		}
		event.Segment = &provider.EventSegment{Ref: fmt.Sprint(key.ref), Number: number, Of: key.of}
		events = append(events, event)
	}
	return events
}
