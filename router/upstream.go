package router

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/sleep"
)

// upstream is an [Upstream] at work: the provider, its limits and its health,
// which outlives a reload.
type upstream struct {
	name     string
	settings Upstream
	provider provider.Provider
	caps     provider.Capabilities
	limits   *limits
	health   *health
	observer *observer

	distinctTo bool // no recipient twice in one batch
}

// newUpstream makes an upstream. It has the limits and the health of the one that had
// its name before, if there was one.
func newUpstream(settings Upstream, breaker Breaker, o *observer, old *upstream) *upstream {
	u := &upstream{name: settings.Name, settings: settings, provider: settings.Provider, caps: settings.Capabilities(), observer: o}
	u.distinctTo = slices.Contains(u.caps.BatchRules, provider.DistinctTo)
	if old != nil {
		u.limits, u.health = old.limits, healthFor(old.health, breaker)
		return u
	}
	u.limits, u.health = new(limits), newHealth(breaker)
	return u
}

// limited reports whether a message may have to wait for its turn.
func (u *upstream) limited() bool {
	s := &u.settings
	return s.RateLimit > 0 || s.SegmentRate > 0 || s.Limiter != nil || !u.limits.slots.open()
}

// batchSize is how many messages one request may hold; below 2 there are no
// batches.
func (u *upstream) batchSize() int {
	if !u.caps.Has(provider.HasBatch) {
		return 0
	}
	return min(u.settings.Batch, u.caps.MaxBatch)
}

// parkedUntil returns when the pause ends that the vendor asked for; zero = there is
// none, or an override lifts it.
func (u *upstream) parkedUntil() time.Time {
	if u.health.overridden() == OverrideIn {
		return time.Time{}
	}
	return u.health.parkedUntil()
}

// acquire waits for a slot and for the limiters, at most for patience. If that is less
// than the time that the message has, busy is set, and it fails with a busyError.
// Whoever gets nil must call release, or giveBack if it makes no call. segments is 0
// for calls that send nothing.
func (u *upstream) acquire(ctx context.Context, segments int, deadline time.Time, patience time.Duration, busy bool) error {
	began := time.Now()
	if err := u.limits.slots.take(ctx, patience, busy); err != nil {
		return err
	}
	if patience < Forever {
		patience = max(0, patience-time.Since(began))
	}
	if err := u.takeUnits(ctx, segments, deadline, patience, busy); err != nil {
		u.release()
		return err
	}
	return nil
}

func (u *upstream) release() { u.limits.slots.release() }

// giveBack returns what acquire took.
func (u *upstream) giveBack(segments int) {
	u.returnUnits(1, segments, 0)
	u.release()
}

// takeUnits asks both limiters and waits for the slower one. What it took and cannot
// use it gives back.
func (u *upstream) takeUnits(ctx context.Context, segments int, deadline time.Time, patience time.Duration, busy bool) error {
	wait, err := u.takeCall(ctx, patience, deadline)
	if err != nil {
		return lateOr(err, wait, busy)
	}
	more, ok, _ := u.limits.segments.Reserve(ctx, segments, patience)
	if !ok {
		u.returnUnits(1, 0, wait)
		return lateOr(errNoTime, more, busy)
	}
	began := time.Now()
	if wait = max(wait, more); wait == 0 {
		return nil
	}
	if err := sleep.For(ctx, wait); err != nil {
		u.returnUnits(1, segments, wait-time.Since(began))
		return err
	}
	return nil
}

func lateOr(err error, wait time.Duration, busy bool) error {
	if busy && errors.Is(err, errNoTime) {
		return busyError(wait)
	}
	return err
}

// returnUnits gives units back, left before they could have been used.
func (u *upstream) returnUnits(calls, segments int, left time.Duration) {
	if segments > 0 {
		_ = u.limits.segments.Return(context.Background(), segments, left)
	}
	if shared := u.settings.Limiter; shared != nil {
		go func() { // nobody waits for it, and what is lost with an error comes back with time
			ctx, cancel := context.WithTimeout(context.Background(), limiterTime)
			defer cancel()
			_ = shared.Return(ctx, calls, left)
		}()
		return
	}
	_ = u.limits.calls.Return(context.Background(), calls, left)
}

// takeCall takes one call from the provider's limiter. If a shared one cannot be
// reached and the settings allow it, the limit of this process is in force.
func (u *upstream) takeCall(ctx context.Context, patience time.Duration, deadline time.Time) (time.Duration, error) {
	var wait time.Duration
	var ok bool
	var err error
	if u.settings.Limiter != nil && !u.limits.sharedDown.recent() {
		wait, ok, err = u.askShared(ctx, patience, min(limiterTime, timeUntil(deadline)/4))
		switch {
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		case err != nil && u.settings.LimiterOnError == FailClosed:
			return 0, fmt.Errorf("%w: %w", errLimiter, err)
		case err != nil:
			u.limits.sharedDown.note()
			u.observer.limiterDown(u.name, fmt.Errorf("%w: %w", errLimiter, err))
		case !ok:
			u.limits.sharedFull.note(wait)
		}
	}
	if u.settings.Limiter == nil || err != nil || u.limits.sharedDown.recent() {
		wait, ok, _ = u.limits.calls.Reserve(ctx, 1, patience)
	}
	if !ok {
		return wait, errNoTime
	}
	return wait, nil
}

// limiterTime bounds a call to a shared limiter.
const limiterTime = time.Second

// askShared asks the shared limiter and waits no longer than a given time: clients of
// databases do not always look at the context.
func (u *upstream) askShared(ctx context.Context, patience, most time.Duration) (time.Duration, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	type reply struct {
		wait time.Duration
		ok   bool
		err  error
	}
	replies := make(chan reply)
	go func() {
		wait, ok, err := u.settings.Limiter.Reserve(ctx, 1, patience)
		select {
		case replies <- reply{wait, ok, err}:
		case <-ctx.Done(): // nobody waits for it any more
			if ok && err == nil {
				u.returnUnits(1, 0, wait)
			}
		}
	}()
	select {
	case r := <-replies:
		return r.wait, r.ok, r.err
	case <-ctx.Done():
		return 0, false, context.Cause(ctx)
	}
}

// closeAll closes the providers of upstreams, except those that others use too.
func closeAll(upstreams, others []*upstream) error {
	var errs []error
	for _, u := range upstreams {
		if !slices.ContainsFunc(others, u.sharesProvider) {
			errs = append(errs, provider.Close(u.provider))
		}
	}
	return errors.Join(errs...)
}

// sharesProvider reports whether two upstreams have the same provider. Values
// that cannot be compared count as the same if their types are.
func (u *upstream) sharesProvider(other *upstream) bool {
	a, b := reflect.ValueOf(u.provider), reflect.ValueOf(other.provider)
	return a.Type() == b.Type() && (!a.Comparable() || a.Equal(b))
}
