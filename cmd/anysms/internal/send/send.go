package send

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
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

where an empty field means the value of the flag. It prints one line per row, in
any order. With --journal, the same command resumes after an interruption: what
was sent is not sent again, and messages that were in flight have the outcome
unknown until settled with anysms resolve.`

const sendExamples = `  anysms send --to +306900000001 --text "Your table is ready"
  anysms send --to 6900000001 --text "Code 4711" --class otp --validity 2m --format json
  anysms send --to +306900000001 --text Hello --dry-run
  anysms send --file campaign.csv --class marketing --journal campaign.journal --format json > results.jsonl`

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

	file, journal, charset string
	allowInvalid           bool
}

func (a *app) sendCommand() *cobra.Command {
	flags := sendFlags{
		class:    cli.OneOf{Words: []string{"otp", "transactional", "marketing"}},
		delivery: cli.OneOf{Words: []string{"at_most_once", "reconcile", "at_least_once"}},
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
			if flags.file != "" {
				return a.sendFile(cmd.Context(), &flags)
			}
			return a.send(cmd.Context(), &flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.to, "to", "", "recipient's `NUMBER`, such as +306900000001, or national in the default region")
	f.StringVar(&flags.text, "text", "", "`TEXT` of the message")
	f.StringVar(&flags.from, "from", "", "`SENDER`: a number, a short code or a name")
	f.StringVar(&flags.ref, "ref", "", "your own `ID` for the message")
	flags.class.AddTo(cmd, "class", "kind of message; determines the default delivery mode")
	f.StringVar(&flags.tag, "tag", "", "your own `LABEL`, for routes and statistics")
	f.StringVar(&flags.only, "provider", "", "use only the provider of this `NAME`")
	flags.delivery.AddTo(cmd, "delivery", "what to do if a vendor may have accepted the message")
	f.DurationVar(&flags.validity, "validity", 0, "how long the vendor may try to deliver it, such as 90s")
	f.StringVar(&flags.at, "at", "", "`TIME` for the vendor to send it, such as 2030-01-02T15:04:05Z")
	f.BoolVar(&flags.dryRun, "dry-run", false, "print what would be tried, and send nothing")
	f.StringVarP(&flags.file, "file", "f", "", "send every row of a `FILE`; - is stdin")
	f.StringVar(&flags.charset, "charset", "", "with --file: `CHARSET`, such as windows-1253 (default: UTF-8 or UTF-16)")
	f.StringVar(&flags.journal, "journal", "", "with --file: record every message in this `FILE`, and resume from it")
	f.BoolVar(&flags.allowInvalid, "allow-invalid", false, "with --file: exit with 0 even if rows were refused")
	flags.conf.AddTo(cmd)
	flags.format.AddTo(cmd)
	return cmd
}

// check rejects flags that cannot be combined.
func (f *sendFlags) check(cmd *cobra.Command) error {
	given := cmd.Flags().Changed
	if f.file == "" {
		switch {
		case !given("to"):
			return errors.New("--to is missing; give --to and --text, or --file")
		case !given("text"):
			return errors.New("--text is missing; give --to and --text, or --file")
		}
		for _, name := range []string{"journal", "charset", "allow-invalid"} {
			if given(name) {
				return fmt.Errorf("--%s needs --file", name)
			}
		}
		return nil
	}
	for _, name := range []string{"to", "text", "ref"} {
		if given(name) {
			return fmt.Errorf("give --file or --%s, not both: the file has it as a column", name)
		}
	}
	if f.journal != "" && f.dryRun {
		return errors.New("give --dry-run or --journal, not both: a dry run records nothing")
	}
	return nil
}

func (a *app) send(ctx context.Context, flags *sendFlags) error {
	m, err := flags.message()
	if err != nil {
		return err
	}
	conf, err := a.loadConfig(ctx, flags)
	if err != nil {
		return err
	}
	defer conf.Close()
	r, err := openRouter(conf, flags.only)
	if err != nil {
		return err
	}

	var badNumber error
	m.To, _, badNumber = numbering.Parse(flags.to, conf.DefaultRegion)
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
	at, err := time.Parse(time.RFC3339, f.at)
	if err != nil {
		return nil, fmt.Errorf("--at %q; want a time such as 2030-01-02T15:04:05Z", f.at)
	}
	m.SendAt = at
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
	return conf.Only(only)
}

// refusal is the result for an invalid number; nil if it is valid.
func refusal(m *provider.Message, badNumber error) *router.Result {
	if badNumber == nil {
		return nil
	}
	return &router.Result{
		Ref: m.Ref, Status: provider.OutcomeRefused,
		Code: provider.InvalidRecipient, Message: cli.Reason(badNumber),
	}
}
