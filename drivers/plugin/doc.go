// Package plugin runs drivers that are programs of their own, in any language.
//
// The host side is a provider like any other: [New] starts the program, reads
// what it is and can do, opens the account, and from then on carries every call
// of package provider across the process line: codes, vendor's words and causes,
// deadlines, cancellation and trace context included. Unlike other drivers'
// constructors, New does I/O: it runs the program.
//
// The plugin side is [Serve]. A plugin in Go is
//
//	func main() { plugin.Serve(acme.Driver) }
//
// Other languages serve the protocol of driver.proto after the handshake that
// docs/plugins.md describes. One process serves one account, so that no account's
// credentials are in another's memory.
//
// # What is known when the line breaks
//
// A gRPC status says nothing about the message. Once a call was handed to a
// plugin, only the plugin's own answer is proof; without one the error is
// provider.Indeterminate. Calls that meet a plugin that is not running are
// provider.Unavailable: nothing was handed over.
//
// # Supervision
//
// A plugin that exits is started again after a growing pause, within a budget of
// restarts per window. One that stops answering health checks is killed. One that
// is alive but leaves a send unanswered after its deadline gets no further calls,
// is killed as soon as the other calls under way have ended, and started again.
// A new process must offer what the first one did. No call is ever repeated.
//
// # What a plugin gets
//
// A clean environment: what [Config].Env says, and go-plugin's own variables.
// Standard input is /dev/null. Settings cross the line after the handshake, never
// in arguments or environment. What it writes to its outputs goes line by line
// into a slog.Logger, with settings' values and digits masked and a bound on its
// rate. It runs in a process group of its own and does not outlive the host.
//
// Line and certificates are those of [github.com/hashicorp/go-plugin].
package plugin
