package config

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/numbering"
)

// read reads a file. If it fails, it closes the providers that it opened.
func (d *document) read(ctx context.Context, source []byte, drivers *provider.Registry) (*Config, error) {
	root, err := d.parse(source)
	if err != nil {
		return nil, err
	}
	var file fileConfig
	if err := d.decode("", root, &file); err != nil {
		return nil, err
	}
	c := &Config{Path: d.name, DefaultRegion: file.Router.DefaultRegion, Rates: d.resolve(file.Rates), lines: d.lines}
	if err := numbering.CheckRegion(c.DefaultRegion); err != nil {
		return nil, provider.ConfigErrorf("router.default_region", "%v", err)
	}
	if c.Options, err = file.Router.options(); err != nil {
		return nil, err
	}
	if err := d.ledger(c, &file); err != nil {
		return nil, err
	}
	if err := d.otp(c, &file.OTP); err != nil {
		return nil, err
	}
	if err := d.queue(c, &file.Queue); err != nil {
		return nil, err
	}
	if err := c.price(&file); err != nil {
		return nil, err
	}
	if err := d.section("serve", root, d.serve); err != nil {
		return nil, err
	}
	if err := d.guards(c, &file); err != nil {
		return nil, err
	}
	if err := d.open(ctx, c, root, drivers); err != nil {
		c.closeProviders()
		return nil, err
	}
	c.secrets = d.secrets
	return c, nil
}

// section reads a part of the file that the program wants; into may be nil.
func (d *document) section(name string, root *yaml.Node, into any) error {
	if into == nil {
		return nil
	}
	fields, err := d.fields("", root, 0)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.key != name || follow(f.value).ShortTag() == "!!null" {
			continue
		}
		if err := d.decode(name, f.value, into); err != nil {
			return err
		}
		if c, ok := into.(interface{ Check() error }); ok {
			return under(name, c.Check())
		}
	}
	return nil
}

// decode reads a node into a struct with json tags.
func (d *document) decode(path string, n *yaml.Node, into any) error {
	v, err := d.value(path, n, shapeOf(reflect.TypeOf(into)), 0)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return provider.ConfigErrorf(path, "%v", err)
	}
	return under(path, provider.DecodeConfig(raw, into))
}

// under prefixes the path of a mistake.
func under(path string, err error) error {
	wrong, ok := errors.AsType[*provider.ConfigError](err)
	if !ok || path == "" {
		return err
	}
	at := path
	switch {
	case strings.HasPrefix(wrong.Path, "["):
		at += wrong.Path
	case wrong.Path != "":
		at += "." + wrong.Path
	}
	return &provider.ConfigError{Path: at, Reason: wrong.Reason}
}

// open opens the providers and the router.
func (d *document) open(ctx context.Context, c *Config, root *yaml.Node, drivers *provider.Registry) error {
	fields, err := d.fields("", root, 0)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.key != "providers" || follow(f.value).ShortTag() == "!!null" {
			continue
		}
		if err := d.openProviders(ctx, c, f.value, drivers); err != nil {
			return err
		}
	}
	c.router, err = router.New(c.Upstreams(), &c.Options)
	if wrong, ok := errors.AsType[*provider.ConfigError](err); ok {
		return &provider.ConfigError{Path: inFile(wrong.Path), Reason: wrong.Reason}
	}
	return err
}

func (c *Config) closeProviders() {
	for i := range c.Providers {
		_ = provider.Close(c.Providers[i].Upstream.Provider) // there is an error to return already
	}
}
