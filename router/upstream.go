package router

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
)

// upstream is an [Upstream] at work: the provider, its limits and its health,
// which outlives a reload.
type upstream struct {
	name     string
	settings Upstream
	provider provider.Provider
	caps     provider.Capabilities
	calls    Limiter       // nil = no limit
	segments Limiter       // nil = no limit
	slots    chan struct{} // one for each call under way; nil = no limit
	health   *health

	distinctTo bool // no recipient twice in one batch
}

func newUpstream(settings Upstream, maxSegments int, h *health) *upstream {
	u := &upstream{
		name: settings.Name, settings: settings, provider: settings.Provider,
		caps: settings.Capabilities(), calls: settings.Limiter, health: h,
	}
	u.distinctTo = slices.Contains(u.caps.BatchRules, provider.DistinctTo)
	if u.calls == nil && settings.RateLimit > 0 {
		u.calls = newBucket(settings.RateLimit, 1)
	}
	if settings.SegmentRate > 0 {
		u.segments = newBucket(settings.SegmentRate, maxSegments)
	}
	if settings.MaxInFlight > 0 {
		u.slots = make(chan struct{}, settings.MaxInFlight)
	}
	return u
}

// batchSize is how many messages one request may hold; below 2 there are no
// batches.
func (u *upstream) batchSize() int {
	if !u.caps.Has(provider.HasBatch) {
		return 0
	}
	return min(u.settings.Batch, u.caps.MaxBatch)
}

// outOfUse says why the provider must not be called now; "" = it may be. As a
// last resort an open breaker does not count.
func (u *upstream) outOfUse(c circuit, lastResort bool) string {
	override := u.health.overridden()
	switch {
	case override == OverrideOut:
		return "an override takes it out of use"
	case override != OverrideIn && !lastResort && c.isOpen():
		return "its circuit breaker is open"
	}
	return ""
}

// Why the limits let no attempt through.
var (
	errNoTime  = errors.New("its limits allow no attempt before the deadline")
	errLimiter = errors.New("its rate limiter cannot be reached")
)

// busyError says how long a limit would delay the message.
type busyError time.Duration

func (busyError) Error() string { return "its limits would delay the message" }

// acquire waits for a slot and for the limiters, at most until the deadline
// (zero = none). With overflow set it does not wait but fails with a busyError.
// Whoever gets nil must call release. segments is 0 for calls that send nothing.
func (u *upstream) acquire(ctx context.Context, segments int, deadline time.Time, overflow bool) error {
	if err := u.takeSlot(ctx, deadline, overflow); err != nil {
		return err
	}
	if err := u.takeUnits(ctx, segments, deadline, overflow); err != nil {
		u.release()
		return err
	}
	return nil
}

func (u *upstream) release() {
	if u.slots != nil {
		<-u.slots
	}
}

func (u *upstream) takeSlot(ctx context.Context, deadline time.Time, overflow bool) error {
	if u.slots == nil {
		return nil
	}
	select {
	case u.slots <- struct{}{}:
		return nil
	default:
	}
	if overflow {
		return busyError(0)
	}
	var late <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case u.slots <- struct{}{}:
		return nil
	case <-late:
		return errNoTime
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// takeUnits asks both limiters and waits for the slower one.
func (u *upstream) takeUnits(ctx context.Context, segments int, deadline time.Time, overflow bool) error {
	patience := timeUntil(deadline)
	if overflow {
		patience = 0
	}
	wait, err := reserve(ctx, u.calls, 1, patience)
	if err == nil && segments > 0 {
		var more time.Duration
		more, err = reserve(ctx, u.segments, segments, patience)
		wait = max(wait, more)
	}
	switch {
	case errors.Is(err, errNoTime) && overflow:
		return busyError(wait)
	case err != nil || wait == 0:
		return err
	}
	return sleep(ctx, wait)
}

func reserve(ctx context.Context, l Limiter, n int, patience time.Duration) (time.Duration, error) {
	if l == nil {
		return 0, nil
	}
	wait, ok, err := l.Reserve(ctx, n, patience)
	switch {
	case err != nil:
		return 0, errors.Join(errLimiter, err)
	case !ok:
		return wait, errNoTime
	}
	return wait, nil
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
