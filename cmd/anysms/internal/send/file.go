package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/cmd/anysms/internal/style"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/journal"
	"github.com/anysms/anysms/router/numbering"
)

// bulkColumns are the columns of a file of messages; the first two must be
// there.
var bulkColumns = []string{"to", "text", "from", "ref", "class", "tag", "validity", "send_at"}

// sendFile sends every row of a file.
func (a *app) sendFile(ctx context.Context, flags *sendFlags) (err error) {
	base, err := flags.message()
	if err != nil {
		return err
	}
	from, err := a.OpenSource(flags.file, flags.charset)
	if err != nil {
		return err
	}
	defer from.Close()
	if from.Guessed {
		return fmt.Errorf("%s is not UTF-8 and looks like %s; texts are not sent on a guess: give --charset %s if it is", from.Name, from.Charset, from.Charset)
	}
	rows, err := a.openRows(from)
	if err != nil {
		return fmt.Errorf("%s: %w", from.Name, err)
	}
	conf, err := flags.conf.Load(ctx)
	if err != nil {
		return err
	}
	defer conf.Close()
	b := &bulk{app: a, rows: rows, base: base, region: conf.DefaultRegion, format: flags.format}
	talk := a.Err
	if style.IsTerminal(a.Out) {
		talk = io.Discard // the answers show how far it has come, and share the screen
	}
	b.progress = cli.NewProgress(talk, "messages", func() float64 { return float64(from.Consumed()) / float64(max(1, from.Size)) })
	defer b.progress.End()
	if flags.dryRun {
		return b.dryRun(ctx, conf, flags)
	}
	r, done, err := bulkRouter(conf, flags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	return b.send(ctx, r, flags.allowInvalid)
}

// openRows opens the table and looks at its columns.
func (a *app) openRows(from *source.File) (table.Reader, error) {
	var rows table.Reader
	var err error
	if from.Spreadsheet {
		sheet, openErr := from.Sheet("")
		if openErr != nil {
			return nil, openErr
		}
		from.CloseWith(sheet)
		rows, err = table.Workbook(sheet)
	} else {
		rows, err = table.Text(from, from.Name, nil, bulkColumns)
	}
	if err != nil {
		return nil, err
	}
	for _, name := range bulkColumns[:2] {
		if _, err := table.Find(rows, name); err != nil {
			return nil, err
		}
	}
	var unused []string
	for _, name := range rows.Columns() {
		if !slices.Contains(bulkColumns, name) {
			unused = append(unused, fmt.Sprintf("%q", name))
		}
	}
	if len(unused) > 0 {
		fmt.Fprintf(a.Err, "columns that are not used: %s (used are %s)\n", strings.Join(unused, ", "), strings.Join(bulkColumns, ", "))
	}
	return rows, nil
}

// bulkRouter is the configuration's router with the journal, if one was asked
// for; done closes both.
func bulkRouter(conf *config.Config, flags *sendFlags) (r *router.Router, done func() error, err error) {
	if flags.journal == "" {
		r, err = openRouter(conf, flags.only)
		return r, func() error { return nil }, err
	}
	j, err := journal.Open(flags.journal)
	if err != nil {
		return nil, nil, err
	}
	opts := conf.Options
	opts.Journal = j
	var providers []router.Upstream
	for _, p := range conf.Providers {
		if flags.only == "" || p.Name == flags.only {
			providers = append(providers, p.Upstream)
		}
	}
	if flags.only != "" {
		opts.Routes = nil
		if _, err = conf.Provider(flags.only); err != nil {
			return nil, nil, errors.Join(err, j.Close())
		}
	}
	if r, err = router.New(providers, &opts); err != nil {
		return nil, nil, errors.Join(err, j.Close())
	}
	return r, j.Close, nil
}

// bulk is a file of messages on its way.
type bulk struct {
	*app
	rows     table.Reader
	base     *provider.Message // what the flags say of every message
	region   string
	format   cli.Format
	progress *cli.Progress

	mu      sync.Mutex
	taken   map[int]taken // rows under way, by their index
	readErr error         // why the file could not be read to its end
	lost    error         // why stdout takes nothing more
	counts  map[provider.Outcome]int
	answers int
}

// taken is what is known of a row beside its message.
type taken struct {
	line int
	bad  *provider.Error // why no message can be made of it
}

func (b *bulk) send(ctx context.Context, r *router.Router, allowInvalid bool) error {
	b.taken, b.counts = make(map[int]taken), make(map[provider.Outcome]int)
	sending, done := b.finishing(ctx)
	defer done()
	for result := range r.SendAll(sending, b.messages(ctx)) {
		if result.Index < 0 {
			return fmt.Errorf("journal: %s", result.Message)
		}
		b.answer(result)
	}
	done()
	b.progress.End()
	b.summary()
	return b.verdict(ctx, allowInvalid)
}

// finishTime is how long messages under way may take when the program is asked
// to stop.
const finishTime = 15 * time.Second

// finishing is a context that outlives the given one a little: who stops a
// campaign wants no further message, but to know of those under way.
func (b *bulk) finishing(ctx context.Context) (longer context.Context, done func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	said := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(said)
		fmt.Fprintf(b.Err, "stopping when what is under way has its answer, in %s at most; Ctrl-C again ends at once\n", finishTime)
		time.AfterFunc(finishTime, cancel)
	})
	return longer, sync.OnceFunc(func() {
		if !stop() {
			<-said
		}
		cancel()
	})
}

