package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/input"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/cmd/anysms/internal/style"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// gcPercent is the garbage collector's GOGC while rows are sent: what is kept of each
// row holds no pointers, so that collecting often is cheap and saves half the memory.
const gcPercent = 25

// sendMany sends every row of a file, or one text to every number on stdin.
func (a *app) sendMany(ctx context.Context, flags *sendFlags) (err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	rows, err := a.openRows(ctx, flags)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w; nothing was sent", err)
	}
	if err != nil {
		return err
	}
	defer rows.from.Close()
	conf, err := a.loadConfig(ctx, flags)
	if err != nil {
		return err
	}
	defer conf.Close()
	rows.region = flags.regionOf(conf)
	rows.refuseRepeats = flags.duplicates.Value == "refuse"
	if flags.dryRun {
		return a.dryRunMany(ctx, conf, flags, rows)
	}
	b := &bulk{app: a, reader: rows, format: flags.format, journal: flags.journal}
	b.progress = a.sendProgress(ctx, flags, b.split)
	defer b.progress.End()
	r, done, err := openRecorded(ctx, conf, flags, func(o *router.Options) {
		o.OnNotice = b.notice
		if flags.hold != nil {
			o.Hold = *flags.hold
		}
	})
	if err != nil {
		return err
	}
	defer func() { err = b.closed(err, done()) }()
	return b.send(ctx, r, flags.allowInvalid)
}

// sendProgress starts the progress line. Its share is of the messages that are done:
// rows are read long before they are sent.
func (a *app) sendProgress(ctx context.Context, flags *sendFlags, note func() string) *cli.Progress {
	to := a.Err
	if style.IsTerminal(a.Out) {
		to = io.Discard // the results show the progress, on the same screen
	}
	p := cli.NewProgress(to, "messages", nil)
	p.Note = note
	if p.Shown() && flags.file.Given() {
		p.Of(flags.file.Count(ctx, input.Needs{To: true, More: optional}))
	}
	return p
}

// openRows opens the file, or stdin with its numbers, and prints which columns are
// ignored.
func (a *app) openRows(ctx context.Context, flags *sendFlags) (*reader, error) {
	base, err := flags.message()
	if err != nil {
		return nil, err
	}
	if !flags.file.Given() {
		from, err := source.Open(ctx, source.Stdin, a.In, "")
		if err != nil {
			return nil, err
		}
		if from.Spreadsheet {
			return nil, errors.Join(errors.New("--to -: standard input is a workbook; give it as --file"), from.Close())
		}
		return numbersReader(from, base), nil
	}
	file, err := flags.file.Open(ctx, a.App, input.Needs{To: true, More: optional})
	if err != nil {
		return nil, err
	}
	if file.Guessed { // a text must not be sent in a guessed character set
		err := fmt.Errorf("%s is not UTF-8 but probably %s; if it is, give --charset %s", file.Name, file.Charset, file.Charset)
		return nil, errors.Join(err, file.Close())
	}
	r, err := newReader(file, base)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", file.Name, input.Hint(err)), file.Close())
	}
	if ignored := r.ignored(); len(ignored) > 0 {
		fmt.Fprintf(a.Err, "ignored columns: %s (known are %s, %s, %s)\n", strings.Join(ignored, ", "), flags.file.To, flags.file.Text, strings.Join(optional, ", "))
	}
	return r, nil
}

// bulk sends a file of messages.
type bulk struct {
	*app
	*reader
	format   cli.Format
	progress *cli.Progress

	counts   map[provider.Outcome]int
	accepted map[string]int // by provider
	printed  int
	earlier  int // results of an earlier run, or of an earlier row with the same ref

	journal string // its path; "" = none

	mu        sync.Mutex
	lost      error // why stdout failed
	missing   int   // outcomes that are not in the journal
	journaled error // why not
}

// notice prints that messages wait for a provider, and counts the outcomes that the
// journal does not have.
func (b *bulk) notice(n router.Notice) {
	switch n.Kind {
	case router.NoticeHold:
		b.progress.Print(b.Err, fmt.Sprintf("holding: %s takes no messages now (%s); trying again for at most %s",
			n.Provider, cli.Harmless(n.Reason), n.For.Round(time.Second)))
	case router.NoticeResumed:
		b.progress.Print(b.Err, fmt.Sprintf("%s takes messages again, after %s", n.Provider, n.For.Round(time.Second)))
	case router.NoticeFault:
		if errors.Is(n.Err, router.ErrOutcomeLost) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.missing++
			b.journaled = n.Err
		}
	}
}

