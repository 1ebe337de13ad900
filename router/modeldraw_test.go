package router_test

import (
	"errors"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// schedule is everything that is drawn for one run.
type schedule struct {
	vendors  []vendorPlan
	opts     router.Options
	weighted bool
	store    bool
	flaky    bool          // the store fails in one of its calls
	call     string        // this one
	how      fault         // so
	fails    time.Duration // from then on
	journal  bool
	all      bool          // by SendAll
	resume   bool          // by SendAll, and once more with another router
	reloadAt time.Duration // 0 = never
	messages []messagePlan
}

type vendorPlan struct {
	config     memory.Config
	line       router.Upstream
	listsAfter time.Duration   // what it has taken
	answers    []memory.Answer // again from the start after the last
}

type messagePlan struct {
	message  provider.Message
	at       time.Duration // when it is sent
	deadline time.Duration // after at; 0 = none
	cancel   time.Duration // after at; 0 = not
	again    time.Duration // sent a second time this much later; 0 = not
}

var refusals = []provider.Code{provider.InvalidRecipient, provider.OptedOut, provider.SenderRejected, provider.NoRoute, provider.Rejected, provider.Unsupported}

func drawAnswer(t *rapid.T) memory.Answer {
	a := memory.Answer{Delay: rapid.SampledFrom([]time.Duration{0, 0, time.Millisecond, time.Second, 20 * time.Second, time.Hour}).Draw(t, "delay")}
	switch rapid.SampledFrom([]string{"ok", "ok", "unavailable", "unavailable", "doubt", "lost", "refused", "limited", "account", "bare", "panic", "silent", "blank"}).Draw(t, "answer") {
	case "unavailable":
		a.Err = &provider.Error{Code: provider.Unavailable, RetryAfter: rapid.SampledFrom([]time.Duration{0, 0, 3 * time.Second, time.Minute}).Draw(t, "after")}
	case "doubt":
		a.Err = provider.NewError(provider.Indeterminate, "not taken")
	case "lost":
		a.Err, a.Taken = provider.NewError(provider.Indeterminate, "taken"), true
	case "bare":
		a.Err, a.Taken = errors.New("nobody classified this"), rapid.Bool().Draw(t, "taken")
	case "refused":
		a.Err = provider.NewError(rapid.SampledFrom(refusals).Draw(t, "refusal"), "refused")
	case "limited":
		a.Err = &provider.Error{Code: provider.RateLimited, RetryAfter: rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute}).Draw(t, "after")}
	case "account":
		a.Err = provider.NewError(rapid.SampledFrom([]provider.Code{provider.Unauthenticated, provider.InsufficientFunds}).Draw(t, "account"), "account")
	case "panic":
		a.Err = errPanic
	case "silent":
		a.Err, a.Taken = errSilent, rapid.Bool().Draw(t, "taken")
	case "blank":
		a.Err, a.Taken = errBlank, rapid.Bool().Draw(t, "taken")
	}
	return a
}

var errPanic = errors.New("panic")

func drawVendor(t *rapid.T, i int) vendorPlan {
	v := vendorPlan{answers: rapid.SliceOfN(rapid.Custom(drawAnswer), 1, 8).Draw(t, "answers")}
	v.config.FindSettles = provider.Duration(rapid.SampledFrom([]time.Duration{0, 4 * time.Second, 45 * time.Second}).Draw(t, "settles"))
	if settles := v.config.FindSettles.Std(); settles > 0 {
		v.listsAfter = rapid.SampledFrom([]time.Duration{0, settles / 2, settles - time.Millisecond}).Draw(t, "lists after")
	}
	v.config.ReplayFor = provider.Duration(rapid.SampledFrom([]time.Duration{0, 0, 5 * time.Second, time.Hour}).Draw(t, "replay"))
	v.config.MaxBatch = 4
	if rapid.Bool().Draw(t, "plain") {
		v.config.Features = []string{"choose_sender", "validity", "batch"}
	}
	v.line = router.Upstream{
		Name:        fmt.Sprintf("v%d", i),
		RateLimit:   rapid.SampledFrom([]float64{0, 0, 1, 50}).Draw(t, "rate"),
		MaxInFlight: rapid.SampledFrom([]int{0, 1, 2}).Draw(t, "in flight"),
		Overflow:    rapid.Bool().Draw(t, "overflow"),
		Timeout:     rapid.SampledFrom([]time.Duration{0, 2 * time.Second}).Draw(t, "timeout"),
		Batch:       rapid.SampledFrom([]int{0, 3}).Draw(t, "batch"),
	}
	return v
}

