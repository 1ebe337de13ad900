package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
)

func TestAdaptive(t *testing.T) {
	read := func(text string) (*config.Config, error) {
		return config.Read(t.Context(), strings.NewReader("providers:\n  a: {driver: memory}\n"+text), "anysms.yaml", t.TempDir(), registry(t, nil), nil)
	}
	c, err := read(`router:
  adaptive: {min_sample: 30, window: 90, half_life: 1h, confidence: 0.9, margin: 0.1, explore: 0, floor: 0, slow: 0, max_rest: 2h}
  routes: [{name: all, strategy: adaptive, providers: [a]}]`)
	require.NoError(t, err)
	assert.Equal(t, router.Adaptive{
		MinSample: 30, Window: 90, HalfLife: time.Hour, Confidence: 0.9, Margin: 0.1, Explore: -1, Floor: -1, Slow: -1, MaxRest: 2 * time.Hour,
	}, c.Options.Adaptive)
	assert.Equal(t, router.AdaptiveOrder, c.Options.Routes[0].Strategy)

	for text, want := range map[string]string{
		"router:\n  adaptive: {min_sample: 5}":                                                           "anysms.yaml:4: router.adaptive.min_sample: 5; want 10 to 100000",
		"router:\n  adaptive:\n    margin: 0":                                                            "anysms.yaml:5: router.adaptive.margin: 0; want more than 0, or leave the key out for the default",
		"router:\n  adaptive:\n    base: weighted":                                                       `anysms.yaml:5: router.adaptive.base: "weighted"; want priority or least_cost`,
		"router:\n  routes:\n    - {strategy: best, providers: [a]}":                                     `anysms.yaml:5: router.routes[0].strategy: "best"; want priority, weighted, least_cost or adaptive`,
		"router:\n  adaptive: {base: least_cost}\n  routes:\n    - {strategy: adaptive, providers: [a]}": "anysms.yaml:6: router.routes[0].strategy: least_cost needs prices: a rate card",
	} {
		_, err := read(text)
		assert.EqualError(t, err, want, text)
	}
}
