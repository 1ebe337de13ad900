package builtin_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/builtin"
)

func TestEveryDriverDescribesItself(t *testing.T) {
	r := builtin.Registry()
	for _, name := range r.Names() {
		d, err := r.Driver(name)
		require.NoError(t, err)
		assert.NotEmpty(t, d.Doc, "driver %s", name)
		require.NotEmpty(t, d.Settings, "driver %s", name)
		for _, s := range d.Settings {
			assert.NotEmpty(t, s.Doc, "driver %s, setting %s", name, s.Name)
		}
	}
}

func TestUnknownSettingIsRefusedByEveryDriver(t *testing.T) {
	r := builtin.Registry()
	for _, name := range r.Names() {
		_, err := r.Open(t.Context(), name, json.RawMessage(`{"no_such_setting": 1}`))
		assert.ErrorContains(t, err, "no_such_setting: unknown key", "driver %s", name)
	}
}

func TestRegistryBelongsToTheCaller(t *testing.T) {
	first := builtin.Registry()
	acme, err := first.Driver("memory")
	require.NoError(t, err)
	acme.Name = "acme"
	require.NoError(t, first.Add(acme))
	_, err = builtin.Registry().Driver("acme")
	assert.Error(t, err)
}

func ExampleRegistry() {
	fmt.Println(builtin.Registry().Names())
	// Output: [apifon memory phonify rest smpp zoomconnect]
}
