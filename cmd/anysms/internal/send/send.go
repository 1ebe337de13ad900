package send

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/input"
	"github.com/anysms/anysms/cmd/anysms/internal/style"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/numbering"
)

const sendHelp = `Send one message through the configured routes, and print its outcome:

  accepted   a vendor accepted the message                         exit code 0
  refused    the message itself cannot be sent                     exit code 1
  not_sent   no vendor accepted it; it is safe to try again        exit code 1
  unknown    a vendor may have accepted it; trying again may       exit code 3
             send it twice

If a vendor's reply is lost, the delivery mode decides: at_most_once stops with
outcome unknown, at_least_once continues with the next provider, reconcile first
asks the vendor whether it has the message. The default is at_least_once for
one-time codes (--class otp), and at_most_once for everything else.

--provider P uses only P and ignores the routes. --dry-run prints which providers
would be tried, and why others would not, and sends nothing; environment variables
for secrets need not be set.

--file sends every row of a CSV, TSV, JSON Lines or XLSX file with the columns

  to, text [, from, ref, class, tag, validity, send_at]

where an empty field means the value of the flag. It is read as by anysms analyse,
whose flags for other column names, templates and worksheets it has. --to - sends
the text of --text to every number on stdin, one in each line. Either prints one
line per message, in any order; with --dry-run, the totals at the end. Rows that
repeat an earlier one are counted, and with --duplicates refuse are refused.

While every provider that could take a message is out for the time being (its circuit
breaker is open, it asked for a pause, it refuses connections), messages are held and
no further rows are read, for at most --hold.

With --journal, the same command resumes after an interruption: what was sent is not
sent again, and messages that were in flight have the outcome unknown until settled
with anysms resolve.

If the configuration has a database, every message is recorded there, and a message
with a ref goes out once, whichever command sends it; see anysms messages --help.`

const sendExamples = `  anysms send --to +306900000001 --text "Your table is ready"
  anysms send --to 6900000001 --text "Code 4711" --class otp --validity 2m --format json
  anysms send --to +306900000001 --text Hello --dry-run
  anysms send --to - --text "We open at 10" < numbers.txt
  anysms send --file campaign.csv --class marketing --journal campaign.journal --format json > results.jsonl
  anysms send --file people.xlsx --to-column mobile --template "Hi {name}, see you on {date}" --dry-run`

// sendFlags are the flags of send.
type sendFlags struct {
	format               cli.Format
	conf                 cli.ConfigFlag
	to, text             string
	from, ref, tag, only string
	class, delivery      cli.OneOf
	validity             time.Duration
	at                   string
	dryRun               bool

	file         input.Flags
	journal      string
	hold         *time.Duration // nil = the configuration's; negative = none
	duplicates   cli.OneOf
	allowInvalid bool
}

func (a *app) sendCommand() *cobra.Command {
	flags := sendFlags{
		class:      cli.OneOf{Words: classes},
		delivery:   cli.OneOf{Words: []string{"at_most_once", "reconcile", "at_least_once"}},
		duplicates: cli.OneOf{Value: "send", Words: []string{"send", "refuse"}},
	}
	cmd := &cobra.Command{
		Use:     "send --to N --text T | --file F",
		GroupID: cli.GroupSend,
		Short:   "Send a message, or a file of messages",
		Long:    sendHelp,
		Example: sendExamples,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flags.check(cmd); err != nil {
				return err
			}
			if !flags.dryRun {
				signal.Ignore(syscall.SIGPIPE) // a closed pipe must not kill the process while it sends
			}
			if flags.text == "-" {
				var err error
				if flags.text, err = input.Text(cmd.Context(), a.In); err != nil {
					return err
				}
			}
			if flags.many() {
				return a.sendMany(cmd.Context(), &flags)
			}
			return a.send(cmd.Context(), &flags)
		},
	}
	f := cmd.Flags()
	f.Var(cli.Once(&flags.to, "several numbers are read from stdin, by --to -"), "to", "recipient's `NUMBER`, such as +306900000001, or national in the default region; - reads numbers from stdin, one in each line")
	f.Var(cli.Once(&flags.text, "one send has one text"), "text", "`TEXT` of the message; - reads it from stdin, without its last newline")
	f.StringVar(&flags.from, "from", "", "`SENDER`: a number, a short code or a name")
	f.StringVar(&flags.ref, "ref", "", "your own `ID` for the message")
	flags.class.AddTo(cmd, "class", "kind of message; determines the default delivery mode")
	f.StringVar(&flags.tag, "tag", "", "your own `LABEL`, for routes and statistics")
	f.StringVar(&flags.only, "provider", "", "use only the provider of this `NAME`")
	flags.delivery.AddTo(cmd, "delivery", "what to do if a vendor may have accepted the message")
	f.DurationVar(&flags.validity, "validity", 0, "how long the vendor may try to deliver it, such as 90s")
	f.StringVar(&flags.at, "at", "", "`TIME` for the vendor to send it, such as 2030-01-02T15:04:05Z")
	f.BoolVar(&flags.dryRun, "dry-run", false, "print what would be tried, and send nothing")
	flags.file.AddTo(cmd, "send every row of a `FILE`; - is stdin", "`COLUMN` with the numbers")
	f.StringVar(&flags.file.Region, "region", "", "`COUNTRY` of numbers without a calling code, such as GR; international: only the plus sign is missing (default: default_region of the configuration)")
	f.StringVar(&flags.journal, "journal", "", "with --file: record every message in this `FILE`, and resume from it")
	f.Func("hold", "with --file or --to -: `DURATION` for which messages wait while all their providers are out, such as 30m; 0 = not (default: hold of the configuration, or 10m)", flags.setHold)
	flags.duplicates.AddTo(cmd, "duplicates", "with --file: rows with the same number, text, sender and time as an earlier row")
	f.BoolVar(&flags.allowInvalid, "allow-invalid", false, "with --file: exit with 0 even if rows were refused")
	flags.conf.AddTo(cmd)
	flags.conf.CompleteProvider(cmd)
	flags.format.AddTo(cmd)
	return cmd
}

