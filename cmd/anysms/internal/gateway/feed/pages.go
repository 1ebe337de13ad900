package feed

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/anysms/anysms/router/ledger"
)

const (
	// streamPage is how many changes a stream reads at once. A client that does not read
	// holds no more of them than that.
	streamPage = 50
	// maxPages is how many pages are kept for other streams, and pageLife for how long:
	// texts that are erased are soon gone here too.
	maxPages    = 64
	pageLife    = time.Second
	readTimeout = 10 * time.Second
)

// told is a change as streams write it.
type told struct {
	seq       int64
	namespace string
	frame     []byte // nil = the message was deleted
}

// pages are the parts of the feed that streams have read lately. Most streams are at the
// same place, and read and encode it once for all of them.
type pages struct {
	mu   sync.Mutex
	list map[int64]*page // by the change that they come after
}

// page is a part of the feed, once it was read.
type page struct {
	made time.Time
	once sync.Once
	list []told
	err  error
}

// at returns the page after a change, which may have been read before.
func (p *pages) at(after int64, now time.Time) *page {
	p.mu.Lock()
	defer p.mu.Unlock()
	for seq, old := range p.list {
		if now.Sub(old.made) > pageLife {
			delete(p.list, seq)
		}
	}
	if known := p.list[after]; known != nil {
		return known
	}
	fresh := &page{made: now}
	if len(p.list) < maxPages {
		if p.list == nil {
			p.list = make(map[int64]*page)
		}
		p.list[after] = fresh
	}
	return fresh
}

// forget lets the next stream read a page again.
func (p *pages) forget(after int64, empty *page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.list[after] == empty {
		delete(p.list, after)
	}
}

// told returns what comes after a change; nothing = no more has happened yet.
func (s *Source) told(ctx context.Context, after int64) ([]told, error) {
	if end, _ := s.End(); after >= end {
		return nil, nil
	}
	p := s.pages.at(after, time.Now())
	p.once.Do(func() {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout) // it is not for this client alone, who may go away
		defer cancel()
		p.list, p.err = encodeAll(s.ledger.Feed(own, after, streamPage))
	})
	if len(p.list) == 0 {
		s.pages.forget(after, p)
	}
	return p.list, p.err
}

func encodeAll(list []ledger.Change, err error) ([]told, error) {
	all := make([]told, len(list))
	for i := range list {
		c := &list[i]
		all[i] = told{seq: c.Seq, namespace: c.Namespace}
		if body := encode(c); body != nil {
			all[i].frame = fmt.Appendf(nil, "id: %d\nevent: %s\ndata: %s\n\n", c.Seq, c.Type, body)
		}
	}
	return all, err
}
