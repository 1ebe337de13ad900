//go:build !unix

package sqlite

// syncDir does nothing: names are durable with their files.
func syncDir(string) error { return nil }
