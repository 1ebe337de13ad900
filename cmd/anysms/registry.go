package main

import (
	"github.com/anysms/anysms/drivers/builtin"
	"github.com/anysms/anysms/provider"
)

// registry is the drivers that a configuration can name.
func registry() *provider.Registry { return builtin.Registry() }
