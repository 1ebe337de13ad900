package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/drivers/plugin/internal/toproto"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/redact"
)

var errClosed = errors.New("the provider is closed")

// Provider is an account that a plugin serves. It has the methods of every
// optional interface; Capabilities say which of them work.
type Provider struct {
	config      Config
	description Description
	caps        provider.Capabilities

	current atomic.Pointer[process] // nil while there is none
	out     atomic.Pointer[output]  // of the latest process
	reason  atomic.Pointer[error]   // why there is none
	suspect chan struct{}           // asks for a health check now

	callbacks   sync.Mutex // held while a callback URL is set, and while a process is put into use
	callbackURL string     // "" = none was set

	listening  sync.Mutex      // held by Listen
	life       context.Context // ends with Close
	stop       context.CancelFunc
	stopOnce   sync.Once
	supervised chan struct{} // closed when the supervisor has ended; closeErr is set then
	closeErr   error
}

// Description is what a plugin says about itself.
type Description struct {
	Name     string
	Doc      string
	Version  string             // the plugin's own; "" = it has none
	Protocol int                // the version that both sides speak
	Settings []provider.Setting // what [Config].Settings may hold
}

// New starts the plugin and opens its account, for at most Config.StartTimeout.
// Bad settings are a *provider.ConfigError, those of the driver under
// "config.".
func New(c Config) (*Provider, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Provider{config: c, life: ctx, stop: stop, suspect: make(chan struct{}, 1), supervised: make(chan struct{})}
	proc, err := p.start(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	go p.supervise(ctx, proc)
	return p, nil
}

// Inspect starts a plugin, reads its description, and ends it. No account is
// opened.
func Inspect(ctx context.Context, c Config) (*Description, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.StartTimeout.Or(DefaultStartTimeout))
	defer cancel()
	proc, err := launch(ctx, &c)
	if err != nil {
		return nil, err
	}
	if err := proc.healthy(c.HealthTimeout.Or(DefaultHealthTimeout)); err != nil {
		proc.kill()
		return nil, err
	}
	willing, err := proc.end()
	if !willing {
		err = fmt.Errorf("it did not exit within %s of being asked to", endGrace)
	}
	return &proc.description, err
}

// start runs the program and opens the account. A second process must have the
// capabilities of the first.
func (p *Provider) start(ctx context.Context) (*process, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.StartTimeout.Or(DefaultStartTimeout))
	defer cancel()
	proc, err := launch(ctx, &p.config)
	if err != nil {
		return nil, err
	}
	if err := proc.open(ctx, &p.config); err != nil {
		proc.kill()
		return nil, startError(ctx, proc.child, err)
	}
	switch {
	case p.description.Protocol == 0:
		p.caps, p.description = proc.caps, proc.description
	case !proc.caps.Equal(p.caps):
		proc.kill()
		return nil, fmt.Errorf("plugin %s: its capabilities have changed since the first start", proc.child.Name())
	}
	p.callbacks.Lock()
	defer p.callbacks.Unlock()
	if err := p.renew(ctx, proc); err != nil {
		proc.kill()
		return nil, startError(ctx, proc.child, err)
	}
	p.out.Store(proc.child.out)
	p.current.Store(proc)
	return proc, nil
}

// down makes calls fail at once. Once the provider is closed, that stays the
// reason.
func (p *Provider) down(why error) {
	if last := p.reason.Load(); last == nil || !errors.Is(*last, errClosed) {
		p.reason.Store(&why)
	}
	p.current.Store(nil)
}

// Describe returns what the plugin says about itself.
func (p *Provider) Describe() Description { return p.description }

// String names the plugin and reveals none of its settings.
func (p *Provider) String() string { return "plugin " + p.description.Name }

// GoString redacts like String.
func (p *Provider) GoString() string { return p.String() }

// LogValue redacts like String.
func (p *Provider) LogValue() slog.Value { return slog.StringValue(p.String()) }

// Capabilities returns what the plugin reported when it opened the account.
func (p *Provider) Capabilities() provider.Capabilities { return p.caps }

