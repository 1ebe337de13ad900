package router_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/journal"
)

// Keys are those of SendAll's results.
func TestKeys(t *testing.T) {
	j, err := journal.Open(t.TempDir() + "/j")
	require.NoError(t, err)
	defer j.Close()
	p, err := memory.New(memory.Config{})
	require.NoError(t, err)
	r, err := router.New([]router.Upstream{{Name: "a", Provider: p}}, &router.Options{Journal: j})
	require.NoError(t, err)
	to := e164.MustParse("+306971234567")
	messages := []*provider.Message{
		{To: to, Text: "a"}, {To: to, Text: "b"}, {To: to, Text: "a"}, {To: to, Text: "a", Ref: "r"}, {Text: "no number"}, {Text: "no number"}, {To: to, Text: "a"},
	}
	results, err := r.SendAll(t.Context(), slices.Values(messages))
	require.NoError(t, err)
	got := make([]string, len(messages))
	for result := range results {
		got[result.Index] = result.Key
	}
	var keys router.Keys
	for i, m := range messages {
		assert.Equal(t, keys.Key(m), got[i], i)
	}
	assert.Equal(t, got[0]+"#3", got[6])
	assert.Equal(t, "r", got[3])
}
