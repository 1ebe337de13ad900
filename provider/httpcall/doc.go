// Package httpcall makes one HTTP request and proves how far it got.
//
// What a driver may say about a message depends on one fact: did any byte of
// the request leave this machine? The package counts bytes at the socket. If an
// attempt fails before the first one, the error is provider.Unavailable, and it
// is proven that the vendor has nothing. If it fails later, the error is
// provider.Indeterminate. Before an idle connection is used again, the package
// checks whether the server has closed it; if so, the request uses a new
// connection, and nothing has failed.
//
// A request is made once. Nothing is repeated on a dropped connection, except a
// GET that did not ask for a connection of its own ([Request].Fresh); no
// redirect is followed, no cookie is kept, and no proxy is taken from the
// environment. The protocol is HTTP/1.1, where a connection carries one request
// at a time: only then are the bytes at the socket the bytes of this request.
// Responses are read up to a limit, and gzip and a byte order mark are understood.
// What a server writes beyond its response ends the connection and is in no log
// (except over TLS through a proxy, where net/http logs it). Plain http is refused
// except to loopback, or to private addresses with [Config].AllowPrivateHTTP.
//
// If the vendor's documents do not say what a response means, its status alone
// decides: [Response.ByStatus]. [TokenSource] gives requests the access token
// of an OAuth2 client.
package httpcall
