package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

// Placeholders in settings.
const (
	// URLPlaceholder is replaced by the address of the suite's server.
	URLPlaceholder = "{{url}}"
	// TimeoutPlaceholder is replaced by the driver's own timeout for a send.
	TimeoutPlaceholder = "{{timeout}}"
)

// usualTimeout is long enough for every case that does not test the timeout.
const usualTimeout = 30 * time.Second

// ForDriver makes a harness from a driver and the settings of an account, as they
// are written in a configuration. The address of the suite's server replaces
// [URLPlaceholder] in every string; if no string has it, the address becomes the
// setting base_url, if the driver has one. In the same way a timeout replaces
// [TimeoutPlaceholder], or becomes the setting timeout where the suite tests it. The
// values of secret settings become Secrets, and the driver's name becomes Extra. The
// caller sets Replies, Text and OtherRequests.
//
// A driver that starts a process has a setting start_timeout; Open, and every other
// call, may then take that long.
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
	a := account{driver: d, template: template}
	if a.has("base_url") && !strings.Contains(string(settings), URLPlaceholder) {
		template["base_url"] = URLPlaceholder
	}
	h := Harness{Open: a.open, Secrets: a.secrets(), Extra: d.Name, account: &a, start: a.start()}
	switch {
	case strings.Contains(string(settings), TimeoutPlaceholder):
		h.OpenTimeout = func(address string, timeout time.Duration) (provider.Provider, error) {
			return a.openFilled(address, timeout, nil)
		}
	case a.has("timeout"):
		h.OpenTimeout = func(address string, timeout time.Duration) (provider.Provider, error) {
			return a.openFilled(address, timeout, map[string]any{"timeout": timeout.String()})
		}
	}
	return h, nil
}

// account is a driver with its settings.
type account struct {
	driver   provider.Driver
	template map[string]any
}

// has reports whether the driver has a setting.
func (a *account) has(name string) bool {
	return slices.ContainsFunc(a.driver.Settings, func(s provider.Setting) bool { return s.Name == name })
}

// start returns how long the driver's process may take to start, by its setting; 0 =
// it has none. Open takes as long.
func (a *account) start() time.Duration {
	written, _ := a.template["start_timeout"].(string)
	d, err := time.ParseDuration(written)
	if err != nil || !a.has("start_timeout") {
		return 0
	}
	return d
}

func (a *account) open(address string) (provider.Provider, error) { return a.openWith(address, nil) }

// openWith opens with some settings changed.
func (a *account) openWith(address string, change map[string]any) (provider.Provider, error) {
	return a.openFilled(address, usualTimeout, change)
}

func (a *account) openFilled(address string, timeout time.Duration, change map[string]any) (provider.Provider, error) {
	fill := strings.NewReplacer(URLPlaceholder, address, TimeoutPlaceholder, timeout.String())
	settings, _ := filled(a.template, fill).(map[string]any)
	maps.Copy(settings, change)
	raw, err := json.Marshal(settings)
	if err != nil {
		return nil, fmt.Errorf("settings of driver %s: %w", a.driver.Name, err)
	}
	return a.driver.Open(context.Background(), raw)
}

// filled replaces placeholders in all strings.
func filled(v any, fill *strings.Replacer) any {
	switch v := v.(type) {
	case map[string]any:
		all := make(map[string]any, len(v))
		for key, value := range v {
			all[key] = filled(value, fill)
		}
		return all
	case []any:
		all := make([]any, 0, len(v))
		for _, value := range v {
			all = append(all, filled(value, fill))
		}
		return all
	case string:
		return fill.Replace(v)
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
