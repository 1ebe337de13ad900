package router_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/router"
)

// three routes over three providers, with breaker, limiter and trail.
func benchRouter(b *testing.B, validation router.Validation) *router.Router {
	b.Helper()
	var ps []router.Upstream
	var targets []router.Target
	for i := range 3 {
		name := fmt.Sprintf("p%d", i)
		ps = append(ps, router.Upstream{Name: name, Provider: vendor(b, memory.Config{Ledger: -1}), RateLimit: 1e9})
		targets = append(targets, router.Target{Name: name})
	}
	return open(b, ps, &router.Options{Validation: validation, Routes: []router.Route{
		{Match: router.Match{Classes: []provider.Class{provider.OTP}}, Targets: targets},
		{Match: router.Match{Prefixes: []string{"49", "33"}}, Targets: targets},
		{Targets: targets},
	}})
}

func BenchmarkSend(b *testing.B) {
	for _, v := range []router.Validation{router.Shape, router.Strict} {
		b.Run(string(v), func(b *testing.B) {
			r, m := benchRouter(b, v), text("Your parcel will be delivered today between 9 and 11.")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Send(context.Background(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestSendAllocations holds the benchmark's allocations.
func TestSendAllocations(t *testing.T) {
	a := vendor(t, memory.Config{Ledger: -1})
	r := open(t, []router.Upstream{{Name: "a", Provider: a, RateLimit: 1e9}, {Name: "b", Provider: a}}, &router.Options{Validation: router.Shape})
	m := text("Your parcel will be delivered today between 9 and 11.")
	n := testing.AllocsPerRun(200, func() {
		_, err := r.Send(context.Background(), m)
		require.NoError(t, err)
	})
	require.LessOrEqual(t, n, 15.0)

	r = open(t, []router.Upstream{{Name: "a", Provider: a, RateLimit: 1e9}, {Name: "b", Provider: a}}, &router.Options{
		Validation: router.Shape, Routes: []router.Route{{Strategy: router.AdaptiveOrder, Targets: []router.Target{{Name: "a"}, {Name: "b"}}}},
	})
	n = testing.AllocsPerRun(200, func() {
		_, err := r.Send(context.Background(), m)
		require.NoError(t, err)
	})
	require.LessOrEqual(t, n, 16.0, "with the adaptive strategy")
}

// BenchmarkLoopback shows the router's share of a send over one HTTP provider on
// loopback: by the driver alone, and through the router.
func BenchmarkLoopback(b *testing.B) {
	server := phonifytest.NewServer(phonifytest.Options{})
	b.Cleanup(server.Close)
	p, err := phonify.New(phonify.Config{Config: httpcall.Config{BaseURL: server.URL}, APIKey: phonifytest.APIKey})
	require.NoError(b, err)
	r, m := open(b, []router.Upstream{{Name: "usa", Provider: p}}, &router.Options{Validation: router.Shape}), text("Your parcel is here.")
	ways := map[string]func() error{
		"driver": func() error { _, err := p.Send(context.Background(), m); return err },
		"router": func() error { _, err := r.Send(context.Background(), m); return err },
	}
	for _, way := range []string{"driver", "router", "driver again"} {
		send := ways[strings.TrimSuffix(way, " again")]
		b.Run(way, func(b *testing.B) {
			for b.Loop() {
				if err := send(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
