package router

import (
	"context"

	"github.com/anysms/anysms/provider"
)

// SendFunc is the form of [Router.Send].
type SendFunc func(ctx context.Context, m *provider.Message) (*Result, error)

// Middleware wraps a SendFunc. It may look at the message and the result, or
// answer a Result of its own; it must not change m, but may pass on a clone.
type Middleware func(next SendFunc) SendFunc
