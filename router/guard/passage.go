package guard

import (
	"sync"
	"time"

	"github.com/anysms/anysms/router"
)

// passage is one message on its way through the rules.
type passage struct {
	*router.Admission
	traits traits
	now    time.Time
	digits string // of the recipient

	charges []Charge
	meters  []meter // whose charge it is
	buf     []byte  // the names of the counters
	ends    []int   // where each name ends in buf
	scratch []byte  // for a text that is hashed

	id       string
	reserved bool // the charges are this passage's
	held     bool // an earlier Send of the message has reserved
}

var passages = sync.Pool{New: func() any { return new(passage) }}

func newPassage(a *router.Admission, now time.Time) *passage {
	p := passages.Get().(*passage)
	*p = passage{
		Admission: a, traits: traitsOf(a.Message, a.Country, a.Client), now: now, digits: a.Message.To.Digits(),
		charges: p.charges[:0], meters: p.meters[:0], buf: p.buf[:0], ends: p.ends[:0], scratch: p.scratch[:0],
	}
	if a.ID != "" {
		p.id = a.Client + "\x00" + a.ID
	}
	return p
}

// free ends the passage. Nothing may use it afterwards.
func (p *passage) free() {
	p.Admission = nil
	passages.Put(p)
}

// charge adds a charge to the counter that name completes.
func (p *passage) charge(m meter, c Charge, name ...string) {
	for _, part := range name {
		p.buf = append(p.buf, part...)
		p.buf = append(p.buf, 0)
	}
	p.ends = append(p.ends, len(p.buf))
	p.charges, p.meters = append(p.charges, c), append(p.meters, m)
}

// extend adds to the name of the charge that was added last.
func (p *passage) extend(part []byte) {
	p.buf = append(p.buf, part...)
	p.ends[len(p.ends)-1] = len(p.buf)
}

// name sets the keys of all charges, which share one string.
func (p *passage) name() {
	all, from := string(p.buf), 0
	for i, to := range p.ends {
		p.charges[i].Key = all[from:to]
		from = to
	}
}
