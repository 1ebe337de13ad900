package router_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/sony/gobreaker/v2"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// three routes over three providers, with breaker, limiter and trail.
func benchRouter(b *testing.B, validation router.Validation) *router.Router {
	b.Helper()
	var ps []router.Provider
	var targets []router.Target
	for i := range 3 {
		name := fmt.Sprintf("p%d", i)
		ps = append(ps, router.Provider{Name: name, Provider: vendor(b, memory.Config{Ledger: -1}), RateLimit: 1e9})
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

// TestSendAllocations is the gate of the benchmark.
func TestSendAllocations(t *testing.T) {
	a := vendor(t, memory.Config{Ledger: -1})
	r := open(t, []router.Provider{{Name: "a", Provider: a, RateLimit: 1e9}, {Name: "b", Provider: a}}, &router.Options{Validation: router.Shape})
	m := text("Your parcel will be delivered today between 9 and 11.")
	n := testing.AllocsPerRun(200, func() {
		_, err := r.Send(context.Background(), m)
		require.NoError(t, err)
	})
	require.LessOrEqual(t, n, 15.0)
}

// BenchmarkBreaker is the reference for the breaker's part of a send.
func BenchmarkBreaker(b *testing.B) {
	cb := gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{Interval: 60e9, BucketPeriod: 6e9})
	for b.Loop() {
		done, err := cb.Allow()
		if err != nil {
			b.Fatal(err)
		}
		done(nil)
	}
}
