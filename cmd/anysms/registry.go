package main

import (
	"github.com/anysms/anysms/drivers/builtin"
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
)

// registry is the drivers that a configuration can name: those that are built in,
// and the one for programs.
func registry() *provider.Registry {
	drivers := builtin.Registry()
	if err := drivers.Add(plugin.Driver); err != nil {
		panic(err) // the name is taken: a fault of this program
	}
	return drivers
}
