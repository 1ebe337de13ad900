// Package plugin runs drivers that are separate programs, in any language.
//
// The host side is a provider like any other: [New] starts the program, reads
// its description, opens the account, and from then on forwards every call of
// package provider to the process, including codes, the vendor's words, causes,
// deadlines, cancellation and trace context. Unlike other drivers'
// constructors, New does I/O: it runs the program.
//
// The plugin side is [Serve]. A plugin in Go is
//
//	func main() { plugin.Serve(acme.Driver) }
//
// Other languages implement the protocol of driver.proto after the handshake
// that docs/plugins.md describes. One process serves one account, so that no
// account's credentials are in another's memory.
//
// # Lost connections
//
// A gRPC status says nothing about the message. Once a call was handed to a
// plugin, only the plugin's own response proves anything; without one the error
// is provider.Indeterminate. Calls to a plugin that is not running are
// provider.Unavailable: nothing was handed over.
//
// # Supervision
//
// A plugin that exits is started again after an increasing pause, with a limit
// on restarts per window. One that stops responding to health checks is killed.
// One that is alive but leaves a send without a response after its deadline
// gets no further calls, is killed as soon as the other calls in progress have
// ended, and is started again. A new process must have the capabilities of the
// first. No call is ever repeated.
//
// # Isolation
//
// A plugin gets a clean environment: what [Config].Env contains, and
// go-plugin's own variables. Standard input is /dev/null. Settings are sent
// after the handshake, never in arguments or environment. Each line of output
// goes to a slog.Logger, with settings' values and digits masked and a limit on
// the rate. The plugin runs in a process group of its own and does not outlive
// the host.
//
// Transport and certificates are those of [github.com/hashicorp/go-plugin].
package plugin
