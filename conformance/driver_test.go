package conformance_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// referenceConfig is the reference driver's configuration.
type referenceConfig struct {
	Key provider.Secret `json:"key" doc:"the API key"`
	httpcall.Config
}

func openConfig(c referenceConfig) (*reference, error) {
	client, err := httpcall.New(c.Config, c.Key)
	return &reference{client: client}, err
}

var referenceDriver = provider.NewDriver("reference", "An imaginary vendor.", openConfig)

// driverHarness is a harness from a driver instead of a function.
func driverHarness(d provider.Driver) conformance.Harness {
	h, err := conformance.ForDriver(d, json.RawMessage(`{"key":"`+apiKey+`","timeout":"20s"}`))
	if err != nil {
		panic(err)
	}
	h.Replies = referenceReplies()
	return h
}

// brokenDrivers read their settings incorrectly.
func brokenDrivers() map[string]provider.Driver {
	lax := referenceDriver
	lax.Open = func(_ context.Context, raw json.RawMessage) (provider.Provider, error) {
		var c referenceConfig
		_ = json.Unmarshal(raw, &c) // what cannot be read is left out
		return openConfig(c)
	}
	silent := referenceDriver
	silent.Doc = ""
	return map[string]provider.Driver{"config.unknown-key": lax, "config.wrong-type": lax, "config.described": silent}
}

func brokenConfigs() map[broken]breaker {
	all := make(map[broken]breaker)
	for id := range brokenDrivers() {
		all[broken(id)] = nil // the harness is made from the driver
	}
	return all
}

func TestForDriver(t *testing.T) {
	h := driverHarness(referenceDriver)
	assert.Equal(t, []string{apiKey}, h.Secrets)
	conformance.Run(t, h)

	_, err := conformance.ForDriver(provider.Driver{Name: "empty"}, nil)
	require.ErrorContains(t, err, `driver "empty" has no Open`)
	_, err = conformance.ForDriver(referenceDriver, json.RawMessage(`[]`))
	require.ErrorContains(t, err, "want a JSON object")
}

func TestOpenMayTakeTheStartTimeout(t *testing.T) {
	plugin := provider.Driver{Name: "d", Settings: []provider.Setting{{Name: "start_timeout"}}, Open: referenceDriver.Open}
	for settings, want := range map[string]time.Duration{`{}`: 30 * time.Second, `{"start_timeout":"1s"}`: 30 * time.Second, `{"start_timeout":"1m"}`: time.Minute} {
		h, err := conformance.ForDriver(plugin, json.RawMessage(settings))
		require.NoError(t, err)
		got, err := conformance.CallTime(h)
		require.NoError(t, err)
		assert.Equal(t, want, got, settings)
	}
}

func TestForDriverPutsTheAddressWhereTheSettingsSay(t *testing.T) {
	var got struct {
		Hosts []string `json:"hosts"`
		Other string   `json:"other"`
	}
	d := provider.Driver{Name: "d", Settings: []provider.Setting{{Name: "base_url"}}, Open: func(_ context.Context, raw json.RawMessage) (provider.Provider, error) {
		return nil, json.Unmarshal(raw, &got)
	}}
	h, err := conformance.ForDriver(d, json.RawMessage(`{"hosts":["{{url}}/token"],"other":"x"}`))
	require.NoError(t, err)
	_, err = h.Open("http://127.0.0.1:9")
	require.NoError(t, err)
	assert.Equal(t, []string{"http://127.0.0.1:9/token"}, got.Hosts)
	assert.Equal(t, "x", got.Other)
}