// setHold reads --hold.
func (f *sendFlags) setHold(value string) error {
	d, err := time.ParseDuration(value)
	switch {
	case err != nil || d < 0:
		return errors.New("want a duration such as 30m, or 0 for none")
	case d == 0:
		d = -1
	}
	f.hold = &d
	return nil
}

// many reports whether several messages are sent.
func (f *sendFlags) many() bool { return f.file.Given() || f.to == "-" }

// check rejects flags that cannot be combined.
func (f *sendFlags) check(cmd *cobra.Command) error {
	if err := f.file.Check(cmd); err != nil {
		return err
	}
	given := cmd.Flags().Changed
	if f.file.Given() {
		return f.checkFile(cmd)
	}
	switch {
	case !given("to"):
		return errors.New("--to is missing; give --to and --text, or --file")
	case !given("text"):
		return errors.New("--text is missing; give --to and --text, or --file")
	case f.to == "-" && f.text == "-":
		return errors.New("give --to - or --text -, not both: there is one stdin")
	case f.to == "-" && f.ref != "":
		return errors.New("give --to - or --ref, not both: each message needs a ref of its own")
	}
	needFile := input.Names()
	if f.to != "-" {
		needFile = append(needFile, "journal", "duplicates", "allow-invalid", "hold")
	}
	return input.Without(cmd, needFile)
}

func (f *sendFlags) checkFile(cmd *cobra.Command) error {
	for _, name := range []string{"to", "text", "ref"} {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("give --file or --%s, not both: the file has it as a column", name)
		}
	}
	if f.journal != "" && f.dryRun {
		return errors.New("give --dry-run or --journal, not both: a dry run records nothing")
	}
	return nil
}

// regionOf is the region of national numbers.
func (f *sendFlags) regionOf(conf *config.Config) string {
	return cmp.Or(f.file.Region, conf.DefaultRegion)
}

func (a *app) send(ctx context.Context, flags *sendFlags) (err error) {
	m, err := flags.message()
	if err != nil {
		return err
	}
	conf, err := a.loadConfig(ctx, flags)
	if err != nil {
		return err
	}
	defer conf.Close()
	r, done, err := openRecorded(ctx, conf, flags, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()

	var badNumber error
	m.To, _, badNumber = numbering.Parse(flags.to, flags.regionOf(conf))
	if badNumber != nil && provider.CodeOf(badNumber) != provider.InvalidRecipient {
		return badNumber
	}
	if flags.dryRun {
		return a.dryRun(r, m, badNumber, flags.format)
	}
	result := refusal(m, badNumber)
	if result == nil {
		result, _ = r.Send(ctx, m) // the result includes the error
	}
	if err := a.printResult(result, flags.format); err != nil {
		cause := fmt.Errorf("%w; the result was: %s", err, resultLine(result, style.Style{}))
		return &cli.ExitError{Code: cli.ExitUnknown, Cause: cause} // unknown to the reader of stdout
	}
	return cli.OutcomeError(result.Status)
}

// message returns the message that the flags describe, without its number, which
// needs the configuration's default region.
func (f *sendFlags) message() (*provider.Message, error) {
	if f.validity < 0 {
		return nil, fmt.Errorf("--validity %s; want a positive duration such as 90s", f.validity)
	}
	m := &provider.Message{
		From: f.from, Text: f.text, Ref: f.ref, Tag: f.tag,
		Class:    provider.Class(f.class.Value),
		Delivery: provider.Delivery(f.delivery.Value),
		Validity: f.validity,
	}
	if f.at == "" {
		return m, nil
	}
	var err error
	if m.SendAt, err = parseTime(f.at); err != nil {
		return nil, fmt.Errorf("--at: %w", err)
	}
	return m, nil
}

// loadConfig loads the configuration. A dry run does not need its secrets.
func (a *app) loadConfig(ctx context.Context, flags *sendFlags) (*config.Config, error) {
	if flags.dryRun {
		return a.LoadOffline(ctx, &flags.conf)
	}
	return flags.conf.Load(ctx)
}

// openRouter returns the router of the whole configuration, or of one provider.
func openRouter(conf *config.Config, only string) (*router.Router, error) {
	if only == "" {
		return conf.Router(), nil
	}
	return conf.NewRouter(only, conf.Options)
}

// refusal is the result for an invalid number; nil if it is valid.
func refusal(m *provider.Message, badNumber error) *router.Result {
	if badNumber == nil {
		return nil
	}
	return &router.Result{
		Ref: m.Ref, Status: provider.OutcomeRefused,
		Code: provider.InvalidRecipient, Message: input.NumberReason(badNumber),
	}
}
