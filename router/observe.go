package router

import (
	"context"

	"github.com/anysms/anysms/provider"
)

// Observe takes a provider's delivery reports. A failure that concerns the whole
// account opens the provider's breaker. A report about a message that was sent
// through another provider after doubt shows a duplicate, which is counted and
// announced as [NoticeDuplicate]. Routes with strategy [AdaptiveOrder] follow the
// reports. Observe keeps no event.
func (r *Router) Observe(_ context.Context, name string, events ...provider.Event) error {
	u, err := r.upstream(name)
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
			u.health.whole.open()
			circuit{health: u.health}.announce(&s.observer, name)
		}
		s.learnFrom(name, e)
		if e.Ref != "" && hasIt(e.Status) && r.doubts.confirmed(e.Ref, name) {
			s.observer.duplicate(name, e.Ref)
		}
	}
	return nil
}

// hasIt reports whether a status means that the vendor accepted the message.
func hasIt(s provider.Status) bool {
	switch s {
	case provider.StatusAccepted, provider.StatusQueued, provider.StatusSent, provider.StatusDelivered:
		return true
	}
	return false
}
