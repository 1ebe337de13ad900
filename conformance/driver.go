package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

// URLPlaceholder is replaced in settings by the address of the suite's server.
const URLPlaceholder = "{{url}}"

// ForDriver makes a harness from a driver and the settings of an account, as they
// are written in a configuration. The address of the suite's server replaces
// [URLPlaceholder] in every string; if no string has it, the address becomes the
// setting base_url, if the driver has one. The values of secret settings become
// Secrets. The caller sets Replies, Text and OtherRequests.
//
// With such a harness, the suite also checks that the driver rejects invalid
// settings.
func ForDriver(d provider.Driver, settings json.RawMessage) (Harness, error) {
	if d.Open == nil {
		return Harness{}, fmt.Errorf("driver %q has no Open", d.Name)
	}
	template := make(map[string]any)
	if len(settings) > 0 {
		if err := json.Unmarshal(settings, &template); err != nil {
			return Harness{}, fmt.Errorf("settings of driver %s: want a JSON object: %w", d.Name, err)
		}
	}
	hasBase := slices.ContainsFunc(d.Settings, func(s provider.Setting) bool { return s.Name == "base_url" })
	if hasBase && !strings.Contains(string(settings), URLPlaceholder) {
		template["base_url"] = URLPlaceholder
	}
	a := account{d, template}
	return Harness{Open: a.open, Secrets: a.secrets(), account: &a}, nil
}

// account is a driver with its settings.
type account struct {
	driver   provider.Driver
	template map[string]any
}

func (a *account) open(url string) (provider.Provider, error) { return a.openWith(url, nil) }

// openWith opens with some settings changed.
func (a *account) openWith(url string, change map[string]any) (provider.Provider, error) {
	settings, _ := replaceURL(a.template, url).(map[string]any)
	maps.Copy(settings, change)
	raw, err := json.Marshal(settings)
	if err != nil {
		return nil, fmt.Errorf("settings of driver %s: %w", a.driver.Name, err)
	}
	return a.driver.Open(context.Background(), raw)
}

func replaceURL(v any, url string) any {
	switch v := v.(type) {
	case map[string]any:
		filled := make(map[string]any, len(v))
		for key, value := range v {
			filled[key] = replaceURL(value, url)
		}
		return filled
	case []any:
		filled := make([]any, 0, len(v))
		for _, value := range v {
			filled = append(filled, replaceURL(value, url))
		}
		return filled
	case string:
		return strings.ReplaceAll(v, URLPlaceholder, url)
	}
	return v
}

func (a *account) secrets() []string {
	var all []string
	for _, s := range a.driver.Settings {
		if value, ok := a.template[s.Name].(string); ok && s.Secret && value != "" {
			all = append(all, value)
		}
	}
	return all
}
