package router

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
)

// DefaultConcurrency is how many messages SendAll has under way if Options does
// not say.
const DefaultConcurrency = 64

// SendAll sends the messages of a sequence, several at a time and in no
// particular order; [Result].Index tells whose a result is. Every message that
// was taken from the sequence is answered once. Memory does not grow with the
// length of the sequence.
//
// When the context ends, no further message is taken, and those under way come
// to what can be proven of them. When the consumer stops, SendAll waits for what
// is under way and hands those results to Options.OnLate. The sequence runs in a
// goroutine of its own; SendAll returns after it has.
//
// With a [Journal] SendAll resumes: a message that the journal knows as accepted
// is answered from it, one whose outcome it does not know follows its delivery
// mode, any other is sent. Messages are recognised by Ref, else by their content
// and their ordinal among equals.
//
// Providers with a Batch are handed several messages in one request, but for
// one-time codes.
func (r *Router) SendAll(ctx context.Context, ms iter.Seq[*provider.Message]) iter.Seq2[*Result, error] {
	return func(yield func(*Result, error) bool) {
		b, err := r.newBulk(ctx)
		if err != nil {
			err = &Error{Status: provider.OutcomeNotSent, Code: provider.Unavailable, message: provider.Mask(err.Error()), cause: err}
			yield(&Result{Index: -1, Status: provider.OutcomeNotSent, Code: provider.Unavailable, Message: provider.Mask(err.Error())}, err)
			return
		}
		b.run(ctx, ms, yield)
	}
}

// bulk is one SendAll.
type bulk struct {
	r       *Router
	onLate  func(*Result, error)
	workers int
	known   *recall // nil = no journal

	jobs    chan job
	answers chan answer
	stop    chan struct{} // closed when the consumer has stopped

	abandoned *job // taken when the consumer stopped
}

type job struct {
	index    int
	message  *provider.Message
	key      string  // in the journal
	prior    *Result // that the journal knows
	batchers *batchers
}

type answer struct {
	result *Result
	err    error
}

func (r *Router) newBulk(ctx context.Context) (*bulk, error) {
	b := &bulk{r: r, workers: DefaultConcurrency, jobs: make(chan job), answers: make(chan answer), stop: make(chan struct{})}
	s := r.setup.Load()
	if s == nil {
		return b, nil // each message is told that the router is closed
	}
	b.onLate = s.OnLate
	b.workers = s.Concurrency
	if s.Journal != nil {
		var err error
		b.known, err = readJournal(ctx, s.Journal)
		return b, err
	}
	return b, nil
}

func (b *bulk) run(ctx context.Context, ms iter.Seq[*provider.Message], yield func(*Result, error) bool) {
	var failure any // a panic of the sequence belongs to the consumer's goroutine
	var producer, workers sync.WaitGroup
	producer.Go(func() {
		defer close(b.jobs)
		defer func() { failure = recover() }()
		b.produce(ctx, ms)
	})
	for range b.workers {
		workers.Go(func() { b.work(ctx) })
	}
	go func() {
		workers.Wait()
		close(b.answers)
	}()
	defer func() {
		producer.Wait()
		if b.abandoned != nil {
			b.late(b.r.abandon(*b.abandoned))
		}
	}()
	b.deliver(yield)
	producer.Wait()
	if failure != nil {
		panic(failure)
	}
}

// produce takes messages from the sequence until it ends, the context does, or
// the consumer stops.
func (b *bulk) produce(ctx context.Context, ms iter.Seq[*provider.Message]) {
	index, together := 0, &batchers{ctx: ctx}
	for m := range ms {
		j := job{index: index, message: m, batchers: together}
		if b.known != nil && m != nil {
			j.key, j.prior = b.known.lookUp(m)
		}
		// A message that was taken is answered, even if the context ends now.
		select {
		case b.jobs <- j:
		case <-b.stop:
			b.abandoned = &j
			return
		}
		index++
		if ctx.Err() != nil {
			return
		}
	}
}

func (b *bulk) work(ctx context.Context) {
	for j := range b.jobs {
		result, err := b.r.Send(context.WithValue(ctx, jobKey{}, &j), j.message)
		result.Index = j.index
		b.answers <- answer{result, err}
	}
}

// jobKey carries a *job through the middleware to the send.
type jobKey struct{}

// deliver hands results to the consumer, and to OnLate once it has stopped.
func (b *bulk) deliver(yield func(*Result, error) bool) {
	defer func() { // also if the consumer panics
		close(b.stop)
		for a := range b.answers {
			b.late(a)
		}
	}()
	for a := range b.answers {
		if !yield(a.result, a.err) {
			return
		}
	}
}

func (b *bulk) late(a answer) {
	if b.onLate != nil {
		b.onLate(a.result, a.err)
	}
}

// abandon answers a message that was taken and not sent, as the consumer stopped.
func (r *Router) abandon(j job) answer {
	s := send{r: r, m: j.message, result: &Result{Index: j.index}, started: time.Now()}
	if j.message != nil {
		s.describe()
	}
	err := &provider.Error{Code: provider.Unavailable, Err: context.Canceled}
	s.refuse(err)
	return answer{s.result, s.result.failure(err)}
}
