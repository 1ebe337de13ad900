//go:build !unix && !windows

package httpcalltest

// Hold does nothing: this system has no call to reserve a port, so a connection
// that should be refused may reach another server of the same test run.
func Hold(string) (release func()) { return func() {} }