// closed adds to the end of the command what became of its journal.
func (b *bulk) closed(err, closing error) error {
	if b.missing == 0 && closing == nil {
		return err
	}
	cause := closing
	if b.missing > 0 {
		cause = fmt.Errorf("the journal %s lacks %s, of messages whose results are printed above: %w; a resume takes these messages as unknown",
			b.journal, cli.Plural(b.missing, "outcome"), b.journaled)
	}
	if exit, ok := errors.AsType[*cli.ExitError](err); ok && exit.Cause != nil {
		cause = fmt.Errorf("%w; %w", exit.Cause, cause)
	} else if err != nil && !ok {
		cause = errors.Join(err, cause)
	}
	return &cli.ExitError{Code: cli.ExitUnknown, Cause: cause}
}

func (b *bulk) send(ctx context.Context, r *router.Router, allowInvalid bool) error {
	b.counts, b.accepted = make(map[provider.Outcome]int), make(map[string]int)
	sending, done := b.outlive(ctx)
	defer done()
	stopped := func() bool { return ctx.Err() != nil || b.outputLost() != nil }
	results, err := r.SendAll(sending, b.messages(stopped))
	if err != nil {
		return err
	}
	for result := range results { //nolint:errcheck // the result includes its error
		b.take(result)
	}
	done()
	b.progress.End()
	b.summary()
	return b.verdict(ctx, allowInvalid)
}

// finishTime is how long messages in flight may take after an interruption.
const finishTime = 15 * time.Second

// outlive returns a context that ends a little later than ctx, so that messages in
// flight are finished when no more are to be sent.
func (b *bulk) outlive(ctx context.Context) (longer context.Context, done func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	printed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(printed)
		fmt.Fprintf(b.Err, "stopping: waiting at most %s for messages in flight; press Ctrl-C again to exit at once\n", finishTime)
		time.AfterFunc(finishTime, cancel)
	})
	return longer, sync.OnceFunc(func() {
		if !stop() {
			<-printed
		}
		cancel()
	})
}

// take counts and prints the result of a row.
func (b *bulk) take(r *router.Result) {
	result := b.rowOf(r)
	b.counts[r.Status]++
	if r.Status == provider.OutcomeAccepted {
		b.accepted[r.Provider]++
	}
	b.printed++
	if r.Replayed {
		b.earlier++
		if result.repeat {
			b.repeatsKnown++
		}
	}
	b.progress.Show(b.printed)
	if b.outputLost() == nil {
		err := b.print(result)
		b.mu.Lock()
		b.lost = err
		b.mu.Unlock()
	}
	if b.outputLost() != nil { // no result must be lost with stdout
		fmt.Fprintln(b.Err, result.text(style.Style{}))
	}
}

// split says how many messages each provider accepted, and how many went wrong.
func (b *bulk) split() string {
	var words []string
	if len(b.accepted) > 0 {
		words = append(words, b.byProvider())
	}
	for _, o := range []provider.Outcome{provider.OutcomeRefused, provider.OutcomeNotSent, provider.OutcomeUnknown} {
		if n := b.counts[o]; n > 0 {
			words = append(words, string(o)+" "+cli.Grouped(n))
		}
	}
	return strings.Join(words, ", ")
}

// byProvider lists the providers and how many messages each has accepted.
func (b *bulk) byProvider() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(b.accepted)) {
		words = append(words, name+" "+cli.Grouped(b.accepted[name]))
	}
	return strings.Join(words, ", ")
}

func (b *bulk) outputLost() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lost
}

func (b *bulk) print(r *rowResult) error {
	if b.format.JSON() {
		return b.PrintJSON(r)
	}
	_, err := fmt.Fprintln(b.Out, r.text(style.For(b.Out)))
	return err
}

func (b *bulk) summary() {
	words := []string{cli.Plural(b.printed, "message")}
	for _, o := range []provider.Outcome{provider.OutcomeAccepted, provider.OutcomeRefused, provider.OutcomeNotSent, provider.OutcomeUnknown} {
		words = append(words, cli.Grouped(b.counts[o])+" "+string(o))
	}
	summary := strings.Join(words, ", ")
	if b.earlier > 0 {
		summary += " (" + cli.Plural(b.earlier, "earlier result") + ")"
	}
	fmt.Fprintln(b.Err, summary)
	if len(b.accepted) > 1 {
		fmt.Fprintln(b.Err, "by provider: "+b.byProvider())
	}
	b.warn(b.notes())
}

func (a *app) warn(notes []string) {
	for _, note := range notes {
		fmt.Fprintln(a.Err, "warning: "+note)
	}
}

// verdict returns the error with the exit code: 3 if the outcome of a message is
// unknown, else 1 if one was not accepted or the file was not read to its end.
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
		code = cli.ExitUnknown // unknown to the reader of stdout
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
