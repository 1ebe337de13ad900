// Package fromproto turns the plugin protocol's values into those of the
// contract. What comes over the line is not trusted: whatever it is, the result
// is a value that the contract allows, and the one that promises least.
package fromproto
