package segment

import "time"

// The defaults of a Joiner.
const (
	DefaultTimeout     = 24 * time.Hour
	DefaultMaxMessages = 1000
)

// Joiner reassembles received messages. Their segments may arrive in any order, more
// than once, late or never, interleaved with those of other messages. The zero value
// is ready to use. A Joiner is not safe for concurrent use.
//
// Segments belong together if they have the same sender, reference, width of the
// reference and total. Senders reuse references: a segment that differs from an earlier
// one with the same number starts a new message, and the unfinished one is dropped.
type Joiner struct {
	// Timeout is how long an unfinished message waits for its next segment; 0 =
	// DefaultTimeout.
	Timeout time.Duration
	// MaxMessages bounds the number of unfinished messages; 0 =
	// DefaultMaxMessages. One more drops the one that has waited longest. Each has
	// at most 255 segments of 140 octets.
	MaxMessages int
	// OnDrop, if set, is called with each unfinished message that is dropped, so
	// that its segments are not lost.
	OnDrop func(Unfinished)

	pending map[pendingKey]*pending
	order   queue
	scratch []byte
}

// Unfinished is a message that was dropped before all of its segments arrived.
type Unfinished struct {
	From     string
	Segments []ReceivedSegment // those that arrived, in order of their numbers
	Total    int
}

type pendingKey struct {
	from string
	messageKey
}

// pending is an unfinished message.
type pending struct {
	key   pendingKey
	last  time.Time         // arrival of the latest new segment
	slots []ReceivedSegment // by number; Number is 0 if not arrived
	data  []byte            // the Data of the segments
	count int

	prev, next *pending // in the queue
}

// Add adds a segment that arrived from a sender at a time, and returns the message if it
// is complete. It copies the segment's Data. Messages that have waited longer than
// Timeout are dropped first. The error is a *UserDataError for a segment with an invalid
// number or length.
func (j *Joiner) Add(from string, p ReceivedSegment, now time.Time) (m ReceivedMessage, complete bool, err error) {
	j.Expire(now)
	if p.Number < 1 || p.Number > p.Total || p.Total > MaxSegments {
		return m, false, &UserDataError{"segment number is not between 1 and the total"}
	}
	if len(p.Data) > maxOctets {
		return m, false, &UserDataError{"user data is longer than a segment"}
	}
	if p.Total == 1 {
		parts := [1]ReceivedSegment{p}
		m, j.scratch = decode(j.scratch, parts[:])
		return m, true, nil
	}
	entry := j.find(pendingKey{from, p.key()}, &p)
	slot := &entry.slots[p.Number-1]
	if slot.Number != 0 {
		return m, false, nil // a duplicate
	}
	start := len(entry.data)
	entry.data = append(entry.data, p.Data...)
	*slot = p
	slot.Data = entry.data[start:]
	if entry.count++; entry.count < p.Total {
		entry.last = now
		j.order.remove(entry)
		j.order.push(entry)
		return m, false, nil
	}
	m, j.scratch = decode(j.scratch, entry.slots)
	j.remove(entry)
	return m, true, nil
}

// find returns the unfinished message that the segment belongs to, or a new one.
func (j *Joiner) find(key pendingKey, p *ReceivedSegment) *pending {
	if entry, ok := j.pending[key]; ok {
		if slot := &entry.slots[p.Number-1]; slot.Number == 0 || slot.same(p) {
			return entry
		}
		j.drop(entry)
	}
	if j.pending == nil {
		j.pending = make(map[pendingKey]*pending)
	}
	for len(j.pending) >= j.maxMessages() {
		j.drop(j.order.front)
	}
	entry := &pending{key: key, slots: make([]ReceivedSegment, p.Total), data: make([]byte, 0, p.Total*maxOctets)}
	j.pending[key] = entry
	j.order.push(entry)
	return entry
}

// same reports whether two segments have the same content.
func (p *ReceivedSegment) same(q *ReceivedSegment) bool {
	return p.Encoding == q.Encoding && p.Tables == q.Tables && p.Septets == q.Septets && string(p.Data) == string(q.Data)
}

// Expire drops the messages that have waited longer than Timeout. Add does so too;
// Expire is for programs that want to know of them when no segments arrive.
func (j *Joiner) Expire(now time.Time) {
	timeout := j.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	for e := j.order.front; e != nil && now.Sub(e.last) > timeout; e = j.order.front {
		j.drop(e)
	}
}

// Len returns the number of unfinished messages.
func (j *Joiner) Len() int { return len(j.pending) }

func (j *Joiner) maxMessages() int {
	if j.MaxMessages <= 0 {
		return DefaultMaxMessages
	}
	return j.MaxMessages
}

func (j *Joiner) remove(entry *pending) {
	delete(j.pending, entry.key)
	j.order.remove(entry)
}

// drop drops an unfinished message.
func (j *Joiner) drop(entry *pending) {
	j.remove(entry)
	if j.OnDrop == nil {
		return
	}
	u := Unfinished{From: entry.key.from, Total: entry.key.total}
	for _, p := range entry.slots {
		if p.Number != 0 {
			u.Segments = append(u.Segments, p)
		}
	}
	j.OnDrop(u)
}

// queue is a list of unfinished messages, the one that has waited longest first. The
// links are in the messages, which saves an allocation.
type queue struct {
	front, back *pending
}

func (q *queue) push(p *pending) {
	p.prev, p.next = q.back, nil
	if q.back == nil {
		q.front = p
	} else {
		q.back.next = p
	}
	q.back = p
}

func (q *queue) remove(p *pending) {
	if p.prev == nil {
		q.front = p.next
	} else {
		p.prev.next = p.next
	}
	if p.next == nil {
		q.back = p.prev
	} else {
		p.next.prev = p.prev
	}
}
