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

// opaque hides every method of the provider below except the two of
// provider.Provider; transparent shows it.
type (
	opaque      struct{ provider.Provider }
	transparent struct{ provider.Provider }
)

func (w transparent) Unwrap() provider.Provider { return w.Provider }

func TestCapabilitiesWithoutMethods(t *testing.T) {
	_, err := router.New([]router.Upstream{{Name: "a", Provider: opaque{vendor(t, memory.Config{})}}}, nil)
	var wrong *provider.ConfigError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "providers.a", wrong.Path)
	for _, part := range []string{`"find"`, "router_test.opaque", "provider.Finder", "Unwrap"} {
		assert.Contains(t, wrong.Reason, part)
	}
	_, err = router.New([]router.Upstream{{Name: "a", Provider: opaque{vendor(t, memory.Config{Features: []string{}})}}}, nil)
	require.NoError(t, err, "it claims nothing")
}

func TestReconcileThroughAWrapper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{FindSettles: provider.Duration(10 * time.Second)})
		a.Script(lost)
		r := open(t, []router.Upstream{{Name: "a", Provider: transparent{transparent{a}}}}, &router.Options{Delivery: provider.Reconcile})
		res, err := r.Send(t.Context(), referred("r1", "x"))
		require.NoError(t, err)
		assert.True(t, res.Attempts[0].Reconciled)
		assert.Equal(t, 1, a.Accepted())
	})
}