// Close lets calls in progress end, closes the account and ends the program. It
// may be called again.
func (p *Provider) Close() error {
	p.stopOnce.Do(func() {
		p.down(errClosed)
		p.stop()
	})
	<-p.supervised
	return p.closeErr
}

// Send hands the message to the plugin for one attempt.
func (p *Provider) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	message, err := carry(m)
	if err != nil {
		return nil, err
	}
	proc, err := p.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer proc.gate.Leave()
	receipt, err := p.sendOn(ctx, proc, message)
	return receipt, p.hide(err, m)
}

func (p *Provider) sendOn(ctx context.Context, proc *process, m *driverv1.Message) (*provider.Receipt, error) {
	if proc.stream != nil {
		return proc.stream.send(ctx, m)
	}
	answer, err := proc.driver.Send(ctx, &driverv1.SendRequest{Message: m})
	if err != nil {
		return nil, p.broken(ctx, err)
	}
	return sent(answer.GetReceipt(), answer.GetError())
}

// failure is the error that the plugin returned; nil = none.
func (p *Provider) failure(e *driverv1.Error, about ...*provider.Message) error {
	return p.hide(fromproto.Error(e), about...)
}

// hide returns an error without the account's secrets and without what it repeats
// of the messages: a plugin may write anything into it.
func (p *Provider) hide(err error, about ...*provider.Message) error {
	if err == nil {
		return nil
	}
	return redact.Message(redact.Error(err, p.out.Load().hide), about...)
}

// maxCarried is the largest message that is sent to a plugin; maxRequest is the
// largest batch, with room for overhead.
const (
	maxCarried = maxMessage / 4
	maxRequest = maxMessage - 4<<10
)

// carry converts a message for the plugin, or refuses it.
func carry(m *provider.Message) (*driverv1.Message, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	message, err := toproto.Message(m)
	if err != nil {
		return nil, err
	}
	if proto.Size(message) > maxCarried {
		return nil, provider.NewError(provider.InvalidMessage, "the message is larger than 1 MiB")
	}
	return message, nil
}

// enter returns the process for a call; leave must follow. If it fails, nothing
// was handed over.
func (p *Provider) enter(ctx context.Context) (*process, error) {
	if cause := context.Cause(ctx); cause != nil {
		return nil, &provider.Error{Code: provider.Unavailable, Err: cause}
	}
	proc := p.current.Load()
	if proc == nil || !proc.gate.Enter() {
		return nil, &provider.Error{Code: provider.Unavailable, Err: p.notRunning()}
	}
	return proc, nil
}

// bounded adds a deadline to a call that has none.
func bounded(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, timeout, errTimeout)
}

var errTimeout = errors.New("no response from the plugin within the timeout")

func (p *Provider) notRunning() error {
	why := p.reason.Load()
	switch {
	case why == nil:
		return errors.New("the plugin is being replaced")
	case errors.Is(*why, errClosed):
		return errClosed
	}
	return fmt.Errorf("the plugin is not running: %w", *why)
}

// broken makes the error of a call that failed in transport. A call that ran
// out of time triggers a health check.
func (p *Provider) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		select {
		case p.suspect <- struct{}{}:
		default:
		}
	}
	return lineError(ctx, err)
}

var (
	_ provider.Provider       = (*Provider)(nil)
	_ provider.BatchSender    = (*Provider)(nil)
	_ provider.StatusReader   = (*Provider)(nil)
	_ provider.Finder         = (*Provider)(nil)
	_ provider.Canceller      = (*Provider)(nil)
	_ provider.BalanceReader  = (*Provider)(nil)
	_ provider.Quoter         = (*Provider)(nil)
	_ provider.Verifier       = (*Provider)(nil)
	_ provider.CallbackParser = (*Provider)(nil)

	_ provider.CallbackRequester = (*Provider)(nil)

	_ provider.InboxReader = (*Provider)(nil)
	_ provider.EventSource = (*Provider)(nil)
	_ provider.Checker     = (*Provider)(nil)
	_ io.Closer            = (*Provider)(nil)
)
