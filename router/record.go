package router

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/anysms/anysms/provider"
)

// record is what outlives the send of one message: its claim and result in the
// store, under its Ref, and its intents and outcome in the journal, under its
// key.
type record struct {
	message  *provider.Message
	store    Store   // nil = none
	journal  Journal // nil = none
	options  *StoreOptions
	observer *observer

	key     string // in the journal; "" = not chosen yet
	claimed bool   // the claim is ours to finish
}

func newRecord(s *setup, m *provider.Message, key string) record {
	o := &s.options
	return record{message: m, store: o.Store, journal: o.Journal, options: &o.StoreOptions, observer: &s.observer, key: key}
}

// claim claims the Ref, and waits while another send has it. An accepted prior is the
// result of this send; an unknown one passes its doubt on. The error says why the
// message must not be sent.
func (r *record) claim(ctx context.Context, deadline time.Time) (prior *Result, err error) {
	if r.store == nil || r.message.Ref == "" {
		return nil, nil
	}
	prior, err = r.begin(ctx, deadline)
	switch {
	case err == nil:
		r.claimed = prior == nil || prior.Status != provider.OutcomeAccepted
		return prior, nil
	case errors.Is(err, ErrRefReused):
		return nil, provider.NewError(provider.InvalidMessage, ErrRefReused.Error())
	case errors.Is(err, ErrInFlight): // and there is no time left to wait
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", err, context.Cause(ctx))
		}
		return nil, &provider.Error{Code: provider.Indeterminate, Err: err}
	case ctx.Err() != nil, r.options.OnError == FailClosed:
		return nil, &provider.Error{Code: provider.Unavailable, Err: err}
	}
	r.observer.fault(r.message.Ref, err)
	return nil, nil
}

func (r *record) begin(ctx context.Context, deadline time.Time) (*Result, error) {
	content := fingerprint(r.message)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		prior, err := r.store.Begin(ctx, r.message.Ref, content, r.options.Keep)
		if !errors.Is(err, ErrInFlight) {
			return prior, err
		}
		left := timeUntil(deadline)
		if left == 0 || sleep(ctx, min(wait, left)) != nil {
			return nil, err
		}
	}
}

// storeTime bounds the recording of a result after the caller is gone.
const storeTime = 5 * time.Second

// finish releases the claim and stores the result, even if the caller's context has
// ended: what was sent must not be forgotten.
func (r *record) finish(ctx context.Context, result *Result) {
	if !r.claimed {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	if err := r.store.Finish(ctx, r.message.Ref, result); err != nil {
		r.observer.fault(r.message.Ref, err)
	}
}

// intent writes to the journal that bytes may leave now.
func (r *record) intent(ctx context.Context, name string) error {
	if r.journal == nil {
		return nil
	}
	switch {
	case r.key != "":
	case r.message.Ref != "":
		r.key = numbered(r.message.Ref, 1)
	default:
		r.key = fingerprint(r.message) + "-" + rand.Text()
	}
	return r.journal.Intent(ctx, JournalEntry{Key: r.key, Provider: name, At: time.Now()})
}

// outcome writes to the journal what became of the message. The result is returned
// even if that fails.
func (r *record) outcome(ctx context.Context, result *Result) {
	if r.journal == nil || r.key == "" || result.Replayed {
		return
	}
	e := JournalEntry{Key: r.key, Provider: result.Provider, Outcome: result.Status, Code: result.Code, ID: result.ID, At: time.Now()}
	if err := r.journal.Outcome(context.WithoutCancel(ctx), e); err != nil {
		r.observer.fault(r.message.Ref, err)
	}
}
