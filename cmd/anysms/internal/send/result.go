package send

import (
	"fmt"
	"strings"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/style"
	"github.com/anysms/anysms/router"
)

// printResult shows what became of a message.
func (a *app) printResult(r *router.Result, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(r)
	}
	s := style.For(a.Out)
	fmt.Fprintln(a.Out, resultLine(r, s))
	if r.DuplicatePossible {
		fmt.Fprintln(a.Out, "  "+s.Doubt("duplicate possible: an attempt before this one may have been accepted too"))
	}
	if r.Replayed {
		fmt.Fprintln(a.Out, "  this is the earlier result of the same message; nothing was sent now")
	}
	if r.Encoding != "" {
		fmt.Fprintf(a.Out, "  %s, %s\n", r.Encoding, cli.Plural(r.Segments, "segment"))
	}
	if r.Cost != nil {
		fmt.Fprintf(a.Out, "  %s\n", cost(r.Cost))
	}
	if len(r.Ignored) > 0 {
		fmt.Fprintf(a.Out, "  %s cannot honour: %s\n", r.Provider, strings.Join(r.Ignored, ", "))
	}
	for _, skip := range r.Skipped {
		fmt.Fprintf(a.Out, "  %s skipped: %s\n", skip.Provider, skip.Reason)
	}
	return a.printAttempts(r.Attempts)
}

func resultLine(r *router.Result, s style.Style) string {
	line := cli.PaintOutcome(r.Status, s)
	if r.Provider != "" {
		line += " by " + r.Provider
	}
	if r.ID != "" {
		line += ", id " + cli.Harmless(r.ID)
	}
	if r.Code != "" {
		line += ": " + string(r.Code)
	}
	if r.Message != "" {
		line += ": " + cli.Harmless(r.Message)
	}
	return line
}

func cost(c *router.Cost) string {
	if c.Estimated {
		return c.Money.String() + " (estimated)"
	}
	return c.Money.String()
}

func (a *app) printAttempts(attempts []router.Attempt) error {
	var rows [][]string
	for i, t := range attempts {
		rows = append(rows, []string{
			fmt.Sprintf("  attempt %d", i+1), t.Provider, string(t.Outcome), t.Duration.Round(time.Millisecond).String(), attemptWhy(t),
		})
	}
	return a.Table(rows)
}

func attemptWhy(t router.Attempt) string {
	why := string(t.Code)
	if t.VendorCode != "" {
		why += " (vendor code " + t.VendorCode + ")"
	}
	if t.Message != "" {
		why += ": " + t.Message
	}
	if t.Reconciled {
		why += " (the vendor was asked afterwards)"
	}
	return why
}

// printPlan shows what would be tried.
func (a *app) printPlan(p *router.Plan, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(p)
	}
	s := style.For(a.Out)
	if p.Code != "" {
		fmt.Fprintf(a.Out, "%s: %s: %s\n", s.Bad("would be refused or not sent"), p.Code, p.Message)
	} else {
		fmt.Fprintf(a.Out, "%s by route %q, %s\n", s.Good("would be sent"), p.Route, p.Delivery)
	}
	if p.Encoding != "" {
		fmt.Fprintf(a.Out, "  %s, %s\n", p.Encoding, cli.Plural(p.Segments, "segment"))
	}
	var rows [][]string
	order := 0
	for _, c := range p.Candidates {
		place, note := "out", c.Reason
		if c.In {
			order++
			place, note = fmt.Sprintf("%d.", order), candidateNote(c)
		}
		rows = append(rows, []string{"  " + place, c.Provider, note})
	}
	return a.Table(rows)
}

func candidateNote(c router.Candidate) string {
	var notes []string
	if c.Cost != nil {
		notes = append(notes, cost(c.Cost))
	}
	if len(c.Ignored) > 0 {
		notes = append(notes, "cannot honour "+strings.Join(c.Ignored, ", "))
	}
	if c.Breaker != "" && c.Breaker != router.BreakerClosed {
		notes = append(notes, "breaker "+string(c.Breaker))
	}
	return strings.Join(notes, "; ")
}
