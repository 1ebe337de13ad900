package router_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// The least and the greatest value of each setting are allowed.
func TestExtremeOptions(t *testing.T) {
	for name, o := range map[string]router.Options{
		"most": {
			MaxSegments: 255, AttemptBudget: 1000,
			Retry:    router.Retry{MaxAttempts: 100, Jitter: 1},
			Breaker:  router.Breaker{Ratio: 1, Jitter: 1, HalfOpen: 1000},
			Adaptive: router.Adaptive{MinSample: 100_000, Confidence: 0.999, Margin: 1, Explore: 0.5, Floor: 1},
		},
		"least": {
			MaxSegments: 1, AttemptBudget: 1, OTPExpiry: 1, Concurrency: 1,
			Retry:    router.Retry{MaxAttempts: 1, Multiplier: 1, Initial: 1, Max: 1, MaxPark: 1},
			Breaker:  router.Breaker{Failures: 1, MinVolume: 1, HalfOpen: 1, OpenFor: 1, Window: 10},
			Adaptive: router.Adaptive{MinSample: 10, Window: 20, Confidence: 0.5, Slow: 1.5, HalfLife: 1, MaxRest: 1},
		},
		"off": {
			Retry: router.Retry{Jitter: -1}, Breaker: router.Breaker{Ratio: -1, Jitter: -1},
			Adaptive: router.Adaptive{Floor: -1, Slow: -1, Explore: -1},
		},
	} {
		for _, onError := range []router.FailureMode{"", router.FailOpen, router.FailClosed} {
			line := router.Upstream{Name: "a", Provider: vendor(t, memory.Config{}), LimiterOnError: onError, Timeout: 1, ConnectTimeout: 1}
			_, err := router.New([]router.Upstream{line}, &o)
			require.NoError(t, err, name)
		}
	}
}

// What is just beyond them is not.
func TestOptionsBeyondTheExtremes(t *testing.T) {
	for want, o := range map[string]router.Options{
		"breaker.window: 9ns; want a duration such as 60s":                               {Breaker: router.Breaker{Window: 9}},
		"breaker.half_open: 1001; want at most 1000":                                     {Breaker: router.Breaker{HalfOpen: 1001}},
		"attempt_budget: 1001; want at most 1000":                                        {AttemptBudget: 1001},
		"retry.max_attempts: 101; want at most 100":                                      {Retry: router.Retry{MaxAttempts: 101}},
		"adaptive.min_sample: 100001; want 10 to 100000":                                 {Adaptive: router.Adaptive{MinSample: 100_001}},
		"adaptive.window: 19; want at least 20, twice min_sample":                        {Adaptive: router.Adaptive{MinSample: 10, Window: 19}},
		"adaptive.confidence: 0.49; want 0.5 to 0.999":                                   {Adaptive: router.Adaptive{Confidence: 0.49}},
		"adaptive.margin: 1.01; want at most 1":                                          {Adaptive: router.Adaptive{Margin: 1.01}},
		"adaptive.explore: 1.02; want at most 1":                                         {Adaptive: router.Adaptive{Explore: 0.51}},
		"adaptive.slow: 1.49; want at least 1.5":                                         {Adaptive: router.Adaptive{Slow: 1.49}},
		"failover_on: \"no_route\"; want invalid_recipient, invalid_message or rejected": {FailoverOn: []provider.Code{provider.NoRoute}},
	} {
		_, err := router.New([]router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &o)
		require.EqualError(t, err, want)
	}
	_, err := router.New([]router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{}), LimiterOnError: "stop"}}, nil)
	require.EqualError(t, err, `providers.a.LimiterOnError: "stop"; want refuse or send`)
}

func TestWrongRoutes(t *testing.T) {
	a := router.Target{Name: "a"}
	for want, route := range map[string]router.Route{
		`routes[0].strategy: "random"; want priority, weighted, least_cost or adaptive`:          {Strategy: "random", Targets: []router.Target{a}},
		`routes[0].providers: must not be empty; want names of providers`:                        {},
		`routes[0].providers[1]: unknown provider "b"; the providers are: a`:                     {Targets: []router.Target{a, {Name: "b"}}},
		`routes[0].providers[1]: provider "a" is listed twice`:                                   {Targets: []router.Target{a, a}},
		`routes[0].providers[0].weight: -1; want at least 1`:                                     {Targets: []router.Target{{Name: "a", Weight: -1}}},
		`routes[0].providers[0].sender: an alphanumeric sender has at most 11 characters`:        {Targets: []router.Target{{Name: "a", Sender: "far too long a name"}}},
		`routes[0].match.countries: unknown country "XX"; want an ISO 3166 code such as GR`:      {Targets: []router.Target{a}, Match: router.Match{Countries: []string{"XX"}}},
		`routes[0].match.countries: unknown country ""; want an ISO 3166 code such as GR`:        {Targets: []router.Target{a}, Match: router.Match{Countries: []string{"GR", ""}}},
		`routes[0].match.prefixes: ""; want digits without a plus sign, such as 3069`:            {Targets: []router.Target{a}, Match: router.Match{Prefixes: []string{""}}},
		`routes[0].match.prefixes: "+30"; want digits without a plus sign, such as 3069`:         {Targets: []router.Target{a}, Match: router.Match{Prefixes: []string{"30", "+30"}}},
		`routes[0].match.classes: unknown class "news"; want otp, transactional or marketing`:    {Targets: []router.Target{a}, Match: router.Match{Classes: []provider.Class{"news"}}},
		`routes[0].delivery: "once"; want at_most_once, reconcile or at_least_once`:              {Targets: []router.Target{a}, Delivery: "once"},
		`routes[0].failover_on: "no_route"; want invalid_recipient, invalid_message or rejected`: {Targets: []router.Target{a}, FailoverOn: []provider.Code{provider.NoRoute}},
	} {
		_, err := router.New([]router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{Routes: []router.Route{route}})
		assert.ErrorContains(t, err, want)
	}
}
