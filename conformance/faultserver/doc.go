// Package faultserver is an HTTP server that fails on purpose, at the socket: it
// resets connections before or after reading a request, stalls, sends slowly,
// truncates its response, floods, or sends something else than expected. It counts
// every request whose first byte arrives.
//
//	s, err := faultserver.New(func(r *faultserver.Request) faultserver.Reply {
//		return faultserver.Reply{End: faultserver.Reset} // after reading the request
//	})
//
// [Faults] lists faults; each modifies a good response. The conformance suite of
// drivers uses the package, and any other HTTP client can be tested with it. Without
// TLS it supports HTTP/1.1, and HTTP/2 with prior knowledge.
package faultserver
