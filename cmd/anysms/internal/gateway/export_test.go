package gateway

import "github.com/anysms/anysms/router"

// Qualities is what the router's adaptive routes have measured.
func (g *Gateway) Qualities() []router.Quality { return g.router.Qualities() }
