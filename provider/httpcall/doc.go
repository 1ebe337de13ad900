// Package httpcall makes one HTTP request and proves how far it came.
//
// What a driver may say about a message depends on one fact: did any byte of
// the request leave this machine? The package counts bytes at the socket. If an
// attempt fails before the first one, the error is provider.Unavailable, and it
// is proven that the vendor has nothing. If it fails later, the error is
// provider.Indeterminate. Before an idle connection is used again, the socket is
// asked whether the server has closed it; then the request goes by a new one,
// and a stale connection is neither doubt nor failure.
//
// A request is made once. Nothing is replayed on a dropped connection, except a
// GET that did not ask for a connection of its own ([Request].Fresh); no redirect
// is followed, no cookie is kept, no proxy is taken from the environment. The connection speaks HTTP/1.1, where one connection carries one
// request at a time: only so are the bytes at the socket the bytes of this
// request. Answers are read up to a cap, gzip and a byte order mark are
// understood, and plain http is refused except to loopback.
//
// What an answer means when the vendor's documents do not say is decided by its
// status alone: [Response.ByStatus]. [TokenSource] gives requests the access token
// of an OAuth2 client.
package httpcall
