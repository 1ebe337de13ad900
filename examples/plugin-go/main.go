// Command plugin-go is a driver as a program of its own: examples/plugin-go/acme,
// served to whoever starts it as a plugin.
package main

import (
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/examples/plugin-go/acme"
)

func main() { plugin.Serve(acme.Driver) }