func drawMessage(t *rapid.T, i int) messagePlan {
	short := rapid.SampledFrom([]time.Duration{0, 0, time.Millisecond, 2 * time.Second, 40 * time.Second})
	p := messagePlan{
		message: provider.Message{
			To: mobile, Text: fmt.Sprintf("message %d", i),
			Delivery: rapid.SampledFrom([]provider.Delivery{"", provider.AtMostOnce, provider.Reconcile, provider.AtLeastOnce}).Draw(t, "delivery"),
			Class:    rapid.SampledFrom([]provider.Class{"", provider.OTP, provider.Marketing}).Draw(t, "class"),
			Validity: rapid.SampledFrom([]time.Duration{0, 0, 10 * time.Second}).Draw(t, "validity"),
		},
		at:       rapid.SampledFrom([]time.Duration{0, 0, time.Millisecond, time.Second, time.Minute}).Draw(t, "at"),
		deadline: short.Draw(t, "deadline"),
		cancel:   short.Draw(t, "cancel"),
	}
	if rapid.Bool().Draw(t, "ref") {
		p.message.Ref = fmt.Sprintf("ref-%d", i)
		p.again = short.Draw(t, "again")
	}
	return p
}

func drawSchedule(t *rapid.T) schedule {
	s := schedule{
		opts: router.Options{
			Validation:    router.Shape,
			AttemptBudget: rapid.IntRange(1, 6).Draw(t, "budget"),
			Retry:         router.Retry{MaxAttempts: rapid.IntRange(1, 3).Draw(t, "tries"), Initial: rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second}).Draw(t, "pause")},
			Breaker: router.Breaker{
				Failures: rapid.IntRange(1, 4).Draw(t, "failures"), OpenFor: 5 * time.Second,
				LastResort: rapid.Bool().Draw(t, "last resort"),
			},
			Delivery: rapid.SampledFrom([]provider.Delivery{"", provider.Reconcile}).Draw(t, "router delivery"),
			Hold:     rapid.SampledFrom([]time.Duration{0, -1, 20 * time.Second}).Draw(t, "hold"),
		},
		weighted: rapid.Bool().Draw(t, "weighted"),
		store:    rapid.Bool().Draw(t, "store"),
		all:      rapid.Bool().Draw(t, "all"),
		reloadAt: rapid.SampledFrom([]time.Duration{0, 0, time.Millisecond, 5 * time.Second}).Draw(t, "reload"),
	}
	if s.store && rapid.Bool().Draw(t, "flaky") {
		s.flaky = true
		s.call = rapid.SampledFrom([]string{"look", "begin", "finish"}).Draw(t, "call")
		s.how = rapid.SampledFrom([]fault{refusesCall, losesReply, hangs}).Draw(t, "how")
		s.fails = rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute}).Draw(t, "fails")
	}
	s.journal = rapid.Bool().Draw(t, "journal")
	s.resume = s.all && s.journal && rapid.Bool().Draw(t, "resume")
	if rapid.Bool().Draw(t, "failover on") {
		s.opts.FailoverOn = []provider.Code{provider.Rejected, provider.InvalidRecipient}
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "vendors") {
		s.vendors = append(s.vendors, drawVendor(t, i))
	}
	for i := range rapid.IntRange(1, 6).Draw(t, "messages") {
		s.messages = append(s.messages, drawMessage(t, i))
	}
	return s
}
