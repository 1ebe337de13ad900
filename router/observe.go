package router

import (
	"context"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
)

// Observe feeds in what a provider reports later. A failure that concerns the
// whole account opens its breaker. A sign that it has a message which was given
// to another provider after doubt is an observed duplicate, told as
// [NoticeDuplicate] and counted. It keeps no event.
func (r *Router) Observe(_ context.Context, name string, events ...provider.Event) error {
	l, err := r.line(name)
	if err != nil {
		return err
	}
	s := r.setup.Load()
	for i := range events {
		e := &events[i]
		if e.Kind != provider.Report || s == nil {
			continue
		}
		if accountWide(e.Code) {
			l.health.whole.open()
			s.announceChanges(r, l, l.health.whole, "")
		}
		if e.Ref != "" && hasIt(e.Status) && r.doubts.confirmed(e.Ref, name) {
			r.telemetry.duplicate(name)
			s.notice(Notice{Kind: NoticeDuplicate, At: time.Now(), Provider: name, Ref: e.Ref})
		}
	}
	return nil
}

// hasIt reports whether a status means that the vendor took the message on.
func hasIt(s provider.Status) bool {
	switch s {
	case provider.StatusAccepted, provider.StatusQueued, provider.StatusSent, provider.StatusDelivered:
		return true
	}
	return false
}

// maxDoubts bounds how many messages with a possible duplicate are remembered.
const maxDoubts = 4096

// doubts remembers, for messages that went on after doubt, which providers may
// have them; the oldest are forgotten first.
type doubts struct {
	mu    sync.Mutex
	byRef map[string]map[string]bool // ref → provider → already confirmed
	order []string
}

func (d *doubts) remember(ref string, r *Result) {
	if ref == "" || !r.DuplicatePossible {
		return
	}
	in := make(map[string]bool)
	for i := range r.Attempts {
		a := &r.Attempts[i]
		if a.Outcome == provider.OutcomeUnknown || a.Reconciled && a.Outcome == provider.OutcomeNotSent {
			in[a.Provider] = false
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byRef == nil {
		d.byRef = make(map[string]map[string]bool)
	}
	if _, known := d.byRef[ref]; !known {
		d.order = append(d.order, ref)
	}
	d.byRef[ref] = in
	if len(d.order) > maxDoubts {
		delete(d.byRef, d.order[0])
		d.order = d.order[1:]
	}
}

// confirmed reports, once, that a provider in doubt has the message after all.
func (d *doubts) confirmed(ref, name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	told, inDoubt := d.byRef[ref][name]
	if !inDoubt || told {
		return false
	}
	d.byRef[ref][name] = true
	return true
}
