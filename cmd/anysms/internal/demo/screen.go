package demo

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/style"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// screen shows the progress of the demo: a line for the first events of each kind,
// and on a terminal a status line at the bottom.
type screen struct {
	w     io.Writer
	s     style.Style
	live  bool // there is a status line
	began time.Time

	messages int
	done     int
	breaker  map[string]router.BreakerState
	act      actCounts
}

// actCounts counts what happens in an act.
type actCounts struct {
	accepted map[string]int // by provider
	outcomes map[provider.Outcome]int
	maybe    int            // accepted, but possibly sent twice
	shown    map[string]int // lines by kind
}

// maxShown is the number of lines of each kind that an act shows.
const maxShown = 2

func newScreen(w io.Writer) *screen {
	return &screen{
		w: w, s: style.For(w), live: style.IsTerminal(w), began: time.Now(),
		breaker: map[string]router.BreakerState{First: router.BreakerClosed, Second: router.BreakerClosed},
	}
}

func (d *screen) options(pace time.Duration) Options {
	return Options{
		Pace: pace, OnStart: d.start, OnAct: d.actBegins, OnNotice: d.notice, OnResult: d.result, OnActEnd: d.actEnds,
	}
}

func (d *screen) start(s Start) {
	d.messages = s.Messages
	d.line(0, "%s: %d messages to two fake vendors on this machine, with the real drivers over HTTP.", d.s.Bold("anysms demo"), s.Messages)
	d.line(0, "")
	d.line(11, "  %-8s Apifon's API at %s", First, s.FirstURL)
	d.line(11, "  %-8s Phonify's API at %s, at most 160 characters", Second, s.SecondURL)
	d.line(11, "  route    %s first, then %s; three consecutive failures open a circuit breaker", First, Second)
}

func (d *screen) actBegins(a Act) {
	d.act = actCounts{accepted: make(map[string]int), outcomes: make(map[provider.Outcome]int), shown: make(map[string]int)}
	d.line(0, "")
	d.line(3, "%s", d.s.Bold(fmt.Sprintf("%d  %s", a.Number, a.Title)))
}

func (d *screen) notice(n router.Notice) {
	switch n.Kind {
	case router.NoticeBreaker:
		d.breaker[n.Provider] = n.To
		d.event("circuit breaker of %s: %s → %s", n.Provider, breakerName(n.From), d.breakerState(n.To))
	case router.NoticeFailover:
		if d.mayShow("failover" + string(n.Attempt.Outcome)) {
			d.event("%s: %s (%s); failover to %s", n.Provider, cli.PaintOutcome(n.Attempt.Outcome, d.s), n.Attempt.Code, n.Next)
		}
	}
}

func (d *screen) result(r *router.Result) {
	d.done++
	d.act.outcomes[r.Status]++
	switch {
	case r.Status == provider.OutcomeAccepted:
		d.act.accepted[r.Provider]++
		if r.DuplicatePossible {
			d.act.maybe++
			if d.mayShow("duplicate") {
				d.event("%s by %s: one-time code, %s", cli.PaintOutcome(r.Status, d.s), r.Provider, d.s.Doubt("perhaps sent twice"))
			}
		}
	case r.Status == provider.OutcomeUnknown && d.mayShow("unknown"):
		d.event("%s: %s may have it; it is not sent again", cli.PaintOutcome(r.Status, d.s), r.Provider)
	case r.Status == provider.OutcomeNotSent && d.mayShow("not_sent"):
		d.event("%s: %s", cli.PaintOutcome(r.Status, d.s), notSentWhy(r))
	case r.Status == provider.OutcomeRefused && d.mayShow("refused"):
		d.event("%s: %s, a landline", cli.PaintOutcome(r.Status, d.s), r.Code)
	}
	d.status()
}

// notSentWhy returns why the last provider was not used.
func notSentWhy(r *router.Result) string {
	if len(r.Skipped) == 0 {
		return r.Message
	}
	last := r.Skipped[len(r.Skipped)-1]
	return last.Provider + ": " + last.Reason
}

