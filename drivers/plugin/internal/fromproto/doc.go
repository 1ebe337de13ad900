// Package fromproto converts values of the plugin protocol to those of package
// provider. A plugin's values are not trusted: whatever they are, the result is
// a value that package provider allows, and the one that promises least.
package fromproto
