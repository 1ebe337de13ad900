package send

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// totals sums up a dry run.
type totals struct {
	Complete bool          `json:"complete"` // the file was read to its end
	Messages int           `json:"messages"` // that would be sent
	Segments int           `json:"segments"` // of these
	Refused  int           `json:"refused"`  // that would be refused or not sent
	Repeated int           `json:"repeated"` // rows that repeat an earlier one
	ByTarget []targetTotal `json:"by_provider"`
	ByReason []reasonTotal `json:"refused_by_reason"`
}

// targetTotal is what one provider would be sent over one route: the messages whose
// first choice it is.
type targetTotal struct {
	Route    string          `json:"route"`
	Provider string          `json:"provider"`
	Messages int             `json:"messages"`
	Segments int             `json:"segments"`
	Cost     *provider.Money `json:"cost"`     // of the messages with a price; null = none has one
	Unpriced int             `json:"unpriced"` // messages without a price
}

type reasonTotal struct {
	Code     provider.Code `json:"code"`
	Reason   string        `json:"reason"` // "" = the many others
	Messages int           `json:"messages"`
}

func newTotals() *totals { return &totals{ByTarget: []targetTotal{}, ByReason: []reasonTotal{}} }

// maxReasons bounds the reasons that are told apart.
const maxReasons = 100

func (t *totals) add(p *router.Plan) error {
	if p.Code != "" {
		t.refuse(p)
		return nil
	}
	first := slices.IndexFunc(p.Candidates, func(c router.Candidate) bool { return c.In })
	if first < 0 {
		t.refuse(&router.Plan{Code: provider.Unavailable, Message: "no provider of the route can be used now"})
		return nil
	}
	c := p.Candidates[first]
	t.Messages++
	t.Segments += c.Segments
	target := t.target(p.Route, c.Provider)
	target.Messages++
	target.Segments += c.Segments
	if c.Cost == nil {
		target.Unpriced++
		return nil
	}
	if target.Cost == nil {
		target.Cost = &provider.Money{Currency: c.Cost.Money.Currency}
	}
	sum, err := target.Cost.Add(c.Cost.Money)
	*target.Cost = sum
	return err
}

func (t *totals) target(route, name string) *targetTotal {
	at := slices.IndexFunc(t.ByTarget, func(o targetTotal) bool { return o.Route == route && o.Provider == name })
	if at < 0 {
		at = len(t.ByTarget)
		t.ByTarget = append(t.ByTarget, targetTotal{Route: route, Provider: name})
	}
	return &t.ByTarget[at]
}

func (t *totals) refuse(p *router.Plan) {
	t.Refused++
	reason, _, _ := strings.Cut(p.Message, onLine) // rows that repeat others have one reason
	same := func(o reasonTotal) bool { return o.Code == p.Code && o.Reason == reason }
	at := slices.IndexFunc(t.ByReason, same)
	if at < 0 && len(t.ByReason) >= maxReasons {
		reason = ""
		at = slices.IndexFunc(t.ByReason, same)
	}
	if at < 0 {
		at = len(t.ByReason)
		t.ByReason = append(t.ByReason, reasonTotal{Code: p.Code, Reason: reason})
	}
	t.ByReason[at].Messages++
}

func (a *app) printTotals(t *totals, format cli.Format) error {
	slices.SortStableFunc(t.ByTarget, func(x, y targetTotal) int { return y.Messages - x.Messages })
	slices.SortStableFunc(t.ByReason, func(x, y reasonTotal) int {
		return cmp.Or(y.Messages-x.Messages, cmp.Compare(x.Reason, y.Reason))
	})
	if format.JSON() {
		return a.PrintJSON(map[string]*totals{"totals": t})
	}
	incomplete := ""
	if !t.Complete {
		incomplete = " (INCOMPLETE: the file was not read to its end)"
	}
	fmt.Fprintf(a.Out, "\n%s in %s would be sent, %s refused%s\n", cli.Plural(t.Messages, "message"), cli.Plural(t.Segments, "segment"), cli.Grouped(t.Refused), incomplete)
	if err := a.printTargets(t.ByTarget); err != nil {
		return err
	}
	return a.printReasons(t.ByReason)
}

func (a *app) printTargets(list []targetTotal) error {
	if len(list) == 0 {
		return nil
	}
	rows := [][]string{{"  route", "provider", "messages", "segments", "cost", ""}}
	var costs []cli.Amount
	for _, t := range list {
		amount := cli.Amount{Money: t.Cost}
		if t.Cost == nil {
			amount.Words = "no price"
		}
		costs = append(costs, amount)
	}
	amounts := cli.Amounts(costs)
	for i, t := range list {
		note := ""
		if t.Unpriced > 0 && t.Cost != nil {
			note = "excluding " + cli.Plural(t.Unpriced, "message") + " without a price"
		}
		rows = append(rows, []string{"  " + t.Route, t.Provider, cli.Grouped(t.Messages), cli.Grouped(t.Segments), amounts[i], note})
	}
	return a.Table(rows)
}

func (a *app) printReasons(list []reasonTotal) error {
	if len(list) == 0 {
		return nil
	}
	const most = 20
	rows := [][]string{{"  refused", "code", "reason"}}
	for _, r := range list[:min(len(list), most)] {
		reason := r.Reason
		if reason == "" {
			reason = "other reasons"
		}
		rows = append(rows, []string{"  " + cli.Grouped(r.Messages), string(r.Code), reason})
	}
	if more := len(list) - most; more > 0 {
		rows = append(rows, []string{"", "", fmt.Sprintf("and %s more", cli.Plural(more, "reason"))})
	}
	return a.Table(rows)
}