// stopped reports whether no further row shall be sent.
func (b *bulk) stopped(ctx context.Context) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return ctx.Err() != nil || b.lost != nil
}

// messages reads the rows as messages. A row that no message can be made of
// goes the same way, without a number, so that it has its answer too.
func (b *bulk) messages(ctx context.Context) iter.Seq[*provider.Message] {
	return func(yield func(*provider.Message) bool) {
		for index := 0; !b.stopped(ctx); index++ {
			row, err := b.rows.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					b.readErr = fmt.Errorf("line %d: %w", b.rows.NextLine(), err)
				}
				return
			}
			m, bad := b.message(row)
			b.mu.Lock()
			b.taken[index] = taken{row.Line, bad}
			b.mu.Unlock()
			if !yield(m) {
				return
			}
		}
	}
}

// message makes a row's message; bad is why it cannot.
func (b *bulk) message(row table.Row) (m *provider.Message, bad *provider.Error) {
	m = b.base.Clone()
	if row.Problem != "" {
		return m, provider.NewError(provider.InvalidMessage, "the row cannot be read: "+row.Problem)
	}
	raw := ""
	for i, name := range b.rows.Columns() {
		if value := row.Fields[i]; name == "to" {
			raw = value
		} else if err := setField(m, name, value); err != nil {
			return m, provider.NewError(provider.InvalidMessage, fmt.Sprintf("column %q: %v", name, err))
		}
	}
	to, _, err := numbering.Parse(raw, b.region)
	if err != nil {
		return m, provider.NewError(provider.InvalidRecipient, cli.Reason(err))
	}
	m.To = to
	return m, nil
}

// setField sets what a column says; an empty field leaves what the flags say.
func setField(m *provider.Message, column, value string) (err error) {
	if value == "" && column != "text" {
		return nil
	}
	switch column {
	case "text":
		m.Text = value
	case "from":
		m.From = value
	case "ref":
		m.Ref = value
	case "tag":
		m.Tag = value
	case "class":
		m.Class = provider.Class(value)
		if !slices.Contains([]provider.Class{provider.OTP, provider.Transactional, provider.Marketing}, m.Class) {
			return fmt.Errorf("unknown class %q; want otp, transactional or marketing", value)
		}
	case "validity":
		if m.Validity, err = time.ParseDuration(value); err != nil || m.Validity <= 0 {
			return fmt.Errorf("%q is not a duration such as 90s", value)
		}
	case "send_at":
		if m.SendAt, err = time.Parse(time.RFC3339, value); err != nil {
			return fmt.Errorf("%q is not a time such as 2030-01-02T15:04:05Z", value)
		}
	}
	return nil
}

