package router

import (
	"context"

	"github.com/anysms/anysms/provider"
)

// Observe feeds in what a provider reports later. A failure that concerns the
// whole account opens its breaker. A sign that it has a message which was given
// to another provider after doubt is an observed duplicate, told as
// [NoticeDuplicate] and counted. It keeps no event.
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
			s.observer.breakers(name, u.health.circuit(""))
		}
		if e.Ref != "" && hasIt(e.Status) && r.doubts.confirmed(e.Ref, name) {
			s.observer.duplicate(name, e.Ref)
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
