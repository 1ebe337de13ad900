package gateway

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router"
)

// Qualities is what the router's adaptive routes have measured.
func (g *Gateway) Qualities() []router.Quality { return g.router.Qualities() }

// Connections is how many are open.
func (g *Gateway) Connections() int {
	n, _ := g.connections.count()
	return n
}

// DropNew closes the connections that have not had a request.
func (g *Gateway) DropNew() { g.connections.dropNew() }

// RotateCallbackToken is anysms webhook rotate.
func (g *Gateway) RotateCallbackToken(t testing.TB, name string) {
	_, err := g.ledger.RotateCallbackToken(t.Context(), name)
	require.NoError(t, err)
}

// Watched serves as the gateway does, but for what it watches.
func (g *Gateway) Watched(next http.Handler) http.Handler { return g.connections.busy(g.watch(next)) }

// CallbackToken is the token in the URL at which a vendor reports.
func (g *Gateway) CallbackToken(t testing.TB, name string) string {
	tokens, err := g.ledger.CallbackTokens(t.Context(), name)
	require.NoError(t, err)
	return tokens[0].Value
}
