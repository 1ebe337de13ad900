package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

// newHooks returns the handler of the hooks of a configuration, which takes /NAME.
func (g *Gateway) newHooks(l *loaded) (*hook.Handler, error) {
	return hook.New(hook.Options{
		Submit: g.submit, Find: g.find, DefaultRegion: l.conf.DefaultRegion, Log: g.log,
	}, l.serve.Hooks...)
}

// hookNamespace is what the refs of a hook are unique in. No key has such a name.
func hookNamespace(name string) string { return "hook:" + name }

// submit queues the message of a hook.
func (g *Gateway) submit(ctx context.Context, name string, m *provider.Message, wait time.Duration) (hook.Result, error) {
	list, err := g.queue.EnqueueAll(ctx, queue.Item{Message: m, Namespace: hookNamespace(name)})
	if err == nil {
		err = list[0].Err
	}
	if errors.Is(err, router.ErrRefReused) {
		return hook.Result{}, hook.ErrConflict
	}
	if err != nil {
		return hook.Result{}, err
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	got, _ := g.queue.Wait(waiting, list[0].ID) // an error is the end of the wait
	if got == nil {
		return hook.Result{ID: list[0].ID, Status: ledger.Queued}, nil // it is durable, although it cannot be read now
	}
	return hook.Result{ID: got.ID, Status: got.Status, Code: got.Code, Reason: got.Reason}, nil
}

// find returns when the message of a hook with a ref was created.
func (g *Gateway) find(ctx context.Context, name, ref string) (created time.Time, found bool, err error) {
	list, _, err := g.ledger.Messages(ctx, ledger.Filter{Namespace: hookNamespace(name), Ref: ref, Limit: 1})
	if err != nil || len(list) == 0 {
		return time.Time{}, false, err
	}
	return list[0].CreatedAt, true, nil
}
