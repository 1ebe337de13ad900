package conformance

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// trial is one run of a case. Its methods are called by the case's goroutine only.
type trial struct {
	*suite
	id      string
	doing   atomic.Pointer[string] // the call that is under way or was the last
	ended   chan struct{}          // closed at the end of the case
	cleanup []func()

	noProvider atomic.Bool // Open did not return one
	over       atomic.Bool // the time of the case is over; it ends at its next call
	mu         sync.Mutex
	failures   []string
	status     Status // if the case ended itself as not applicable or unproven
	reason     string
	messages   []*provider.Message
}

// failf records a failure; the case continues.
func (t *trial) failf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures = append(t.failures, fmt.Sprintf(format, args...))
}

// failed returns the number of failures so far.
func (t *trial) failed() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.failures)
}

// within puts a prefix before the failures from the n-th.
func (t *trial) within(n int, prefix string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := n; i < len(t.failures); i++ {
		t.failures[i] = prefix + ": " + t.failures[i]
	}
}

// stopf records a failure and ends the case.
func (t *trial) stopf(format string, args ...any) {
	t.failf(format, args...)
	runtime.Goexit()
}

// notApplicable ends the case: the driver lacks what it tests.
func (t *trial) notApplicable(format string, args ...any) {
	t.end(NotApplicable, format, args...)
}

// unproven ends the case: the driver claims what the suite has no means to test.
func (t *trial) unproven(format string, args ...any) {
	t.end(Unproven, format, args...)
}

func (t *trial) end(status Status, format string, args ...any) {
	t.mu.Lock()
	t.status, t.reason = status, fmt.Sprintf(format, args...)
	t.mu.Unlock()
	runtime.Goexit()
}

// onEnd calls f when the case ends.
func (t *trial) onEnd(f func()) { t.cleanup = append(t.cleanup, f) }

// ctx is a context for a call that gets a response. It ends with the case.
func (t *trial) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), t.pace.call)
	t.onEnd(cancel)
	return ctx
}

// run runs the case in a goroutine of its own, so that it can end early, and not
// longer than the limit.
func (t *trial) run(c Case) {
	t.ended = make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			close(t.ended)
			for _, f := range slices.Backward(t.cleanup) {
				f()
			}
		}()
		defer func() {
			if p := recover(); p != nil {
				t.failf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		c.run(t)
	}()
	limit := time.NewTimer(t.pace.limit)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
		doing := "the driver"
		if what := t.doing.Load(); what != nil {
			doing = *what
		}
		t.over.Store(true)
		t.failf("the case did not end within %s; its last call was %s", t.pace.limit, doing)
	}
}

// maxDetails is the number of failures of a case that a report has.
const maxDetails = 10

// result is what became of the case so far.
func (t *trial) result() (Status, []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case len(t.failures) > maxDetails:
		more := fmt.Sprintf("and %d more failures", len(t.failures)-maxDetails)
		return Failed, append(slices.Clone(t.failures[:maxDetails]), more)
	case len(t.failures) > 0:
		return Failed, slices.Clone(t.failures)
	case t.status != "":
		return t.status, []string{t.reason}
	}
	return Passed, nil
}

// plain returns a message to a new number, with a Ref and no other option.
func (t *trial) plain(text string) *provider.Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.messages) + 1
	m := &provider.Message{
		To:   e164.MustParse(fmt.Sprintf("%s%08d", cmp.Or(t.Numbers, "+3069"), 37_000_000+n*7)),
		Text: text,
		Ref:  fmt.Sprintf("ref-%d", n),
	}
	t.messages = append(t.messages, m)
	return m
}

// again adds a message to a number that another message has.
func (t *trial) again(first *provider.Message) *provider.Message {
	m := t.plain(first.Text)
	m.To = first.To
	return m
}

// known lists the messages of the case so far.
func (t *trial) known() []*provider.Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.messages)
}

// message returns a message to a new number. From message to message and from case
// to case its options vary: what a driver does must not depend on them.
func (t *trial) message(text string) *provider.Message {
	m := t.plain(text)
	h := fnv.New32a()
	_, _ = h.Write([]byte(t.id + m.Ref)) // a hash does not fail
	all := variations()
	all[h.Sum32()%uint32(len(all))].set(m)
	return m
}

// variation is a way to set the options that every driver supports or ignores.
type variation struct {
	name string
	set  func(*provider.Message)
}

func variations() []variation {
	return []variation{
		{"a Ref alone", func(*provider.Message) {}},
		{"no option at all", func(m *provider.Message) { m.Ref = "" }},
		{"class otp", func(m *provider.Message) { m.Class = provider.OTP }},
		{"class otp and no Ref", func(m *provider.Message) { m.Class, m.Ref = provider.OTP, "" }},
		{"class transactional and a Tag", func(m *provider.Message) { m.Class, m.Tag = provider.Transactional, "zq-tag" }},
		{"class marketing, a Tag and no Ref", func(m *provider.Message) { m.Class, m.Tag, m.Ref = provider.Marketing, "zq-tag", "" }},
		{"a Deadline and a delivery mode", func(m *provider.Message) {
			m.Deadline, m.Delivery = time.Now().Add(time.Hour), provider.AtLeastOnce
		}},
		{"another driver's Extra", func(m *provider.Message) { m.Extra = map[string]string{"zq-other.key": "zq-foreign"} }},
		{"another driver's Extra and no Ref", func(m *provider.Message) { m.Extra, m.Ref = map[string]string{"zq-other.key": "zq-foreign"}, "" }},
	}
}
