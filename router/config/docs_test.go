package config_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/otp"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// documented reads the configuration in a page.
func documented(t *testing.T, page string) *config.Config {
	t.Helper()
	source, err := os.ReadFile("../../docs/" + page)
	require.NoError(t, err)
	block := yamlBlock.FindSubmatch(source)
	require.NotNil(t, block)
	text := "providers: {athens: {driver: memory}, usa: {driver: memory}}\n" + string(block[1])
	c, err := config.Read(t.Context(), strings.NewReader(text), page, t.TempDir(), registry(t, nil), nil)
	require.NoError(t, err)
	return c
}

// The pages name every setting and its default.
func TestDocumentedSettings(t *testing.T) {
	assert.Equal(t, otp.Config{
		Length: 6, TTL: 5 * time.Minute, Tries: 5, Resends: 3, Text: otp.DefaultText, Domain: "example.com", MaxSegments: 1,
		NumberSends: 5, NumberTries: 10, NumberWindow: time.Hour,
	}, documented(t, "otp.md").OTP.Config)
	assert.Equal(t, router.Adaptive{
		Base: router.Priority, MinSample: 50, Window: 200, HalfLife: 6 * time.Hour, Confidence: 0.98, Margin: 0.05,
		Explore: 0.05, Floor: 0.5, Slow: 4, MaxRest: 24 * time.Hour,
	}, documented(t, "adaptive.md").Options.Adaptive)

	o := documented(t, "operations.md").Options
	assert.Equal(t, router.DefaultAttemptBudget, o.AttemptBudget)
	assert.Equal(t, router.Retry{
		MaxAttempts: 2, Initial: 200 * time.Millisecond, Max: 5 * time.Second, Multiplier: 2, Jitter: 0.5, MaxPark: 15 * time.Minute,
	}, o.Retry)
	assert.Equal(t, router.Breaker{
		Failures: 5, Ratio: 0.5, MinVolume: 20, Window: time.Minute, OpenFor: 30 * time.Second, Jitter: 0.1, HalfOpen: 1,
	}, o.Breaker)
}
