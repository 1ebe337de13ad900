// Package faultserver is an HTTP server that fails on purpose, at the socket:
// it resets connections before or after it has read a request, says nothing,
// drips, cuts its answers short, floods, or answers what nobody expects. It
// counts every request whose first byte arrives, answered or not.
//
//	s, err := faultserver.New(func(r *faultserver.Request) faultserver.Reply {
//		return faultserver.Reply{End: faultserver.Reset} // the request is read, the answer never comes
//	})
//
// [Faults] is the catalogue of failures, each made from the good answer that it
// spoils. The conformance suite of drivers runs on it; any other HTTP client can be
// tested with it as well. Without TLS it speaks HTTP/1.1, and HTTP/2 with clients
// that begin with its preface.
package faultserver
