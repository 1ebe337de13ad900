package rest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBuiltinRecipesDoWhatTheirFixturesSay(t *testing.T) {
	require.NotEmpty(t, rest.Builtin())
	for _, name := range rest.Builtin() {
		t.Run(name, func(t *testing.T) {
			r, err := rest.Load(name)
			require.NoError(t, err)
			assert.Equal(t, name, r.Name)
			assert.NotEmpty(t, r.Sources)
			for _, result := range resttest.Replay(t.Context(), r) {
				for _, fault := range result.Faults {
					t.Errorf("%s: %s", result.Fixture, fault)
				}
			}
		})
	}
}
