package page

import (
	"net/http"
	"slices"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/api"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// providerList is the view of providers.
type providerList struct {
	Items       []providerCard
	Pending     bool // the figures of today are still being summed up
	MayOverride bool
}

// providerCard is a provider with what it did today.
type providerCard struct {
	api.Provider
	State     string // one word for all of its state
	Day       figures
	Callbacks Callbacks
}

// Callbacks says where a vendor reports.
type Callbacks struct {
	Used bool // the driver reads callbacks
	// URL has the token in it, and is shown to whoever may take providers out of use; "" =
	// nobody knows the gateway's public address.
	URL   string
	Asked bool // the vendor is given the URL with each message; else it is entered there
}

// figures sum up attempts.
type figures struct {
	Attempts, Accepted, Delivered, Failed, Unknown int
	Latency                                        time.Duration // mean of an attempt
	Costs                                          costs

	spent time.Duration
}

func (f *figures) add(s *ledger.Stat) {
	f.Attempts += s.Attempts
	f.Accepted += s.Accepted
	f.Delivered += s.Delivered
	f.Failed += s.Failed
	f.Unknown += s.Unknown
	f.spent += s.Latency * time.Duration(s.Attempts-s.UnderWay)
	if f.Attempts > 0 {
		f.Latency = f.spent / time.Duration(f.Attempts)
	}
	f.Costs.add(s)
}

// Reported reports whether there is a delivery rate.
func (f figures) Reported() bool { return f.Delivered+f.Failed > 0 }

// Rate is the share of delivered messages among those with a final report.
func (f figures) Rate() float64 {
	return ledger.Stat{Delivered: f.Delivered, Failed: f.Failed}.DeliveryRate()
}

// costs are sums by currency.
type costs struct {
	Sums      []provider.Money
	Estimated bool // some of it is ours, by a rate card
}

func (c *costs) add(s *ledger.Stat) {
	for _, m := range s.Charged {
		c.sum(m)
	}
	for _, m := range s.Estimated {
		c.sum(m)
		c.Estimated = true
	}
}

func (c *costs) sum(m provider.Money) {
	if i := slices.IndexFunc(c.Sums, func(o provider.Money) bool { return o.Currency == m.Currency }); i >= 0 {
		c.Sums[i].Micros += m.Micros
		return
	}
	c.Sums = append(c.Sums, m)
	slices.SortFunc(c.Sums, func(a, b provider.Money) int {
		if a.Currency < b.Currency {
			return -1
		}
		return 1
	})
}

func (p *Page) showProviders(v *visit) {
	now := p.Now().UTC()
	stats, taken, err := p.statsSince(v, now.Truncate(24*time.Hour))
	if err != nil {
		p.broken(v, err)
		return
	}
	view := providerList{Pending: taken.IsZero(), MayOverride: v.may(settings.ScopeAdmin)}
	p.soon(v, view.Pending)
	for _, one := range p.Providers() {
		card := providerCard{Provider: one, State: stateOf(&one)}
		for i := range stats {
			if stats[i].Provider == one.Name {
				card.Day.add(&stats[i])
			}
		}
		if p.Callbacks != nil && view.MayOverride {
			if card.Callbacks, err = p.Callbacks(v.Context(), one.Name); err != nil {
				p.broken(v, err)
				return
			}
		}
		view.Items = append(view.Items, card)
	}
	p.show(v, http.StatusOK, "providers", "Providers", view.html(v))
}

// stateOf is one word for a provider's state.
func stateOf(p *api.Provider) string {
	switch {
	case p.Override == router.OverrideOut:
		return "out"
	case p.Override != router.OverrideIn && p.Breaker == router.BreakerOpen:
		return "open"
	case p.Override != router.OverrideIn && !p.Healthy:
		return "paused"
	case p.Override != router.OverrideIn && p.Breaker == router.BreakerHalfOpen:
		return "half_open"
	}
	return "ok"
}

func (p *Page) override(v *visit) {
	mode := router.Override(v.PostFormValue("mode"))
	switch mode {
	case router.OverrideAuto, router.OverrideIn, router.OverrideOut:
	default:
		p.fail(v, http.StatusBadRequest, "A provider is switched to in, out or auto.")
		return
	}
	name := v.PathValue("name")
	if err := p.SetOverride(name, mode); err != nil {
		p.fail(v, http.StatusNotFound, "There is no such provider.")
		return
	}
	p.Log.Info("a provider was switched by hand", "key", v.client.Name, "provider", name, "override", string(mode))
	p.done(v, "/providers?done=override")
}
