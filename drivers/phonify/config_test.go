package phonify_test

import (
	"testing"

	"github.com/anysms/anysms/drivers/internal/drivertest"
	"github.com/anysms/anysms/drivers/phonify"
)

func TestConfig(t *testing.T) {
	tests := []struct {
		name, settings string
		path, want     string // "" = good
	}{
		{"the least", `{"api_key":"k3y"}`, "", ""},
		{"all", `{"api_key":"k3y","auth":"parameter","business":"b","error_types":{"a":"no_route"},"max_ucs2_characters":70,"own_numbers":["1616"],"inbound_from":"origin","base_url":"https://api.example.com/v1/"}`, "", ""},
		{"no key", `{}`, "api_key", "is missing"},
		{"key with a line end", `{"api_key":"k3y\n"}`, "api_key", "line end"},
		{"key with a colon", `{"api_key":"k:3"}`, "api_key", "colon"},
		{"auth", `{"api_key":"k3y","auth":"digest"}`, "auth", "want basic or parameter"},
		{"error type", `{"api_key":"k3y","error_types":{"a":"nonsense"}}`, "error_types", "want one of invalid_recipient"},
		{"limit", `{"api_key":"k3y","max_ucs2_characters":161}`, "max_ucs2_characters", "want 1 to 160"},
		{"own number", `{"api_key":"k3y","own_numbers":[""]}`, "own_numbers", "empty number"},
		{"inbound", `{"api_key":"k3y","inbound_from":"to"}`, "inbound_from", "want phone or origin"},
		{"address", `{"api_key":"k3y","base_url":"http://api.example.com"}`, "base_url", "plain http"},
		{"unknown", `{"api_key":"k3y","sender":"x"}`, "sender", "unknown key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			drivertest.CheckSettings(t, phonify.Driver, tt.settings, tt.path, tt.want, "k3y")
		})
	}
}
