package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/input"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/guard"
)

const simulateHelp = `Show what the guards of the configuration would have done with recorded traffic:
how many messages each rule would have refused or deferred, from when on, and in
which countries. Nothing is sent and nothing is counted.

The file is read as by anysms send: columns to and text, and if it has them from,
class and tag. It also needs the column at, the time of each message, such as
2030-01-02T15:04:05Z; rows should be in the order of their times. Two more columns
are read: client, and verified_at, when the code of a message of class otp came
back, for the rule on pumping.

A deferred message counts as deferred, and is not tried again. Opt-outs are left
out. Rows that cannot be read are reported, counted and left out.`

func (a *app) routeSimulateCommand() *cobra.Command {
	flags := sendFlags{class: cli.OneOf{Words: classes}}
	cmd := &cobra.Command{
		Use:   "simulate --file F",
		Short: "Show what the guards would have done with recorded traffic",
		Long:  simulateHelp,
		Example: `  anysms route simulate --file traffic.csv
  anysms route simulate --file traffic.csv.gz --config strict.yaml --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flags.file.Check(cmd); err != nil {
				return err
			}
			return a.simulate(cmd.Context(), &flags)
		},
	}
	flags.file.AddTo(cmd, "read recorded messages from a `FILE`; - is stdin", "`COLUMN` with the numbers")
	flags.class.AddTo(cmd, "class", "kind of the messages where the file does not say")
	flags.conf.AddTo(cmd)
	flags.format.AddTo(cmd)
	_ = cmd.MarkFlagRequired("file") // it was just defined
	return cmd
}

// The columns of recorded traffic beside those of a file of messages.
const (
	columnAt       = "at"
	columnClient   = "client"
	columnVerified = "verified_at"
)

func (a *app) simulate(ctx context.Context, flags *sendFlags) error {
	conf, err := a.LoadOffline(ctx, &flags.conf)
	if err != nil {
		return err
	}
	defer conf.Close()
	if conf.Guards == nil {
		return fmt.Errorf("%s has no guards to simulate; see docs/guards.md", conf.Path)
	}
	needs := input.Needs{To: true, More: append([]string{columnAt, columnClient, columnVerified}, optional...)}
	progress := cli.NewProgress(a.Err, "messages", nil)
	defer progress.End()
	if progress.Shown() {
		progress.Of(flags.file.Count(ctx, needs))
	}
	s, err := a.newSimulation(ctx, conf, flags, needs)
	if err != nil {
		return err
	}
	defer s.rows.from.Close()
	defer s.router.Close(context.WithoutCancel(ctx))
	s.bad = func(line int, reason string) {
		progress.Print(a.Err, fmt.Sprintf("line %d: left out: %s", line, reason))
	}
	err = s.run(ctx, progress.Show)
	progress.End()
	if printed := a.printSimulation(&s.report, flags.format); printed != nil {
		return printed
	}
	return err
}

// simulation plays recorded traffic to a policy.
type simulation struct {
	rows     *reader
	at       int // index of the column; client and verified: -1 = none
	client   int
	verified int
	router   *router.Router // plans without the guards' counters
	policy   *guard.Policy
	now      time.Time
	codes    []entered // that came back later than now, in the order of their times
	bad      func(line int, reason string)
	report   simulationReport
}

// entered is a code that came back.
type entered struct {
	at time.Time
	m  *provider.Message
}

func (a *app) newSimulation(ctx context.Context, conf *config.Config, flags *sendFlags, needs input.Needs) (*simulation, error) {
	base, err := flags.message()
	if err != nil {
		return nil, err
	}
	file, err := flags.file.Open(ctx, a.App, needs)
	if err != nil {
		return nil, err
	}
	s, err := newSimulation(conf, file, base)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", file.Name, input.Hint(err)), file.Close())
	}
	s.rows.region = flags.regionOf(conf)
	return s, nil
}

func newSimulation(conf *config.Config, file *input.File, base *provider.Message) (*simulation, error) {
	rows, err := newReader(file, base)
	if err != nil {
		return nil, err
	}
	s := &simulation{rows: rows}
	if s.at, err = table.Find(file.Rows, columnAt); err != nil {
		return nil, err
	}
	s.client, s.verified = table.Index(file.Rows, columnClient), table.Index(file.Rows, columnVerified)
	if s.policy, err = conf.Guards.Simulate(func() time.Time { return s.now }); err != nil {
		return nil, err
	}
	opts := conf.Options
	opts.Guard = bystander{s.policy}
	s.router, err = conf.NewRouter("", opts)
	s.report.rules, s.report.countries = make(map[ruleKey]*ruleCount), make(map[string]*countryCount)
	return s, err
}

// bystander chooses senders and lets everything pass, so that plans cost nothing.
type bystander struct{ *guard.Policy }

// Explain implements router.Guard.
func (bystander) Explain(context.Context, *router.Admission) []router.GuardVerdict { return nil }

func (s *simulation) run(ctx context.Context, show func(int)) error {
	for ctx.Err() == nil {
		row, err := s.rows.rows.Next()
		if errors.Is(err, io.EOF) {
			s.report.Complete = true
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: after line %d: %w; the totals cover the rows before", s.rows.from.Name, s.rows.rows.NextLine()-1, err)
		}
		if err := s.row(ctx, row); err != nil {
			s.report.BadRows++
			s.bad(row.Line, err.Error())
		}
		show(s.report.Messages + s.report.BadRows)
	}
	return &cli.ExitError{Code: cli.ExitRefused, Cause: fmt.Errorf("interrupted after line %d; the totals cover the rows before", s.rows.rows.NextLine()-1)}
}

// row plays one row. The error is why it is no message.
func (s *simulation) row(ctx context.Context, row table.Row) error {
	m, bad := s.rows.message(row)
	if bad != nil {
		return bad
	}
	at, err := parseTime(row.Fields[s.at])
	if err != nil {
		return fmt.Errorf("column %q: %w", columnAt, err)
	}
	var verified time.Time
	if s.verified >= 0 && row.Fields[s.verified] != "" {
		if verified, err = parseTime(row.Fields[s.verified]); err != nil {
			return fmt.Errorf("column %q: %w", columnVerified, err)
		}
	}
	if at.Before(s.now) {
		s.report.Disorder++
	}
	if err := s.enter(ctx, at); err != nil {
		return err
	}
	s.now = at
	m.SendAt, m.Ref = time.Time{}, ""
	a := &router.Admission{Message: m, Patience: time.Second}
	if s.client >= 0 {
		a.Client = row.Fields[s.client]
	}
	passed := s.play(ctx, a, row.Line)
	if passed && !verified.IsZero() {
		c := entered{verified, m}
		i, _ := slices.BinarySearchFunc(s.codes, c, func(a, b entered) int { return a.at.Compare(b.at) })
		s.codes = slices.Insert(s.codes, i, c)
	}
	return nil
}

// enter tells the policy of the codes that came back before a time.
func (s *simulation) enter(ctx context.Context, before time.Time) error {
	for len(s.codes) > 0 && s.codes[0].at.Before(before) {
		s.now = s.codes[0].at
		if err := s.policy.Verified(ctx, s.codes[0].m.To); err != nil {
			return err
		}
		s.codes = s.codes[1:]
	}
	return nil
}

// play asks the policy, and counts what it says.
func (s *simulation) play(ctx context.Context, a *router.Admission, line int) (passed bool) {
	plan := s.router.Plan(a.Message)
	a.Country, a.Segments = plan.Country, plan.Segments
	if plan.Code != "" {
		s.report.add(s, a, line, "route", plan.Code, nil)
		return false
	}
	if from := s.policy.Sender(a.Message); from != "" {
		a.Message.From = from
	}
	for _, c := range plan.Candidates {
		switch {
		case !c.In:
		case c.Cost == nil:
			a.Unpriced = true
		default:
			a.Costs = append(a.Costs, c.Cost.Money)
		}
		if c.In {
			a.Segments = max(a.Segments, c.Segments)
		}
	}
	err := s.policy.Admit(ctx, a)
	s.report.add(s, a, line, a.Rule(), provider.CodeOf(err), err)
	if err != nil {
		return false
	}
	_ = s.policy.Settle(ctx, a, &router.Result{Status: provider.OutcomeAccepted, Segments: a.Segments}) // counters in memory do not fail
	return true
}
