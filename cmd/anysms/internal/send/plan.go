package send

import (
	"fmt"
	"strings"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/style"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
)

// printPlan prints which providers would be tried.
func (a *app) printPlan(p *router.Plan, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(p)
	}
	s := style.For(a.Out)
	if p.Code != "" {
		fmt.Fprintf(a.Out, "%s: %s: %s\n", s.Bad("would be refused or not sent"), p.Code, p.Message)
	} else {
		fmt.Fprintf(a.Out, "%s: route %q, %s\n", s.Good("would be sent"), p.Route, p.Delivery)
	}
	if p.Encoding != "" {
		fmt.Fprintf(a.Out, "  %s, %s\n", p.Encoding, cli.Plural(p.Segments, "segment"))
	}
	if err := a.Table(guardRows(p.Guards)); err != nil {
		return err
	}
	var rows [][]string
	order := 0
	for _, c := range p.Candidates {
		place, note := "skip", c.Reason
		if c.In {
			order++
			place, note = fmt.Sprintf("%d.", order), candidateNote(c)
		}
		rows = append(rows, []string{"  " + place, c.Provider, note})
	}
	return a.Table(rows)
}

// guardRows says what each rule of the guards makes of a message.
func guardRows(list []router.GuardVerdict) (rows [][]string) {
	for _, v := range list {
		note := v.Reason
		if v.Until != nil {
			note += ", until " + v.Until.Format(time.RFC3339)
		}
		rows = append(rows, []string{"  " + v.Verdict, v.Guard, note})
	}
	return rows
}

func candidateNote(c router.Candidate) string {
	var notes []string
	if c.Cost != nil {
		notes = append(notes, cost(c.Cost))
	}
	if len(c.Ignored) > 0 {
		notes = append(notes, "without "+strings.Join(c.Ignored, ", "))
	}
	if c.Breaker != "" && c.Breaker != router.BreakerClosed {
		notes = append(notes, "breaker "+string(c.Breaker))
	}
	if c.Quality != nil {
		notes = append(notes, c.Quality.String())
	}
	return strings.Join(notes, "; ")
}

// planOf returns the router's plan, with the providers that are not on the route at
// the end.
func planOf(conf *config.Config, m *provider.Message, badNumber error) *router.Plan {
	if badNumber != nil {
		return refusedPlan(provider.InvalidRecipient, badNumber)
	}
	plan := conf.Router().Plan(m)
	onRoute := make(map[string]bool)
	for _, c := range plan.Candidates {
		onRoute[c.Provider] = true
	}
	for _, p := range conf.Providers {
		if !onRoute[p.Name] && plan.Route != "" {
			plan.Candidates = append(plan.Candidates, router.Candidate{Provider: p.Name, Reason: "not on route " + plan.Route, Ignored: []string{}})
		}
	}
	return plan
}

// refusedPlan is the plan of a message that is refused before routing.
func refusedPlan(code provider.Code, err error) *router.Plan {
	return &router.Plan{Code: code, Message: cli.Reason(err), Candidates: []router.Candidate{}}
}

// explainPlan prints a plan. The error is the exit code for a refused message.
func (a *app) explainPlan(plan *router.Plan, format cli.Format) error {
	if err := a.printPlan(plan, format); err != nil {
		return err
	}
	if plan.Code != "" {
		return &cli.ExitError{Code: cli.ExitRefused}
	}
	return nil
}
