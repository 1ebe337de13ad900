package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/numbering"
	"github.com/anysms/anysms/router/otp"
)

type otpStarted struct {
	Provider  string     `json:"provider"` // that has sent the code
	To        string     `json:"to"`
	Ref       string     `json:"ref"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // nil = a vendor made the code and knows
}

type otpChecked struct {
	Provider  string                      `json:"provider,omitempty"` // whose service it is; "" = ours
	Ref       string                      `json:"ref"`
	Verdict   provider.VerificationResult `json:"verdict"`
	TriesLeft *int                        `json:"attempts_left,omitempty"` // nil = the vendor knows
}

const otpHelp = `Send one-time codes and check them.

By default anysms generates the code itself and sends it through the routes, with
failover between vendors. This needs a database in the configuration; the section otp
there sets length, text and limits. A code can be used once and is valid for five
minutes by default; five wrong guesses invalidate it. --provider P --own sends it
through P only.

--provider P without --own uses the verification service of that vendor, if it has one:
the vendor generates, sends and checks the code.`

func (a *app) otpCommand() *cobra.Command {
	return cli.Parent("otp", cli.GroupSend, "Send and check one-time codes", otpHelp, a.otpStartCommand(), a.otpCheckCommand())
}

// otpStartFlags are the flags of otp start.
type otpStartFlags struct {
	question
	to, from, text string
	ref            string
	length         int
	ttl            time.Duration
	own            bool
}

func (a *app) otpStartCommand() *cobra.Command {
	var flags otpStartFlags
	cmd := &cobra.Command{
		Use:   "start --to N",
		Short: "Send a code, and print the ref to check it with",
		Long: otpHelp + `

Repeating the command with the same --ref, or with the ref that it printed, sends the
same code again while it is valid.`,
		Example: `  anysms otp start --to +306900000001
  anysms otp start --to +306900000001 --text "Ο κωδικός σας είναι {code}." --ttl 10m
  anysms otp start --to +306900000001 --provider usa --own
  anysms otp start --to +306900000001 --provider athens    # the vendor's own service`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if flags.own || flags.provider == "" {
				return a.startOwn(cmd.Context(), &flags)
			}
			return a.otpStart(cmd.Context(), &flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.to, "to", "", "recipient's `NUMBER`")
	f.StringVar(&flags.ref, "ref", "", "your own `ID` for the verification (default: a new one)")
	f.StringVar(&flags.from, "from", "", "`SENDER`")
	f.StringVar(&flags.text, "text", "", "`TEXT` with {code} in it, or with the placeholder of the vendor's service")
	f.IntVar(&flags.length, "length", 0, "`DIGITS` of the code (default that of the configuration, else 6)")
	f.DurationVar(&flags.ttl, "ttl", 0, "`TIME` for which it is valid, 1m to 60m (default that of the configuration, else 5m)")
	f.BoolVar(&flags.own, "own", false, "with --provider: send a code that anysms makes, through this provider only")
	_ = cmd.MarkFlagRequired("to") // the flag was just defined
	flags.addOptional(cmd)
	return cmd
}

func (a *app) otpStart(ctx context.Context, flags *otpStartFlags) error {
	return a.ask(ctx, &flags.question, func(conf *config.Config, p provider.Provider) error {
		to, _, err := numbering.Parse(flags.to, conf.DefaultRegion)
		if err != nil {
			return err
		}
		receipt, err := provider.StartVerification(ctx, p, &provider.VerificationRequest{
			To: to, Ref: flags.ref, From: flags.from, Text: flags.text, Length: flags.length, Expire: flags.ttl,
		})
		if errors.Is(err, errors.ErrUnsupported) && !flags.format.JSON() {
			err = fmt.Errorf("%w; --own sends a code that anysms makes itself", err)
		}
		if err != nil {
			return err
		}
		if flags.format.JSON() {
			return a.PrintJSON(otpStarted{flags.provider, to.String(), receipt.ID, nil})
		}
		_, err = fmt.Fprintf(a.Out, "sent; check the code with --ref %s\n", receipt.ID)
		return err
	})
}

// otpCheckFlags are the flags of otp check.
type otpCheckFlags struct {
	question
	ref, code string
}

func (a *app) otpCheckCommand() *cobra.Command {
	var flags otpCheckFlags
	cmd := &cobra.Command{
		Use:   "check --ref R --code C",
		Short: "Check a code: exit code 0 if it is valid, 1 if not",
		Long: `Check the code that a person entered: exit code 0 if it is valid, 1 if not. A code is not
valid if it was used before, has expired, or was guessed wrong too often.

--ref is the one that otp start printed. A code made by a vendor's service also needs
--provider.`,
		Example: `  anysms otp check --ref otp_k3vafzk7xq2m5ub4p6w3n7yhce --code 471100
  anysms otp check --provider athens --ref 2f1c9a7e --code 4711`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case otp.IsID(flags.ref):
				flags.provider = "" // whichever sent it
				return a.checkOwn(cmd.Context(), &flags)
			case flags.provider == "":
				return fmt.Errorf("--ref %q is none that anysms has made; a code of a vendor's service needs --provider too", flags.ref)
			}
			return a.otpCheck(cmd.Context(), &flags)
		},
	}
	cmd.Flags().StringVar(&flags.ref, "ref", "", "`REF` that otp start printed")
	cmd.Flags().StringVar(&flags.code, "code", "", "`CODE` that the user entered")
	for _, name := range []string{"ref", "code"} {
		_ = cmd.MarkFlagRequired(name) // the flag was just defined
	}
	flags.addOptional(cmd)
	return cmd
}

func (a *app) otpCheck(ctx context.Context, flags *otpCheckFlags) error {
	return a.ask(ctx, &flags.question, func(_ *config.Config, p provider.Provider) error {
		verdict, err := provider.CheckVerification(ctx, p, flags.ref, flags.code)
		if err != nil {
			return err
		}
		return a.printVerdict(otpChecked{Provider: flags.provider, Ref: flags.ref, Verdict: verdict}, flags.format)
	})
}

// printVerdict prints what a check found. Its error is the exit code.
func (a *app) printVerdict(c otpChecked, format cli.Format) error {
	var err error
	if format.JSON() {
		err = a.PrintJSON(c)
	} else {
		_, err = fmt.Fprintln(a.Out, c.Verdict)
	}
	if err == nil && c.Verdict != provider.VerificationRight {
		return &cli.ExitError{Code: cli.ExitRefused}
	}
	return err
}
