package router_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// able is a vendor with some of the memory driver's capabilities.
type able struct {
	*memory.Provider
	features provider.Feature
}

func (a able) Capabilities() provider.Capabilities {
	caps := a.Provider.Capabilities()
	caps.Features &= a.features
	if a.features&provider.HasBatch == 0 {
		caps.MaxBatch, caps.BatchRules = 0, nil
	}
	if a.features&provider.HasFind == 0 {
		caps.FindSettles = 0
	}
	return caps
}

// A batch of one message is none.
func TestWarningsOfBatches(t *testing.T) {
	for most, want := range map[int][]router.Warning{
		1: {{Path: "providers.a.batch", Reason: "the provider has no batches"}}, 2: nil,
	} {
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{MaxBatch: most}), Batch: 5}}, nil)
		assert.Equal(t, want, r.Warnings())
	}
}

func TestWarningsOfNetworks(t *testing.T) {
	o := &router.Options{Routes: []router.Route{{Match: router.Match{MCCMNC: []string{"20201"}}, Targets: []router.Target{{Name: "a"}}}}}
	upstreams := []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}
	assert.Equal(t, []router.Warning{{Path: "routes[0].match.mccmnc", Reason: "no message reaches this route: Options.Network is not set"}}, open(t, upstreams, o).Warnings())
	o.Network = func(e164.Number) string { return "" }
	assert.Empty(t, open(t, upstreams, o).Warnings())
}

func TestWarnings(t *testing.T) {
	const all = ^provider.Feature(0)
	warnings := func(u router.Upstream, features provider.Feature, o router.Options) (list []string) {
		u.Name, u.Provider = "a", able{vendor(t, memory.Config{MaxBatch: 10}), features}
		b := router.Upstream{Name: "b", Provider: vendor(t, memory.Config{})}
		r := open(t, []router.Upstream{u, b}, &o)
		for _, w := range r.Warnings() {
			list = append(list, w.Path+" "+w.Reason)
		}
		return list
	}
	both := []router.Target{{Name: "a"}, {Name: "b"}}
	one := func(route router.Route) router.Options { return router.Options{Routes: []router.Route{route}} }
	matching := func(earlier, later router.Match) router.Options {
		return router.Options{Routes: []router.Route{
			{Name: "x", Match: earlier, Targets: both}, {Name: "y", Match: later, Targets: both},
		}}
	}
	unreached := []string{`routes[1] no message reaches this route: route "x" (routes[0]) comes first and matches all of its messages`}
	countries := func(list ...string) router.Match { return router.Match{Countries: list} }
	prefixes := func(list ...string) router.Match { return router.Match{Prefixes: list} }
	for name, tt := range map[string]struct {
		upstream router.Upstream
		features provider.Feature
		options  router.Options
		want     []string
	}{
		"nothing":                         {router.Upstream{}, all, router.Options{}, nil},
		"no lookup":                       {router.Upstream{}, all &^ provider.HasFind, one(router.Route{Name: "x", Targets: both, Delivery: provider.Reconcile}), []string{"routes[0].providers[0] a cannot look up messages: reconcile acts as at_most_once there"}},
		"no lookup needed":                {router.Upstream{}, all &^ provider.HasFind, one(router.Route{Name: "x", Targets: both}), nil},
		"a lookup":                        {router.Upstream{}, all, one(router.Route{Name: "x", Targets: both, Delivery: provider.Reconcile}), nil},
		"no sender of a target":           {router.Upstream{}, all &^ provider.CanChooseSender, one(router.Route{Name: "x", Targets: []router.Target{{Name: "a", Sender: "Shop"}, {Name: "b"}}}), []string{"routes[0].providers[0].sender a cannot set the sender"}},
		"a sender of a target":            {router.Upstream{}, all, one(router.Route{Name: "x", Targets: []router.Target{{Name: "a", Sender: "Shop"}, {Name: "b"}}}), nil},
		"the vendor's sender of a target": {router.Upstream{}, all &^ provider.CanChooseSender, one(router.Route{Name: "x", Targets: []router.Target{{Name: "a", Sender: router.VendorSender}, {Name: "b"}}}), nil},
		"no sender":                       {router.Upstream{Sender: "Shop"}, all &^ provider.CanChooseSender, router.Options{}, []string{"providers.a.sender the provider cannot set the sender"}},
		"a sender":                        {router.Upstream{Sender: "Shop"}, all, router.Options{}, nil},
		"no batches":                      {router.Upstream{Batch: 5}, all &^ provider.HasBatch, router.Options{}, []string{"providers.a.batch the provider has no batches"}},
		"no batches asked for":            {router.Upstream{}, all &^ provider.HasBatch, router.Options{}, nil},
		"batches":                         {router.Upstream{Batch: 5}, all, router.Options{}, nil},
		"validity":                        {router.Upstream{IgnoreValidity: true}, all, router.Options{}, []string{"providers.a.validity has no effect: the provider can limit the validity"}},
		"no validity":                     {router.Upstream{IgnoreValidity: true}, all &^ provider.CanSetValidity, router.Options{}, nil},
		"no route":                        {router.Upstream{}, all, one(router.Route{Name: "x", Targets: both[1:]}), []string{"providers.a is on no route"}},
		"a weight":                        {router.Upstream{}, all, one(router.Route{Name: "x", Targets: []router.Target{{Name: "a", Weight: 1}, {Name: "b"}}}), []string{"routes[0].providers[0].weight has no effect under strategy priority"}},
		"a single one":                    {router.Upstream{}, all, router.Options{Routes: []router.Route{{Name: "x", Match: countries("GR"), Targets: both}, {Name: "y", Targets: both[1:], Delivery: provider.AtLeastOnce}}}, []string{"routes[1].providers has a single provider: at_least_once has no next one to go on to"}},
		"the same countries":              {router.Upstream{}, all, matching(countries("GR", "FR"), countries("FR")), unreached},
		"another country":                 {router.Upstream{}, all, matching(countries("GR", "FR"), countries("FR", "IT")), nil},
		"all countries after some":        {router.Upstream{}, all, matching(countries("GR"), countries()), nil},
		"some countries after all":        {router.Upstream{}, all, matching(countries(), countries("GR")), unreached},
		"a longer prefix":                 {router.Upstream{}, all, matching(prefixes("30"), prefixes("3069", "302")), unreached},
		"a shorter prefix":                {router.Upstream{}, all, matching(prefixes("3069"), prefixes("30")), nil},
		"one longer prefix":               {router.Upstream{}, all, matching(prefixes("3069"), prefixes("30691", "302")), nil},
		"all prefixes after some":         {router.Upstream{}, all, matching(prefixes("30"), prefixes()), nil},
		"no class is transactional":       {router.Upstream{}, all, matching(router.Match{Classes: []provider.Class{provider.Transactional}}, router.Match{Classes: []provider.Class{""}}), unreached},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, warnings(tt.upstream, tt.features, tt.options))
		})
	}
}
