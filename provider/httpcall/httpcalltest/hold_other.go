//go:build !unix && !windows

package httpcalltest

// Hold would keep a port from being given to anyone else; this system has no call
// for it, so a refused connection may reach another server of the same test run.
func Hold(string) (release func()) { return func() {} }
