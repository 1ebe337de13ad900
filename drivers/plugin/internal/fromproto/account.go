package fromproto

import (
	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
)

// Settings reads a driver's own description of its configuration.
func Settings(settings []*driverv1.Setting) []provider.Setting {
	list := make([]provider.Setting, len(settings))
	for i, s := range settings {
		list[i] = provider.Setting{Name: s.GetName(), Type: s.GetType(), Doc: s.GetDoc(), Secret: s.GetSecret()}
	}
	return list
}

// Balance is false if the plugin did not say what is available.
func Balance(b *driverv1.Balance) (*provider.Balance, bool) {
	available := Money(b.GetAvailable())
	if available == nil {
		return nil, false
	}
	balance := &provider.Balance{Available: *available, Reserved: Money(b.GetReserved())}
	for _, p := range b.GetBundles() {
		plan := provider.Bundle{Name: p.GetName(), Ends: Time(p.GetEnds())}
		if m := Money(p.GetAvailable()); m != nil {
			plan.Available = *m
		}
		if m := Money(p.GetTotal()); m != nil {
			plan.Total = *m
		}
		balance.Bundles = append(balance.Bundles, plan)
	}
	return balance, true
}

// Quote is nil for nil.
func Quote(q *driverv1.Quote) *provider.Quote {
	if q == nil {
		return nil
	}
	return &provider.Quote{Segments: count(q.GetSegments()), Encoding: q.GetEncoding(), Cost: Money(q.GetCost())}
}
