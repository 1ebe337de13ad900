// Command plugin-go is a plugin: it serves the driver of package
// examples/plugin-go/acme to the program that starts it.
package main

import (
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/examples/plugin-go/acme"
)

func main() { plugin.Serve(acme.Driver) }
