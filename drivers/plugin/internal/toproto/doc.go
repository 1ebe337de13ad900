// Package toproto converts values of package provider to those of the plugin
// protocol.
package toproto
