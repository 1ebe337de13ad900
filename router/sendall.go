package router

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/anysms/anysms/provider"
)

// SendAll sends the messages of a sequence, several at a time, while the caller
// ranges over the results. Results come in no particular order; [Result].Index is
// the message's place in the sequence. Every message that was taken from the
// sequence has exactly one result. Memory does not grow with the length of the
// sequence.
//
// An error means that nothing was taken from the sequence: the router is closed.
// The results can be ranged over once.
//
// When the context ends, no further message is taken, and those under way end
// with what can be proven of them. When the caller stops ranging, SendAll waits
// for what is under way and hands those results to Options.OnLate. The sequence
// runs in a goroutine of its own, which has ended when the results have.
//
// Messages with the same Ref are one message: the first of the sequence is sent, the
// others get its result, or are invalid_message if their content differs. For this
// SendAll remembers what it sent under a Ref, unless a journal or a store does.
//
// With a [Journal] SendAll resumes: a message that the journal knows as accepted
// is not sent again, one whose outcome it does not know follows its delivery mode,
// any other is sent. Messages are recognized by Ref, else by their content and
// their ordinal among equal ones.
//
// While every provider that could take a message is out for the time being, the
// message is held, at most for Options.Hold, and so after a while no further one is
// taken. [NoticeHold] and [NoticeResumed] tell of it.
//
// Providers with a Batch are handed several messages in one request, except for
// one-time codes.
func (r *Router) SendAll(ctx context.Context, ms iter.Seq[*provider.Message]) (iter.Seq2[*Result, error], error) {
	s := r.setup.Load()
	if s == nil {
		return nil, notBegun(errClosed)
	}
	o := &s.options
	b := &bulk{
		router: r, onLate: o.OnLate, workers: o.Concurrency, journal: o.Journal,
		items: make(chan item), rows: make(chan row), stop: make(chan struct{}),
	}
	if o.Hold > 0 {
		b.outages = &outages{limit: o.Hold, stop: b.stop}
	}
	b.refs.remembers = o.Journal == nil && o.Store == nil
	b.storeRecalls = s.combined && o.Store != nil && o.StoreOptions.OnError == FailClosed
	var ranged atomic.Bool
	return func(yield func(*Result, error) bool) {
		if ranged.CompareAndSwap(false, true) {
			b.run(ctx, ms, yield)
		}
	}, nil
}

func notBegun(cause error) error {
	return &Error{Status: provider.OutcomeNotSent, Code: provider.Unavailable, message: provider.Mask(cause.Error()), cause: cause}
}

// bulk is one SendAll: a producer takes messages from the sequence, workers send
// them, and the caller's goroutine hands out the results.
type bulk struct {
	router  *Router
	onLate  func(*Result, error)
	workers int
	journal Journal // nil = none
	// storeRecalls is whether the store, without which nothing is sent, is the journal
	// too: then it need not be asked twice about a message with a Ref.
	storeRecalls bool
	refs         refs
	outages      *outages // nil = messages are not held

	items chan item
	rows  chan row
	stop  chan struct{} // closed when the caller has stopped ranging

	abandoned *item // was taken when the caller stopped
}

type item struct {
	index   int
	message *provider.Message
	ticket  *ticket // nil = without a Ref
	job     job
}

type row struct {
	result *Result
	err    error
}

func (b *bulk) run(ctx context.Context, ms iter.Seq[*provider.Message], yield func(*Result, error) bool) {
	var failure any // a panic of the sequence belongs to the caller's goroutine
	var producer, workers sync.WaitGroup
	producer.Go(func() {
		defer close(b.items)
		defer func() { failure = recover() }()
		b.produce(ctx, ms)
	})
	for range b.workers {
		workers.Go(func() { b.work(ctx) })
	}
	go func() {
		workers.Wait()
		close(b.rows)
	}()
	defer func() {
		producer.Wait()
		if b.abandoned != nil {
			b.late(b.abandoned.abandon())
		}
	}()
	b.handOut(yield)
	producer.Wait()
	if failure != nil {
		panic(failure)
	}
}

// produce takes messages from the sequence until it ends, the context does, or
// the caller stops.
func (b *bulk) produce(ctx context.Context, ms iter.Seq[*provider.Message]) {
	var keys Keys
	index, together := 0, &batchers{ctx: ctx}
	for m := range ms {
		it := item{index: index, message: m, job: job{batchers: together, outages: b.outages}}
		if m != nil && (m.Ref != "" || b.journal != nil) {
			it.job.key = keys.Key(m)
		}
		if m != nil && m.Ref != "" {
			it.ticket = b.refs.line(m.Ref)
		}
		// A message that was taken has a result, even if the context ends now.
		select {
		case b.items <- it:
		case <-b.stop:
			b.abandoned = &it
			return
		}
		index++
		if ctx.Err() != nil {
			return
		}
	}
}

func (b *bulk) work(ctx context.Context) {
	for it := range b.items {
		result, err := b.send(ctx, &it)
		result.Index, result.Key = it.index, it.job.key
		b.rows <- row{result, err}
	}
}

// send sends a message; one with a Ref after those before it with this Ref.
func (b *bulk) send(ctx context.Context, it *item) (*Result, error) {
	m, j := it.message, &it.job
	if it.ticket == nil {
		j.prior, j.err = b.recall(ctx, it)
		return b.router.through(ctx, b.router.middleware, m, *j)
	}
	c := contentOf(m)
	j.content = c.String()
	if j.err = b.refs.enter(ctx, it.ticket); j.err != nil {
		return b.router.through(ctx, b.router.middleware, m, *j)
	}
	defer b.refs.leave(m.Ref, it.ticket)
	if b.refs.remembers {
		j.prior, j.err = b.refs.recall(m.Ref, c)
	} else {
		j.prior, j.err = b.recall(ctx, it)
	}
	result, err := b.router.through(ctx, b.router.middleware, m, *j)
	b.refs.remember(m.Ref, c, result)
	return result, err
}

// recall returns what the journal knows of a message. The error says why it must not
// be sent.
func (b *bulk) recall(ctx context.Context, it *item) (*Result, error) {
	if b.journal == nil || it.job.key == "" {
		return nil, nil
	}
	if b.storeRecalls && it.message.Ref != "" {
		it.job.lookFirst = true
		return nil, nil
	}
	entries, err := b.journal.Find(ctx, it.job.key, it.job.content)
	switch {
	case errors.Is(err, ErrRefReused):
		return nil, reusedRef()
	case err != nil:
		return nil, &provider.Error{Code: provider.Unavailable, Err: fmt.Errorf("the journal cannot be read: %w", err)}
	}
	return priorOf(entries), nil
}

// handOut hands results to the caller, and to OnLate once the caller has stopped.
func (b *bulk) handOut(yield func(*Result, error) bool) {
	defer func() { // also if the caller's loop panics
		close(b.stop)
		for a := range b.rows {
			b.late(a)
		}
	}()
	for a := range b.rows {
		if !yield(a.result, a.err) {
			return
		}
	}
}

func (b *bulk) late(a row) {
	if b.onLate != nil {
		b.onLate(a.result, a.err)
	}
}

// abandon is what becomes of a message that was taken and not sent, because the
// caller stopped.
func (it *item) abandon() row {
	p := plan{message: it.message}
	result, err := p.refused(&provider.Error{Code: provider.Unavailable, Err: context.Canceled})
	result.Index, result.Key = it.index, it.job.key
	return row{result, result.failure(err)}
}
