package resttest

import (
	"fmt"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/provider"
)

// Callback is a fixture's callback with a provider that reads it.
type Callback struct {
	Name     string // of the fixture
	Provider provider.Provider
	Callback *provider.Callback
	Forged   bool // it must be refused for its signature
	Unread   bool // it must be refused for its format
}

// Callbacks returns the callbacks in a recipe's fixtures. The providers have the settings
// of their fixtures and make no requests.
func Callbacks(r *rest.Recipe) ([]Callback, error) {
	m, err := modelOf(r)
	if err != nil {
		return nil, err
	}
	var list []Callback
	for i := range m.fixtures {
		f := &m.fixtures[i]
		if f.Kind() != "callback" {
			continue
		}
		p, err := open(r, "http://127.0.0.1:1", f)
		if err != nil {
			return nil, fmt.Errorf("fixture %q: %w", f.Name, err)
		}
		c, err := f.Callback.Callback()
		if err != nil {
			return nil, fmt.Errorf("fixture %q: %w", f.Name, err)
		}
		list = append(list, Callback{f.Name, p, c, f.Forged, f.NotUnderstood})
	}
	return list, nil
}
