package router_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

func TestNegativeIsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a, RateLimit: -1, SegmentRate: -1, MaxInFlight: -1, Batch: -1}}, &router.Options{
			Retry: once, Breaker: router.Breaker{Ratio: -1},
		})
		began := time.Now()
		for range 50 {
			a.Script(memory.Answer{}, code(provider.Unavailable))
			_, err := r.Send(t.Context(), text("x"))
			require.NoError(t, err)
			_, err = r.Send(t.Context(), text("x"))
			require.ErrorIs(t, err, provider.Unavailable, "the breaker never opens at a steady half")
		}
		assert.Equal(t, router.BreakerClosed, r.States()[0].Breaker)
		assert.Zero(t, time.Since(began), "nothing is limited")
	})
}

func TestWrongOptions(t *testing.T) {
	tests := []struct {
		opts router.Options
		line router.Upstream
		want string
	}{
		{opts: router.Options{MaxSegments: -1}, want: "max_segments: -1; want more than 0"},
		{opts: router.Options{MaxSegments: 256}, want: "max_segments: 256; want at most 255"},
		{opts: router.Options{AttemptBudget: -1}, want: "attempt_budget: -1"},
		{opts: router.Options{OTPExpiry: -time.Second}, want: "otp_expiry: -1s; want more than 0"},
		{opts: router.Options{Retry: router.Retry{MaxAttempts: -1}}, want: "retry.max_attempts: -1"},
		{opts: router.Options{Retry: router.Retry{Multiplier: 0.5}}, want: "retry.multiplier: 0.5; want at least 1"},
		{opts: router.Options{Retry: router.Retry{Jitter: 2}}, want: "retry.jitter: 2; want at most 1"},
		{opts: router.Options{Breaker: router.Breaker{Ratio: 1.5}}, want: "breaker.ratio: 1.5; want at most 1"},
		{opts: router.Options{Breaker: router.Breaker{Failures: -1}}, want: "breaker.failures: -1"},
		{opts: router.Options{StoreOptions: router.StoreOptions{Keep: -1}}, want: "store.keep: -1ns"},
		{line: router.Upstream{Timeout: -1}, want: "providers.a.timeout: -1ns; want more than 0"},
		{line: router.Upstream{Sender: "far too long a name"}, want: "providers.a.sender: an alphanumeric sender has at most 11 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			tt.line.Name, tt.line.Provider = "a", vendor(t, memory.Config{})
			_, err := router.New([]router.Upstream{tt.line}, &tt.opts)
			var wrong *provider.ConfigError
			require.ErrorAs(t, err, &wrong)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}
