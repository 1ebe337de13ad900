//go:build !unix

package httpcalltest

// Hold would keep a port from being given to anyone else; here it cannot.
func Hold(string) (release func()) { return func() {} }
