// Package memory is a provider without a vendor: it accepts messages, keeps
// them in a ledger, and responds as it is told. It is the reference
// implementation of every interface in package provider, and the provider for
// tests of programs that send messages.
//
//	p, err := memory.New(memory.Config{})
//	...
//	p.Messages() // what was accepted
//
// The response to a send is decided by the first of these that applies: the
// answers queued with [Provider.Script], Config.Answer, Config.Code; otherwise
// the message is accepted. Config also decides the capabilities: any feature
// can be taken away and any limit set, and the provider then does what
// [Provider.Capabilities] says.
//
// The ledger is bounded by Config.Ledger. Status, Find, Cancel and repeats
// within ReplayFor apply to the messages that are still in it.
//
// The provider needs no network. In a configuration file it is {driver:
// memory}.
package memory
