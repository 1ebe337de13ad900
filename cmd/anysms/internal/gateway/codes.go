package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/otp"
	"github.com/anysms/anysms/router/queue"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/api"
	"github.com/anysms/anysms/provider/sleep"
)

// queueCode queues the message of a verification without its text, which is rendered
// when it is sent.
func (g *Gateway) queueCode(ctx context.Context, m *provider.Message) (*router.Result, error) {
	m = m.Clone()
	m.Text = ""
	list, err := g.queue.EnqueueAll(ctx, queue.Item{Message: m, Namespace: api.NamespaceOf(ctx), Render: m.Ref})
	if err != nil {
		return nil, err
	}
	return nil, list[0].Err
}

// render makes the text of a verification's message.
func (g *Gateway) render(ctx context.Context, ref string, _ *provider.Message) (string, error) {
	text, err := g.codes.Load().Render(ctx, ref)
	if errors.Is(err, otp.ErrEnded) {
		return "", provider.NewError(provider.Rejected, "the verification has ended")
	}
	return text, err
}

// converted tells adaptive routes how a verification has ended, and the guards of a code
// that came back.
func (g *Gateway) converted(c otp.Conversion) {
	g.router.Converted(c.Provider, c.Country, c.Verified)
	g.guards.RLock()
	defer g.guards.RUnlock()
	cli.Converted(g.conf().Guards, func(err error) {
		g.log.Warn("the guards could not count a code that came back", "error", err)
	})(c)
}

// sweepCodes removes verifications that have ended, also while none is started.
func (g *Gateway) sweepCodes(ctx context.Context) {
	for sleep.For(ctx, time.Minute) == nil {
		if _, err := g.codes.Load().Sweep(ctx); err != nil && ctx.Err() == nil {
			g.log.Warn("verifications that have ended could not be removed", "error", err)
		}
	}
}