func (d *screen) actEnds(Act) {
	var parts []string
	for _, name := range []string{First, Second} {
		if n := d.act.accepted[name]; n > 0 {
			parts = append(parts, d.s.Good(fmt.Sprintf("%d accepted by %s", n, name)))
		}
	}
	if d.act.maybe > 0 {
		parts = append(parts, d.s.Doubt(fmt.Sprintf("%d of them possibly sent twice", d.act.maybe)))
	}
	for _, o := range []provider.Outcome{provider.OutcomeUnknown, provider.OutcomeNotSent, provider.OutcomeRefused} {
		if n := d.act.outcomes[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, cli.PaintOutcome(o, d.s)))
		}
	}
	d.line(3, "   %s", strings.Join(parts, ", "))
}

// mayShow reports whether this act shows one more line of a kind.
func (d *screen) mayShow(kind string) bool {
	d.act.shown[kind]++
	return d.act.shown[kind] <= maxShown
}

func (d *screen) event(format string, args ...any) {
	at := fmt.Sprintf("%4.1fs", time.Since(d.began).Seconds())
	d.line(10, "   %s  %s", d.s.Dim(at), fmt.Sprintf(format, args...))
}

// line prints a line above the status line. If it is too wide, it goes on below with
// so many columns of indent.
func (d *screen) line(indent int, format string, args ...any) {
	if d.live {
		fmt.Fprint(d.w, cli.ClearLine)
	}
	fmt.Fprintln(d.w, wrap(fmt.Sprintf(format, args...), indent))
	d.status()
}

// status redraws the status line.
func (d *screen) status() {
	if !d.live || d.messages == 0 {
		return
	}
	fmt.Fprint(d.w, cli.StatusLine(fmt.Sprintf("   %d/%d   %s %s   %s %s", min(d.done, d.messages), d.messages,
		First, d.breakerState(d.breaker[First]), Second, d.breakerState(d.breaker[Second]))))
}

func (d *screen) breakerState(b router.BreakerState) string {
	switch b {
	case router.BreakerClosed:
		return d.s.Good(breakerName(b))
	case router.BreakerOpen:
		return d.s.Bad(breakerName(b))
	}
	return d.s.Doubt(breakerName(b))
}

func breakerName(b router.BreakerState) string {
	return strings.ReplaceAll(string(b), "_", "-")
}

// ledger prints the comparison at the end.
func (d *screen) ledger(l *Ledger, interrupted bool) {
	if d.live {
		fmt.Fprint(d.w, cli.ClearLine)
		d.live = false
	}
	title := "Results, compared with what the vendors received"
	if interrupted {
		title = "Results so far, compared with what the vendors received"
	}
	d.line(0, "")
	d.line(0, "%s", d.s.Bold(title))
	const detail = "   %-8s  %3d  %s" // 18 columns before the words
	d.line(18, detail, "messages", l.Messages, fmt.Sprintf("%s received %d, %s received %d", First, l.AtVendors[First], Second, l.AtVendors[Second]))
	d.line(18, detail, "accepted", l.Accepted, fmt.Sprintf("%d segments; %d at both vendors, as warned", l.Segments, l.AnnouncedDuplicates))
	d.line(18, detail, "refused", l.Refused, "")
	d.line(18, detail, "not sent", l.NotSent, "")
	d.line(18, detail, "unknown", l.Unknown, fmt.Sprintf("%d of them received by a vendor", l.UnknownHeld))
	d.line(0, "")
	d.line(3, "   %s   %s", d.must("lost", l.Lost), d.must("silent duplicates", l.SilentDuplicates))
	d.line(3, "   %s", d.must("received but reported as refused or not sent", l.Denied))
	d.line(3, "   %s", d.s.Dim(fmt.Sprintf("took %.1fs", time.Since(d.began).Seconds())))
}

// must formats a count that must be zero.
func (d *screen) must(what string, n int) string {
	words := fmt.Sprintf("%s %d", what, n)
	if n == 0 {
		return d.s.Good(words)
	}
	return d.s.Bad(words)
}
