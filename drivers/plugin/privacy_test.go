package plugin_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
)

// secretForms are how the odd driver writes its token s3cr3t/of+acme.
var secretForms = []string{"s3cr3t/of+acme", "s3cr3t%2Fof%2Bacme", "dXNlcjpzM2NyM3Qvb2YrYWNtZQ", "M2NyM3Qvb2YrYWNtZQ"}

func discreet(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, form := range append(secretForms, "REPEAT THIS", "Repeat this", "000-0001", "(690)") {
		assert.NotContains(t, text, form)
	}
}

// A plugin may write anything into an error: the account's credentials, and the
// message in the vendor's spelling.
func TestErrorsOfPluginsAreDiscreet(t *testing.T) {
	bothWays(t, func(t *testing.T, unary bool) {
		var log syncBuffer
		c := config(t, "odd", `{"token": "s3cr3t/of+acme"}`)
		c.Unary, c.Logger = unary, log.logger()
		p := open(t, c)
		_, err := send(p, "Repeat this, 4711")
		discreet(t, err)
		require.ErrorIs(t, err, provider.Rejected)
		require.ErrorIs(t, err, context.DeadlineExceeded, "what the cause is stays known")
		assert.ErrorContains(t, err, "vendor code 21408")
		assert.ErrorContains(t, err, "Text '[text]' to +[number] with [redacted]")

		ms := []*provider.Message{message("Repeat this, 4711"), message("Repeat this, 4711")}
		for _, v := range provider.SendBatch(context.Background(), p, ms) {
			discreet(t, v.Err)
		}
		discreet(t, provider.Check(context.Background(), p))

		require.Eventually(t, func() bool { return strings.Count(log.String(), "token [redacted]") == 3 }, time.Minute, 5*time.Millisecond)
		for _, form := range secretForms {
			assert.NotContains(t, log.String(), form)
		}
	})
}

func TestErrorsOfOpeningAreDiscreet(t *testing.T) {
	t.Parallel()
	_, err := plugin.New(config(t, "odd", `{"token": "s3cr3t/of+acme", "boast": true}`))
	discreet(t, err)
	_, err = plugin.New(config(t, "odd", `{"token": "bad s3cr3t"}`))
	require.EqualError(t, err, "config.token: [redacted] is bad")
}
