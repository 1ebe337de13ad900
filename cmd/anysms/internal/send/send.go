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

const sendHelp = `Send one message through the configured routes, and print what became of it.

The status is one of
  accepted   a vendor has the message
  refused    it will not be sent: the message itself cannot be
  not_sent   no vendor has it; it is safe to try again
  unknown    a vendor may have it; trying again may send it twice

and the exit code 0 if it is accepted, 1 if it is refused or not sent, 3 if it is
unknown. When a vendor's answer is lost, the delivery mode decides: at_most_once
stops and says unknown, at_least_once goes on to the next vendor, reconcile asks
the vendor first. One-time codes (--class otp) default to at_least_once, all else
to at_most_once.

--provider P sends through P alone, whatever the routes say. --dry-run shows what
would be tried, and why the rest would not, and sends nothing.

--file sends every row of a CSV, TSV, JSON Lines or XLSX file with the columns

  to, text [, from, ref, class, tag, validity, send_at]

where an empty field leaves what the flags say, and prints one line for each row,
in any order. With --journal the same command goes on where it was interrupted:
what was sent is not sent again, and what was under way is unknown until it is
resolved (see anysms resolve).`

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
		Short:   "Send a message",
		Long:    sendHelp,
		Example: sendExamples,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flags.check(cmd); err != nil {
				return err
			}
			if !flags.dryRun {
				signal.Ignore(syscall.SIGPIPE) // a reader that has gone must not kill what is being sent
			}
			if flags.file != "" {
				return a.sendFile(cmd.Context(), &flags)
			}
			return a.send(cmd.Context(), &flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.to, "to", "", "the recipient's number, +306900000001, or in the national form of the default region")
	f.StringVar(&flags.text, "text", "", "the text, which arrives as written")
	f.StringVar(&flags.from, "from", "", "the sender: a number, a short code or a name")
	f.StringVar(&flags.ref, "ref", "", "your own id of the message")
	flags.class.AddTo(cmd, "class", "the kind of message, which decides the default delivery mode")
	f.StringVar(&flags.tag, "tag", "", "your own label, for routes and statistics")
	f.StringVar(&flags.only, "provider", "", "send through this provider alone")
	flags.delivery.AddTo(cmd, "delivery", "what to do when a vendor may or may not have the message")
	f.DurationVar(&flags.validity, "validity", 0, "how long the vendor may try to deliver, such as 90s")
	f.StringVar(&flags.at, "at", "", "when the vendor shall send it, such as 2030-01-02T15:04:05Z")
	f.BoolVar(&flags.dryRun, "dry-run", false, "show what would be tried and send nothing")
	f.StringVarP(&flags.file, "file", "f", "", "send every row of a file; - is stdin")
	f.StringVar(&flags.charset, "charset", "", "with --file: its character set, such as windows-1253, if it is not UTF-8")
	f.StringVar(&flags.journal, "journal", "", "with --file: note every message in this file, and go on where it ends")
	f.BoolVar(&flags.allowInvalid, "allow-invalid", false, "with --file: exit with 0 although rows were refused")
	flags.conf.AddTo(cmd)
	flags.format.AddTo(cmd)
	return cmd
}

// check refuses flags that do not go together.
func (f *sendFlags) check(cmd *cobra.Command) error {
	given := cmd.Flags().Changed
	if f.file == "" {
		switch {
		case !given("to"):
			return errors.New(`"to" is not given; give --to and --text, or --file`)
		case !given("text"):
			return errors.New(`"text" is not given; give --to and --text, or --file`)
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
			return fmt.Errorf("give --file or --%s, not both: the file has a column for it", name)
		}
	}
	if f.journal != "" && f.dryRun {
		return errors.New("--dry-run sends nothing that a --journal could note")
	}
	return nil
}

func (a *app) send(ctx context.Context, flags *sendFlags) error {
	m, err := flags.message()
	if err != nil {
		return err
	}
	conf, err := flags.conf.Load(ctx)
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
		result, _ = r.Send(ctx, m) // the result says all that the error does
	}
	if err := a.printResult(result, flags.format); err != nil {
		cause := fmt.Errorf("%w; the result is: %s", err, resultLine(result, style.Style{}))
		return &cli.ExitError{Code: cli.ExitUnknown, Cause: cause} // to whoever reads stdout
	}
	return cli.OutcomeError(result.Status)
}

// message is the message that the flags describe, but for its number, which
// needs the configuration's region.
func (f *sendFlags) message() (*provider.Message, error) {
	if f.validity < 0 {
		return nil, fmt.Errorf("--validity %s is negative; want a duration such as 90s", f.validity)
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
		return nil, fmt.Errorf("--at %q is not a time such as 2030-01-02T15:04:05Z", f.at)
	}
	m.SendAt = at
	return m, nil
}

// openRouter gives the router of the whole configuration, or of one provider.
func openRouter(conf *config.Config, only string) (*router.Router, error) {
	if only == "" {
		return conf.Router(), nil
	}
	return conf.Only(only)
}

// refusal is the result of a message whose number cannot be read; nil if it can.
func refusal(m *provider.Message, badNumber error) *router.Result {
	if badNumber == nil {
		return nil
	}
	return &router.Result{
		Ref: m.Ref, Status: provider.OutcomeRefused,
		Code: provider.InvalidRecipient, Message: cli.Reason(badNumber),
	}
}

func (a *app) dryRun(r *router.Router, m *provider.Message, badNumber error, format cli.Format) error {
	plan := &router.Plan{Code: provider.InvalidRecipient, Candidates: []router.Candidate{}}
	if badNumber != nil {
		plan.Message = cli.Reason(badNumber)
	} else {
		plan = r.Plan(m)
	}
	return a.explainPlan(plan, format)
}
