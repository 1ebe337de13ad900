package config

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/suggest"
	"github.com/anysms/anysms/router"
)

func (d *document) openProviders(ctx context.Context, c *Config, n *yaml.Node, drivers *provider.Registry) error {
	fields, err := d.fields("providers", n, 0)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if err := checkName(f.key); err != nil {
			return err
		}
		p, err := d.openProvider(ctx, f, drivers)
		if err != nil {
			return err
		}
		c.Providers = append(c.Providers, p)
	}
	return nil
}

// checkName: names are used in paths, tables and command lines.
func checkName(name string) error {
	if name == "" || strings.ContainsAny(name, ". \t\r\n[]:/") {
		return provider.ConfigErrorf("providers", "invalid provider name %q; want letters, digits, - and _", name)
	}
	return nil
}

// openProvider splits a provider's settings into the router's and the driver's.
func (d *document) openProvider(ctx context.Context, f field, drivers *provider.Registry) (Provider, error) {
	path := "providers." + f.key
	fields, err := d.fields(path, f.value, 0)
	if err != nil {
		return Provider{}, err
	}
	driver, err := d.driver(path, fields, drivers)
	if err != nil {
		return Provider{}, err
	}
	routers := shapeOf(reflect.TypeFor[providerConfig]())
	own, ours := make(map[string]any), make(map[string]any)
	for _, f := range fields {
		if f.key == "driver" {
			continue
		}
		at := join(path, f.key)
		known, drivers := setting(driver, f.key)
		shape, routers := routers.fields[f.key]
		if !routers {
			shape = known
		}
		v, err := d.value(at, f.value, shape, 0)
		if err != nil {
			return Provider{}, err
		}
		d.noteSecrets(driver, at, f.key, f.value)
		if routers {
			ours[f.key] = v
		}
		if drivers && !(f.key == "sender" && v == router.VendorSender) || !routers {
			own[f.key] = d.settle(f.key, v)
		}
	}
	return d.openWith(ctx, path, f, driver, own, ours)
}

func (d *document) driver(path string, fields []field, drivers *provider.Registry) (provider.Driver, error) {
	for _, f := range fields {
		if f.key != "driver" {
			continue
		}
		name, err := d.scalar(path+".driver", follow(f.value), asText)
		if err != nil {
			return provider.Driver{}, err
		}
		word, _ := name.(string)
		driver, err := drivers.Driver(word)
		if err != nil {
			return provider.Driver{}, provider.ConfigErrorf(path+".driver", "%v", err)
		}
		return driver, nil
	}
	return provider.Driver{}, provider.ConfigErrorf(path, "has no driver; want driver: one of %s", strings.Join(drivers.Names(), ", "))
}

func setting(d provider.Driver, key string) (shape, bool) {
	for _, s := range d.Settings {
		if s.Name == key {
			return settingShape(s), true
		}
	}
	return shape{}, false
}

// settle resolves the paths among a driver's settings.
func (d *document) settle(key string, v any) any {
	path, ok := v.(string)
	if !ok || path == "" {
		return v
	}
	switch key {
	case "path", "dir", "ca_file":
		return d.resolve(path)
	case "recipe": // or the name of a built-in one
		if strings.ContainsAny(path, `/\`) || strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml") {
			return d.resolve(path)
		}
	}
	return v
}

func (d *document) openWith(ctx context.Context, path string, f field, driver provider.Driver, own, ours map[string]any) (Provider, error) {
	var settings providerConfig
	raw, err := json.Marshal(ours)
	if err == nil {
		err = provider.DecodeConfig(raw, &settings)
	}
	if err != nil {
		return Provider{}, under(path, err)
	}
	if settings.Validity != "" && settings.Validity != ignore {
		return Provider{}, provider.ConfigErrorf(path+".validity", "%q; want ignore", settings.Validity)
	}
	upstream, err := settings.upstream(f.key)
	if err != nil {
		return Provider{}, err
	}
	if raw, err = json.Marshal(own); err != nil {
		return Provider{}, provider.ConfigErrorf(path, "%v", err)
	}
	if upstream.Provider, err = driver.Open(ctx, raw); err != nil {
		return Provider{}, d.notOpened(path, driver, err)
	}
	return Provider{Upstream: upstream, Driver: driver.Name, Line: f.line, unencrypted: unencrypted(path, own)}, nil
}

// unencrypted returns the path of the setting that allows plain http to private
// addresses, the driver's own or that of a plugin's driver; "" = it is not set.
func unencrypted(path string, own map[string]any) string {
	const key = "allow_private_http"
	if own[key] == true {
		return path + "." + key
	}
	if inner, ok := own["config"].(map[string]any); ok && inner[key] == true {
		return path + ".config." + key
	}
	return ""
}

// notOpened finds the line of the setting that the driver refuses.
func (d *document) notOpened(path string, driver provider.Driver, err error) error {
	wrong, ok := errors.AsType[*provider.ConfigError](err)
	if !ok {
		return provider.ConfigErrorf(path, "driver %s: %v", driver.Name, err)
	}
	reason := wrong.Reason
	if strings.HasPrefix(reason, "unknown key") {
		ours := slices.Sorted(maps.Keys(shapeOf(reflect.TypeFor[providerConfig]()).fields))
		if !strings.Contains(reason, "did you mean") {
			key := wrong.Path[strings.LastIndexByte(wrong.Path, '.')+1:]
			reason = strings.Replace(reason, "unknown key", "unknown key"+suggest.DidYouMean(key, ours), 1)
		}
		reason += "; or one of the router's: " + strings.Join(ours, ", ")
	}
	return under(path, &provider.ConfigError{Path: wrong.Path, Reason: reason})
}
