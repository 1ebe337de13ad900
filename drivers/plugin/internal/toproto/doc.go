// Package toproto turns the contract's values into those of the plugin protocol.
package toproto
