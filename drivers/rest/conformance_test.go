package rest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
)

func TestConformance(t *testing.T) {
	for _, name := range rest.Builtin() {
		t.Run(name, func(t *testing.T) {
			r, err := rest.Load(name)
			require.NoError(t, err)
			h, err := resttest.Harness(r)
			require.NoError(t, err)
			conformance.Run(t, h)
		})
	}
}
