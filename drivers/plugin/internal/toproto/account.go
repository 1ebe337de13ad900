package toproto

import (
	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
)

// Settings converts the description of a driver's configuration.
func Settings(settings []provider.Setting) []*driverv1.Setting {
	list := make([]*driverv1.Setting, len(settings))
	for i, s := range settings {
		list[i] = &driverv1.Setting{Name: Text(s.Name), Type: Text(s.Type), Doc: Text(s.Doc), Secret: s.Secret}
	}
	return list
}

// Balance is nil for nil.
func Balance(b *provider.Balance) *driverv1.Balance {
	if b == nil {
		return nil
	}
	balance := &driverv1.Balance{Available: Money(&b.Available), Reserved: Money(b.Reserved)}
	for _, p := range b.Bundles {
		balance.Bundles = append(balance.Bundles, &driverv1.Bundle{
			Name: Text(p.Name), Available: Money(&p.Available), Total: Money(&p.Total), Ends: Time(p.Ends),
		})
	}
	return balance
}

// Quote is nil for nil.
func Quote(q *provider.Quote) *driverv1.Quote {
	if q == nil {
		return nil
	}
	return &driverv1.Quote{Segments: count(q.Segments), Encoding: Text(q.Encoding), Cost: Money(q.Cost)}
}
