package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider/suggest"
)

// Driver makes providers from configuration. Each driver package exports one as
// var Driver, made by [NewDriver].
type Driver struct {
	Name     string
	Doc      string    // one sentence
	Settings []Setting // what its configuration may hold
	// Open validates the settings and makes a provider. It does no I/O, unless
	// the driver's documentation says otherwise.
	Open func(ctx context.Context, settings json.RawMessage) (Provider, error)
}

// NewDriver makes a Driver from a configuration struct and a constructor. The
// struct's json tags name the settings and its doc tags describe them; they are
// decoded by [DecodeConfig].
func NewDriver[C any, P Provider](name, doc string, open func(C) (P, error)) Driver {
	return Driver{
		Name:     name,
		Doc:      doc,
		Settings: settingsOf[C](),
		Open: func(_ context.Context, raw json.RawMessage) (Provider, error) {
			var config C
			if err := DecodeConfig(raw, &config); err != nil {
				return nil, err
			}
			p, err := open(config)
			if err != nil {
				return nil, err
			}
			return p, nil
		},
	}
}

// Registry finds drivers by name. The zero Registry is empty and ready to use.
// Fill it before sharing it; after that it is safe for concurrent use.
type Registry struct {
	drivers map[string]Driver
}

// Add adds drivers. A driver without a name or Open, or with a name that is
// already registered, is an error, and then no driver of that call is added.
func (r *Registry) Add(drivers ...Driver) error {
	next := maps.Clone(r.drivers)
	if next == nil {
		next = make(map[string]Driver, len(drivers))
	}
	for _, d := range drivers {
		if d.Name == "" || d.Open == nil {
			return fmt.Errorf("driver %q: a driver needs a name and an Open function", d.Name)
		}
		if _, taken := next[d.Name]; taken {
			return fmt.Errorf("duplicate driver name %q", d.Name)
		}
		next[d.Name] = d
	}
	r.drivers = next
	return nil
}

// Names lists the drivers in alphabetical order.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.drivers)) }

// Driver returns the driver with a name.
func (r *Registry) Driver(name string) (Driver, error) {
	d, ok := r.drivers[name]
	if !ok {
		return Driver{}, fmt.Errorf("unknown driver %q%s; want one of %s", name, suggest.DidYouMean(name, r.Names()), strings.Join(r.Names(), ", "))
	}
	return d, nil
}

// Open makes a provider with the driver of that name.
func (r *Registry) Open(ctx context.Context, name string, settings json.RawMessage) (Provider, error) {
	d, err := r.Driver(name)
	if err != nil {
		return nil, err
	}
	return d.Open(ctx, settings)
}
