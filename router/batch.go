package router

import (
	"context"
	"iter"

	"github.com/anysms/anysms/provider"
)

// SendAll sends every message of a sequence, several at a time and in no
// particular order. Each is answered once.
func (r *Router) SendAll(ctx context.Context, ms iter.Seq[*provider.Message]) iter.Seq2[*Result, error] {
	return nil
}
