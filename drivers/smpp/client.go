package smpp

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/provider"
)

// client makes single requests of the protocol.
type client struct {
	settings *settings
	pool     *pool

	mu       sync.Mutex
	throttle *backoff.ExponentialBackOff // from the first throttled request on; nil = none
}

// The pause after a throttled request: it grows until one is accepted.
const (
	firstThrottle   = 500 * time.Millisecond
	longestThrottle = 30 * time.Second
)

// call makes one request. An error is a *provider.Error; its code says what
// became of what was requested. If the connection ends before anything was
// written, another one is taken.
func (c *client) call(ctx context.Context, frame []byte, late func(wire.PDU)) (wire.PDU, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	for {
		session, err := c.pool.acquire(ctx)
		if err != nil {
			return wire.PDU{}, err
		}
		p, failed := session.exchange(ctx, frame, late)
		if failed == nil {
			c.pool.release(session)
			return p, c.verdict(p)
		}
		if !failed.written || ctx.Err() == nil {
			c.pool.release(session)
		} else { // the SMSC still counts it among those without a response
			time.AfterFunc(c.settings.Timeout.Std(), func() { c.pool.release(session) })
		}
		if failed.written || ctx.Err() != nil || !session.ending() {
			return p, &provider.Error{Code: failed.code(), Err: failed.err}
		}
		frame = slices.Clone(frame) // the ended session may still hold the other
	}
}

// bounded adds the timeout, unless the caller's is shorter.
func (c *client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= c.settings.Timeout.Std() {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, c.settings.Timeout.Std(), errTimeout)
}

var errTimeout = errors.New("no response from the SMSC within the timeout")

// verdict reads the command_status. A generic_nack says that the SMSC did not
// understand the request, and not what it did with it.
func (c *client) verdict(p wire.PDU) error {
	if p.Command == wire.GenericNack {
		e := c.settings.failure(p.Status)
		return &provider.Error{Code: provider.Indeterminate, VendorCode: e.VendorCode, VendorMessage: e.VendorMessage, Err: errors.New("the SMSC responded with generic_nack")}
	}
	if p.Status == statusOK {
		c.calm()
		return nil
	}
	e := c.settings.failure(p.Status)
	if e.Code == provider.RateLimited {
		e.RetryAfter = c.throttled()
	}
	return e
}

func (c *client) throttled() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.throttle == nil {
		c.throttle = pauses(firstThrottle, longestThrottle)
	}
	return c.throttle.NextBackOff()
}

func (c *client) calm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.throttle = nil
}

// submit makes one submit_sm and returns the SMSC's id.
func (c *client) submit(ctx context.Context, m *wire.Message, late func(wire.PDU)) (string, error) {
	frame, err := m.Submit(0)
	if err != nil {
		return "", &provider.Error{Code: provider.Unsupported, Err: err}
	}
	p, err := c.call(ctx, frame, late)
	if err != nil {
		return "", err
	}
	return c.accepted(p)
}

// accepted reads the id of a submit_sm_resp without an error. The standard
// allows an empty id, but a response without any is not one.
func (c *client) accepted(p wire.PDU) (string, error) {
	id, found := p.ID()
	if !found {
		return "", provider.NewError(provider.Indeterminate, "submit_sm_resp has no message_id")
	}
	return decimalID(c.settings.SubmitIDs, id), nil
}

// query makes one query_sm.
func (c *client) query(ctx context.Context, id string, source wire.Address) (wire.QueryResult, error) {
	frame, err := wire.Query{ID: id, Source: source}.Frame(0)
	if err != nil {
		return wire.QueryResult{}, &provider.Error{Code: provider.Unsupported, Err: err}
	}
	p, err := c.call(ctx, frame, nil)
	if err != nil {
		return wire.QueryResult{}, err
	}
	result, err := wire.ParseQueryResult(p.Body)
	if err != nil {
		return result, &provider.Error{Code: provider.Indeterminate, Err: err}
	}
	if result.ID != id {
		return result, provider.NewError(provider.Indeterminate, "query_sm_resp is about another message")
	}
	return result, nil
}

// cancel makes one cancel_sm.
func (c *client) cancel(ctx context.Context, id string, source wire.Address) error {
	frame, err := wire.Cancel{ServiceType: c.settings.ServiceType, ID: id, Source: source}.Frame(0)
	if err != nil {
		return &provider.Error{Code: provider.Unsupported, Err: err}
	}
	_, err = c.call(ctx, frame, nil)
	return err
}

// check tests a connection.
func (c *client) check(ctx context.Context) error {
	_, err := c.call(ctx, wire.PDU{Command: wire.EnquireLink}.Append(nil), nil)
	return err
}
