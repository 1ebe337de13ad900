package provider_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
)

type common struct {
	BaseURL string            `json:"base_url" doc:"where the vendor is"`
	Timeout provider.Duration `json:"timeout" doc:"for one attempt"`
}

type acmeConfig struct {
	common
	Common2
	Key  provider.Secret `json:"api_key" doc:"the key"`
	Pool *pool           `json:"pool" doc:"numbers"`
	List []pool          `json:"list"`
	Skip func()          `json:"-"`

	Prices map[string]provider.Money `json:"prices"`
}

// Common2 is exported, as the embedded structs of drivers are.
type Common2 struct {
	Proxy string `json:"proxy" doc:"a proxy"`
}

type pool struct {
	Size int `json:"size"`
}

func TestDecodeConfig(t *testing.T) {
	var c acmeConfig
	require.NoError(t, provider.DecodeConfig(json.RawMessage(
		`{"api_key":"k3y","timeout":"90s","proxy":"http://p","pool":{"size":3},"list":[{"size":1}]}`), &c))
	assert.Equal(t, "k3y", c.Key.Reveal())
	assert.Equal(t, 90*time.Second, c.Timeout.Std())
	assert.Equal(t, "http://p", c.Proxy)
	assert.Equal(t, 3, c.Pool.Size)

	for _, none := range []string{"", "null", " "} {
		require.NoError(t, provider.DecodeConfig(json.RawMessage(none), &c))
	}

	bad := map[string]struct{ in, path, want string }{
		"unknown key":  {`{"api_kye":"x"}`, "api_kye", "want one of api_key, base_url, list, pool, prices, proxy, timeout"},
		"other case":   {`{"API_KEY":"x"}`, "API_KEY", "unknown key"},
		"inside":       {`{"pool":{"sise":3}}`, "pool.sise", "want one of size"},
		"in a list":    {`{"list":[{},{"sise":3}]}`, "list[1].sise", "want one of size"},
		"wrong type":   {`{"pool":{"size":"three"}}`, "pool.size", "got a string, want number"},
		"a list":       {`{"proxy":[1]}`, "proxy", "got a list, want string"},
		"a map":        {`{"proxy":{}}`, "proxy", "got a map, want string"},
		"embedded":     {`{"proxy":1}`, "proxy", "got a number, want string"},
		"bad duration": {`{"timeout":"90"}`, "timeout", "is not a duration such as 90s"},
		"bad price":    {`{"prices":{"gr":{"amount":"1,5"}}}`, "prices.gr", "is not a decimal number such as 0.087"},
		"other kind":   {`{"timeout":90}`, "timeout", "got a number, want duration"},
		"no object":    {`[1]`, "", "want a map of settings"},
		"ignored":      {`{"Skip":1}`, "Skip", "unknown key"},
	}
	for name, tt := range bad {
		t.Run(name, func(t *testing.T) {
			err := provider.DecodeConfig(json.RawMessage(tt.in), &c)
			wrong, ok := errors.AsType[*provider.ConfigError](err)
			require.True(t, ok, "got %v", err)
			assert.Equal(t, tt.path, wrong.Path)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestDriverSettings(t *testing.T) {
	d := provider.NewDriver("acme", "Acme sends.", func(acmeConfig) (*full, error) { return &full{}, nil })
	names := make([]string, len(d.Settings))
	for i, s := range d.Settings {
		names[i] = s.Name + ":" + s.Type
	}
	assert.Equal(t, []string{"api_key:secret", "pool:map", "list:list", "prices:map", "base_url:string", "timeout:duration", "proxy:string"}, names)
	assert.True(t, d.Settings[0].Secret)
	assert.Equal(t, "the key", d.Settings[0].Doc)
}

func TestRegistry(t *testing.T) {
	var r provider.Registry
	acme := provider.NewDriver("acme", "", func(acmeConfig) (*full, error) { return &full{}, nil })
	fails := provider.NewDriver("fails", "", func(acmeConfig) (*full, error) { return nil, provider.ConfigErrorf("api_key", "must not be empty") })
	require.NoError(t, r.Add(acme, fails))
	assert.Equal(t, []string{"acme", "fails"}, r.Names())
	require.ErrorContains(t, r.Add(acme), `duplicate driver name "acme"`)
	require.Error(t, r.Add(provider.Driver{Name: "x"}))
	assert.Equal(t, []string{"acme", "fails"}, r.Names(), "a failed Add adds nothing")

	p, err := r.Open(t.Context(), "acme", nil)
	require.NoError(t, err)
	require.NotNil(t, p)
	p, err = r.Open(t.Context(), "fails", nil)
	require.ErrorContains(t, err, "api_key: must not be empty")
	assert.Nil(t, p, "no typed nil with an error")
	_, err = r.Open(t.Context(), "acem", nil)
	require.ErrorContains(t, err, `unknown driver "acem" (did you mean "acme"?); want one of acme, fails`)
}

func FuzzDecodeConfig(f *testing.F) {
	f.Add([]byte(`{"api_key":"k","pool":{"size":1},"list":[{"size":1}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c acmeConfig
		_ = provider.DecodeConfig(b, &c) // must not panic
	})
}
