package send

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// simulationReport is what the guards would have done.
type simulationReport struct {
	Messages  int            `json:"messages"`
	Passed    int            `json:"passed"`
	Refused   int            `json:"refused"`
	Deferred  int            `json:"deferred"`
	BadRows   int            `json:"bad_rows"`
	Disorder  int            `json:"out_of_order"` // rows that were earlier than the one before
	Complete  bool           `json:"complete"`     // the whole file was read
	From      *time.Time     `json:"from"`
	To        *time.Time     `json:"to"`
	Rules     []ruleCount    `json:"rules"`
	Countries []countryCount `json:"countries"`

	rules     map[ruleKey]*ruleCount
	countries map[string]*countryCount
}

type ruleKey struct {
	rule, verdict string
	code          provider.Code
}

type ruleCount struct {
	Guard     string        `json:"guard"` // route = no route or provider would have taken it
	Verdict   string        `json:"verdict"`
	Code      provider.Code `json:"code"`
	Messages  int           `json:"messages"`
	FirstAt   time.Time     `json:"first_at"`
	FirstLine int           `json:"first_line"`
}

type countryCount struct {
	Country  string `json:"country"` // "" = none
	Messages int    `json:"messages"`
	Passed   int    `json:"passed"`
	Refused  int    `json:"refused"`
	Deferred int    `json:"deferred"`
}

func (r *simulationReport) add(s *simulation, a *router.Admission, line int, rule string, code provider.Code, err error) {
	at := s.now
	if r.Messages == 0 {
		r.From = &at
	}
	r.To = &at
	r.Messages++
	c := r.countries[a.Country]
	if c == nil {
		c = &countryCount{Country: a.Country}
		r.countries[a.Country] = c
	}
	c.Messages++
	verdict := "refuse"
	switch _, later := errors.AsType[*router.Deferred](err); {
	case code == "" && err == nil:
		r.Passed++
		c.Passed++
		return
	case later:
		verdict, code = "defer", provider.Unavailable
		r.Deferred++
		c.Deferred++
	default:
		r.Refused++
		c.Refused++
	}
	key := ruleKey{rule, verdict, code}
	count := r.rules[key]
	if count == nil {
		count = &ruleCount{Guard: rule, Verdict: verdict, Code: code, FirstAt: at, FirstLine: line}
		r.rules[key] = count
	}
	count.Messages++
}

// finish lists what was counted, the most first.
func (r *simulationReport) finish() {
	r.Rules, r.Countries = []ruleCount{}, []countryCount{}
	for _, c := range r.rules {
		r.Rules = append(r.Rules, *c)
	}
	slices.SortFunc(r.Rules, func(a, b ruleCount) int {
		return cmp.Or(b.Messages-a.Messages, cmp.Compare(a.Guard+a.Verdict+string(a.Code), b.Guard+b.Verdict+string(b.Code)))
	})
	for _, c := range r.countries {
		r.Countries = append(r.Countries, *c)
	}
	slices.SortFunc(r.Countries, func(a, b countryCount) int {
		return cmp.Or(b.Refused+b.Deferred-a.Refused-a.Deferred, b.Messages-a.Messages, cmp.Compare(a.Country, b.Country))
	})
}

// shownSimulated is how many countries the table has.
const shownSimulated = 10

func (a *app) printSimulation(r *simulationReport, format cli.Format) error {
	r.finish()
	if format.JSON() {
		return a.PrintJSON(r)
	}
	fmt.Fprintf(a.Out, "%s: %s would pass, %s would be refused, %s deferred\n",
		cli.Plural(r.Messages, "message"), cli.Grouped(r.Passed), cli.Grouped(r.Refused), cli.Grouped(r.Deferred))
	if r.BadRows > 0 {
		fmt.Fprintf(a.Out, "%s left out\n", cli.Plural(r.BadRows, "row"))
	}
	if r.Disorder > 0 {
		fmt.Fprintf(a.Out, "%s earlier than the row before: the clock went back there\n", cli.Plural(r.Disorder, "row"))
	}
	if len(r.Rules) > 0 {
		rows := [][]string{{"guard", "verdict", "messages", "first at", "line"}}
		for _, c := range r.Rules {
			rows = append(rows, []string{c.Guard, c.Verdict + " " + string(c.Code), cli.Grouped(c.Messages), c.FirstAt.Format(time.RFC3339), cli.Grouped(c.FirstLine)})
		}
		fmt.Fprintln(a.Out)
		if err := a.Table(rows); err != nil {
			return err
		}
	}
	rows := [][]string{{"country", "messages", "pass", "refused", "deferred"}}
	for _, c := range r.Countries[:min(len(r.Countries), shownSimulated)] {
		rows = append(rows, []string{cli.OrDash(c.Country), cli.Grouped(c.Messages), cli.Grouped(c.Passed), cli.Grouped(c.Refused), cli.Grouped(c.Deferred)})
	}
	if len(rows) == 1 {
		return nil
	}
	fmt.Fprintln(a.Out)
	return a.Table(rows)
}
