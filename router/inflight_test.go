package router_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
)

// InFlight counts the calls under way: one during a call, none after it, however it ends.
func TestStateCountsCallsUnderWay(t *testing.T) {
	var during func()
	a := vendor(t, memory.Config{Answer: func(*provider.Message) memory.Answer {
		during()
		return memory.Answer{}
	}})
	r := two(t, a, vendor(t, memory.Config{}), nil)
	during = func() { assert.Equal(t, 1, r.States()[0].InFlight) }
	for range 3 {
		_, err := r.Send(t.Context(), text("Hello"))
		require.NoError(t, err)
		assert.Zero(t, r.States()[0].InFlight)
	}
	a.Script(code(provider.Unavailable), code(provider.Rejected), lost)
	for range 2 {
		_, _ = r.Send(t.Context(), text("Hello"))
		assert.Zero(t, r.States()[0].InFlight)
		assert.Zero(t, r.States()[1].InFlight)
	}
}
