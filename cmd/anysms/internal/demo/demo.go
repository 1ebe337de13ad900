// Package demo plays what happens when a vendor fails. Two fake vendors run on
// loopback and are driven by the real drivers over real HTTP; the first one goes
// down, comes back, and then takes messages without answering. At the end the
// vendors' own ledgers are compared with what the router said.
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

// senders is how many messages are under way at once.
const senders = 4

// Options say how fast the demo goes and who watches. The functions are called
// one at a time.
type Options struct {
	Pace     time.Duration // between two messages
	OnStart  func(Start)
	OnAct    func(Act)
	OnNotice func(router.Notice)
	OnResult func(*router.Result)
	OnActEnd func(Act)
}

// Start is what the demo begins with.
type Start struct {
	Messages            int
	FirstURL, SecondURL string
}

// Act is a part of the play.
type Act struct {
	Number int // from 1
	Title  string

	mode    httpcalltest.Mode // of the first vendor
	until   int               // share of the messages that are sent when it ends, in percent
	otp     bool              // every second message is a one-time code
	refused int               // messages with a number that cannot receive any
	again   bool              // what was not sent is sent again
}

func acts() []Act {
	all := []Act{
		{Title: "Both vendors work", mode: httpcalltest.Up, until: 22, refused: 3},
		{Title: First + " goes down: it refuses connections", mode: httpcalltest.Down, until: 46},
		{Title: First + " comes back", mode: httpcalltest.Up, until: 62},
		{Title: First + " takes messages and drops the connection: were they sent?", mode: httpcalltest.Drop, until: 82, otp: true},
		{Title: First + " answers again, and what was not sent is sent again", mode: httpcalltest.Up, until: 100, again: true},
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
	watch   sync.Mutex // around the functions of opts

	messages []*provider.Message
	sent     []*router.Result // by the place of the message; nil = not yet
}

// Run plays the demo. When the context ends it stops sending, waits for what is
// under way, and still gives the ledger of what was sent.
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

// messages makes one message of each example text, every one to a number of its
// own.
func messages() []*provider.Message {
	const firstNumber int64 = 306971230000 // a Greek mobile range
	var all []*provider.Message
	for i, text := range data.Messages() {
		to := e164.MustParse(fmt.Sprintf("+%d", firstNumber+int64(i)))
		all = append(all, &provider.Message{To: to, Text: text, Ref: fmt.Sprintf("demo-%d", i+1)})
	}
	return all
}

// act sends the messages from one place up to another.
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
	p.sendAll(ctx, places(from, to))
	if act.again {
		p.sendAgain(ctx)
	}
	p.opts.OnActEnd(act)
}

// sendAgain sends what no vendor has until one has it, which is safe: not sent is
// proven. It gives up on a vendor that stays away.
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

func places(from, to int) []int {
	var all []int
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

// notSent are the places of the messages that no vendor has.
func (p *play) notSent() []int {
	var all []int
	for i, r := range p.sent {
		if r != nil && r.Status == provider.OutcomeNotSent {
			all = append(all, i)
		}
	}
	return all
}

// sendAll sends the messages at the places, several at a time.
func (p *play) sendAll(ctx context.Context, places []int) {
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
	for _, i := range places {
		select {
		case <-ctx.Done():
		case <-tick.C:
			queue <- i
		}
	}
	close(queue)
	workers.Wait()
}

// send sends one message. It goes on when the demo is interrupted: the vendors
// are near, and half an attempt would only add doubt.
func (p *play) send(ctx context.Context, i int) {
	result, _ := p.vendors.router.Send(context.WithoutCancel(ctx), p.messages[i]) // the result says all that the error does
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

// account is what the router said of the messages.
func (p *play) account() []Sent {
	var all []Sent
	for i, r := range p.sent {
		if r == nil {
			continue // the demo was interrupted before it
		}
		m := p.messages[i]
		all = append(all, Sent{m.To.String(), m.Text, r.Status, r.DuplicatePossible, r.Segments})
	}
	return all
}