// answer prints what became of a row.
func (b *bulk) answer(r *router.Result) {
	b.mu.Lock()
	row := b.taken[r.Index]
	delete(b.taken, r.Index)
	b.mu.Unlock()
	r.Line = row.line
	if row.bad != nil {
		r.Status, r.Code, r.Message = provider.OutcomeRefused, row.bad.Code, cli.Reason(row.bad)
	}
	b.counts[r.Status]++
	b.answers++
	b.progress.Show(b.answers)
	if b.lost == nil {
		err := b.print(r)
		b.mu.Lock()
		b.lost = err
		b.mu.Unlock()
	}
	if b.lost != nil { // what a vendor has is not lost with stdout
		fmt.Fprintln(b.Err, rowLine(r, style.Style{}))
	}
}

func (b *bulk) print(r *router.Result) error {
	if b.format.JSON() {
		return b.PrintJSON(r)
	}
	_, err := fmt.Fprintln(b.Out, rowLine(r, style.For(b.Out)))
	return err
}

func rowLine(r *router.Result, s style.Style) string {
	line := fmt.Sprintf("line %d: %s", r.Line, resultLine(r, s))
	if r.Replayed {
		line += " (earlier result)"
	}
	return line
}

func (b *bulk) summary() {
	words := []string{cli.Plural(b.answers, "message")}
	for _, o := range []provider.Outcome{provider.OutcomeAccepted, provider.OutcomeRefused, provider.OutcomeNotSent, provider.OutcomeUnknown} {
		words = append(words, cli.Grouped(b.counts[o])+" "+string(o))
	}
	fmt.Fprintln(b.Err, strings.Join(words, ", "))
}

// verdict is the exit code: 3 if the outcome of a message is unknown, else 1 if
// one was not accepted or the file was not read to its end.
func (b *bulk) verdict(ctx context.Context, allowInvalid bool) error {
	code := cli.ExitDone
	switch {
	case b.counts[provider.OutcomeUnknown] > 0:
		code = cli.ExitUnknown
	case b.counts[provider.OutcomeNotSent] > 0, b.counts[provider.OutcomeRefused] > 0 && !allowInvalid:
		code = cli.ExitRefused
	}
	var cause error
	switch {
	case b.lost != nil:
		code = cli.ExitUnknown // to whoever reads stdout
		cause = fmt.Errorf("%w; later rows were not sent", b.lost)
	case ctx.Err() != nil:
		cause = fmt.Errorf("stopped after line %d; later rows were not sent", b.rows.NextLine()-1)
	case b.readErr != nil:
		cause = fmt.Errorf("%w; later rows were not sent", b.readErr)
	}
	if cause != nil {
		return &cli.ExitError{Code: max(code, cli.ExitRefused), Cause: cause}
	}
	if code != cli.ExitDone {
		return &cli.ExitError{Code: code}
	}
	return nil
}

// planned is a row's plan as JSON shows it.
type planned struct {
	Line int `json:"line"`
	*router.Plan
}

// dryRun prints what would become of each row.
func (b *bulk) dryRun(ctx context.Context, conf *config.Config, flags *sendFlags) error {
	r, err := openRouter(conf, flags.only)
	if err != nil {
		return err
	}
	refused := 0
	for ctx.Err() == nil {
		row, err := b.rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", b.rows.NextLine(), err)
		}
		plan := &router.Plan{Candidates: []router.Candidate{}}
		if m, bad := b.message(row); bad != nil {
			plan.Code, plan.Message = bad.Code, cli.Reason(bad)
		} else {
			plan = r.Plan(m)
		}
		if plan.Code != "" {
			refused++
		}
		if err := b.printPlanned(row.Line, plan); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return &cli.ExitError{Code: cli.ExitRefused, Cause: fmt.Errorf("stopped after line %d", b.rows.NextLine()-1)}
	}
	if refused > 0 && !flags.allowInvalid {
		return &cli.ExitError{Code: cli.ExitRefused, Cause: fmt.Errorf("%s would be refused or not sent (--allow-invalid accepts that)", cli.Plural(refused, "row"))}
	}
	return nil
}

func (b *bulk) printPlanned(line int, plan *router.Plan) error {
	if b.format.JSON() {
		return b.PrintJSON(planned{line, plan})
	}
	fmt.Fprintf(b.Out, "line %d: ", line)
	return b.printPlan(plan, b.format)
}
