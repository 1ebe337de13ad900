// Package builtin has the registry of the drivers that come with this module,
// for programs that choose drivers by configuration. A program that knows its
// vendors imports their packages and links nothing else.
//
// Drivers that run as separate programs are not included, because they need
// gRPC: add package drivers/plugin's driver to the registry for those.
package builtin

import (
	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/provider"
)

// Registry returns a registry with all built-in drivers. It belongs to the
// caller, who can add other drivers.
func Registry() *provider.Registry {
	r := new(provider.Registry)
	if err := r.Add(apifon.Driver, memory.Driver, phonify.Driver, rest.Driver, smpp.Driver, zoomconnect.Driver); err != nil {
		panic("builtin: " + err.Error()) // two built-in drivers with the same name, which a test excludes
	}
	return r
}
