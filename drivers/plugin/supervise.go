package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Pauses between restarts.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 30 * time.Second
)

// supervise runs one process after the other, until Close.
func (p *Provider) supervise(ctx context.Context, proc *process) {
	defer close(p.supervised)
	log := p.config.logger().With("plugin", proc.description.Name)
	starts := p.newBudget()
	for {
		why := p.watch(ctx, proc)
		if why == nil {
			p.closeErr = p.finish(proc)
			return
		}
		p.down(why)
		log.Warn("plugin is restarted", "reason", why.Error(), "pid", proc.child.pid)
		p.drop(proc)
		if proc = p.restart(ctx, starts, why); proc == nil {
			return
		}
		log.Info("plugin restarted", "pid", proc.child.pid)
	}
}

// watch returns why the process has to be replaced, or nil at Close.
func (p *Provider) watch(ctx context.Context, proc *process) error {
	timeout := p.config.HealthTimeout.Or(DefaultHealthTimeout)
	ticks := time.NewTicker(p.config.HealthInterval.Or(DefaultHealthInterval))
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-proc.child.ended:
			return errors.New(proc.child.obituary())
		case why := <-proc.hung:
			return why
		case <-p.suspect:
		case <-ticks.C:
		}
		if err := proc.healthy(timeout); err != nil {
			proc.child.kill() // calls in progress would only wait for their deadlines
			return err
		}
	}
}

// drop ends a process that is dead, or hangs. Calls in progress may end first;
// if the process is dead, they have ended by themselves.
func (p *Provider) drop(proc *process) {
	select {
	case <-proc.gate.Close():
	case <-proc.child.ended:
	case <-time.After(p.config.Timeout.Or(DefaultTimeout)):
	}
	proc.kill()
	<-proc.gate.Close()
	if proc.stream != nil {
		proc.stream.close()
	}
}

// finish ends a healthy process: first the calls in progress, then the account,
// then the program.
func (p *Provider) finish(proc *process) error {
	select {
	case <-proc.gate.Close():
	case <-proc.child.ended:
	case <-time.After(p.config.Timeout.Or(DefaultTimeout)):
	}
	if proc.stream != nil {
		proc.stream.close()
	}
	_, err := proc.end()
	return err
}

// restart starts the program until it runs, or ctx ends.
func (p *Provider) restart(ctx context.Context, starts *budget, why error) *process {
	for {
		wait := starts.next(time.Now())
		p.down(fmt.Errorf("%w; it restarts in %s", why, wait.Round(time.Millisecond)))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
		var proc *process
		if proc, why = p.start(ctx); why == nil {
			return proc
		}
		p.config.logger().Warn("plugin could not be restarted", "reason", why.Error())
	}
}

// budget limits and spaces restarts.
type budget struct {
	most   int
	window time.Duration
	pause  *backoff.ExponentialBackOff
	past   []time.Time
}

func (p *Provider) newBudget() *budget {
	pause := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(firstPause), backoff.WithMaxInterval(maxPause), backoff.WithMaxElapsedTime(0))
	return &budget{most: p.config.restarts(), window: p.config.RestartWindow.Or(DefaultRestartWindow), pause: pause}
}

// forever is how long a budget of no restarts waits.
const forever = 1 << 62

// next returns how long to wait for the next start, and counts it. Once the
// limit is reached, that is until the oldest start has left the window.
func (b *budget) next(now time.Time) time.Duration {
	if b.most == 0 {
		return forever
	}
	for len(b.past) > 0 && now.Sub(b.past[0]) > b.window {
		b.past = b.past[1:]
	}
	if len(b.past) == 0 {
		b.pause.Reset()
	}
	wait := b.pause.NextBackOff()
	if len(b.past) >= b.most {
		wait = max(wait, b.window-now.Sub(b.past[len(b.past)-b.most]))
	}
	b.past = append(b.past, now.Add(wait))
	return wait
}
