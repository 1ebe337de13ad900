// Package demo has the command demo, which shows what happens when a vendor fails.
// Two fake vendors run on loopback, and the real drivers talk to them over HTTP.
// The first vendor goes down, comes back, and then accepts messages without
// replying. At the end, the results are compared with what the vendors received.
// It is the only part of the command that links fakes of vendors.
package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/anysms/anysms/examples/data"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
	"github.com/anysms/anysms/router"
)

// senders is the number of messages in flight.
const senders = 4

// Options are the speed of the demo and its observers. The functions are never
// called concurrently.
type Options struct {
	Pace     time.Duration // between two messages
	OnStart  func(Start)
	OnAct    func(Act)
	OnNotice func(router.Notice)
	OnResult func(*router.Result)
	OnActEnd func(Act)
}

// Start describes the demo.
type Start struct {
	Messages            int
	FirstURL, SecondURL string
}

// Act is a part of the demo.
type Act struct {
	Number int // from 1
	Title  string

	mode    httpcalltest.Mode // of the first vendor
	until   int               // percentage of the messages sent when it ends
	otp     bool              // every second message is a one-time code
	refused int               // messages to landlines, which are refused
	again   bool              // messages that were not sent are sent again
}

func acts() []Act {
	all := []Act{
		{Title: "Both vendors work", mode: httpcalltest.Up, until: 22, refused: 3},
		{Title: First + " goes down: it refuses connections", mode: httpcalltest.Down, until: 46},
		{Title: First + " comes back", mode: httpcalltest.Up, until: 62},
		{Title: First + " accepts, but drops the connection: were they sent?", mode: httpcalltest.Drop, until: 82, otp: true},
		{Title: First + " replies again; what was not sent is sent again", mode: httpcalltest.Up, until: 100, again: true},
	}
	for i := range all {
		all[i].Number = i + 1
	}
	return all
}

// play is one run of the demo.
type play struct {
	opts    Options
	vendors *vendors
	watch   sync.Mutex // serialises the functions of opts

	messages []*provider.Message
	sent     []*router.Result // by index of the message; nil = not yet
}

// Run runs the demo. When the context ends, it stops sending, waits for messages
// in flight, and returns the ledger of what was sent.
func Run(ctx context.Context, opts Options) (ledger *Ledger, err error) {
	p := &play{opts: opts, messages: messages()}
	p.sent = make([]*router.Result, len(p.messages))
	if p.vendors, err = openVendors(opts.Pace, p.notice); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.vendors.close(context.WithoutCancel(ctx))) }()
	opts.OnStart(Start{len(p.messages), p.vendors.first.URL, p.vendors.second.URL})

	next := 0
	for _, act := range acts() {
		if ctx.Err() != nil {
			break
		}
		if err := p.vendors.first.SetMode(act.mode); err != nil {
			return nil, err
		}
		end := act.until * len(p.messages) / 100
		p.act(ctx, act, next, end)
		next = end
	}
	return Audit(p.account(), p.vendors.held()), nil
}

// messages makes one message of each example text, each to a different number.
func messages() []*provider.Message {
	const firstNumber int64 = 306971230000 // a Greek mobile range
	var all []*provider.Message
	for i, text := range data.Messages() {
		to := e164.MustParse(fmt.Sprintf("+%d", firstNumber+int64(i)))
		all = append(all, &provider.Message{To: to, Text: text, Ref: fmt.Sprintf("demo-%d", i+1)})
	}
	return all
}

// act sends the messages from index from up to to.
func (p *play) act(ctx context.Context, act Act, from, to int) {
	p.opts.OnAct(act)
	for i := from; i < to; i++ {
		if act.otp && i%2 == 0 {
			p.messages[i].Class = provider.OTP
		}
		if i-from < act.refused {
			p.messages[i].To = e164.MustParse(fmt.Sprintf("+30210123450%d", i-from)) // a landline
		}
	}
	p.sendAll(ctx, indexes(from, to))
	if act.again {
		p.sendAgain(ctx)
	}
	p.opts.OnActEnd(act)
}

// sendAgain sends the messages that were not sent, several times if necessary. That
// is safe, as the outcome not_sent is proven.
func (p *play) sendAgain(ctx context.Context) {
	const rounds = 10
	for range rounds {
		left := p.notSent()
		if len(left) == 0 || ctx.Err() != nil {
			return
		}
		p.sendAll(ctx, left)
	}
}

func indexes(from, to int) []int {
	var all []int
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

// notSent returns the indexes of the messages that were not sent.
func (p *play) notSent() []int {
	var all []int
	for i, r := range p.sent {
		if r != nil && r.Status == provider.OutcomeNotSent {
			all = append(all, i)
		}
	}
	return all
}

// sendAll sends the messages at the indexes, several at a time.
func (p *play) sendAll(ctx context.Context, indexes []int) {
	queue := make(chan int)
	var workers sync.WaitGroup
	for range senders {
		workers.Go(func() {
			for i := range queue {
				p.send(ctx, i)
			}
		})
	}
	tick := time.NewTicker(p.opts.Pace)
	defer tick.Stop()
	for _, i := range indexes {
		select {
		case <-ctx.Done():
		case <-tick.C:
			queue <- i
		}
	}
	close(queue)
	workers.Wait()
}

// send sends one message. An interruption does not cancel it, as that would only
// make its outcome unknown.
func (p *play) send(ctx context.Context, i int) {
	result, _ := p.vendors.router.Send(context.WithoutCancel(ctx), p.messages[i]) // the result includes the error
	p.watch.Lock()
	defer p.watch.Unlock()
	p.sent[i] = result
	p.opts.OnResult(result)
}

func (p *play) notice(n router.Notice) {
	p.watch.Lock()
	defer p.watch.Unlock()
	p.opts.OnNotice(n)
}

// account returns the results of the messages.
func (p *play) account() []Sent {
	var all []Sent
	for i, r := range p.sent {
		if r == nil {
			continue // interrupted before it was sent
		}
		m := p.messages[i]
		all = append(all, Sent{m.To.String(), m.Text, r.Status, r.DuplicatePossible, r.Segments})
	}
	return all
}
