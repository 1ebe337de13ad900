// Package memory is a provider without a vendor: it accepts messages, keeps
// them in a ledger, and answers as it is told. It is the reference
// implementation of every interface in package provider, and what programs
// that send messages are tested with.
//
//	p, err := memory.New(memory.Config{})
//	...
//	p.Messages() // what was accepted
//
// What it answers is decided, first match first, by the answers queued with
// [Provider.Script], by Config.Answer, by Config.Code; without any of these it
// accepts. What it can do is decided by Config: any feature can be taken away
// and any limit set, and what [Provider.Capabilities] says is then what it
// does.
//
// The ledger is bounded by Config.Ledger. Status, Find, Cancel and repeats
// within ReplayFor know the messages that are still in it.
//
// It makes no request and needs no network. From a configuration file it is
// {driver: memory}.
package memory
