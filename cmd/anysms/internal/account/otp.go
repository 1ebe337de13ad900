package account

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/numbering"
)

type otpStarted struct {
	Provider string `json:"provider"`
	To       string `json:"to"`
	Ref      string `json:"ref"`
}

type otpChecked struct {
	Provider string                      `json:"provider"`
	Ref      string                      `json:"ref"`
	Verdict  provider.VerificationResult `json:"verdict"`
}

func (a *app) otpCommand() *cobra.Command {
	return cli.Parent("otp", cli.GroupSend, "Send and check one-time codes with a vendor's verification service", "",
		a.otpStartCommand(), a.otpCheckCommand())
}

// otpStartFlags are the flags of otp start.
type otpStartFlags struct {
	question
	to, from, text string
	ref            string
}

func (a *app) otpStartCommand() *cobra.Command {
	var flags otpStartFlags
	cmd := &cobra.Command{
		Use:     "start --provider P --to N",
		Short:   "Send a code, and print the ref to check it with",
		Example: "  anysms otp start --provider athens --to +306900000001",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.otpStart(cmd.Context(), &flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.to, "to", "", "recipient's `NUMBER`")
	f.StringVar(&flags.ref, "ref", "", "your own `ID` for the verification (default: the vendor's, or a new one)")
	f.StringVar(&flags.from, "from", "", "`SENDER`")
	f.StringVar(&flags.text, "text", "", "`TEXT` with the driver's placeholder for the code (default: the vendor's text)")
	_ = cmd.MarkFlagRequired("to") // the flag was just defined
	flags.addTo(cmd)
	return cmd
}

func (a *app) otpStart(ctx context.Context, flags *otpStartFlags) error {
	return a.ask(ctx, &flags.question, func(conf *config.Config, p provider.Provider) error {
		to, _, err := numbering.Parse(flags.to, conf.DefaultRegion)
		if err != nil {
			return err
		}
		receipt, err := provider.StartVerification(ctx, p, &provider.VerificationRequest{To: to, Ref: flags.ref, From: flags.from, Text: flags.text})
		if err != nil {
			return err
		}
		if flags.format.JSON() {
			return a.PrintJSON(otpStarted{flags.provider, to.String(), receipt.ID})
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
		Use:     "check --provider P --ref R --code C",
		Short:   "Check a code: exit code 0 if it is right, 1 if not",
		Example: "  anysms otp check --provider athens --ref 2f1c9a7e --code 4711",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.otpCheck(cmd.Context(), &flags) },
	}
	cmd.Flags().StringVar(&flags.ref, "ref", "", "`REF` that otp start printed")
	cmd.Flags().StringVar(&flags.code, "code", "", "`CODE` that the user entered")
	for _, name := range []string{"ref", "code"} {
		_ = cmd.MarkFlagRequired(name) // the flag was just defined
	}
	flags.addTo(cmd)
	return cmd
}

func (a *app) otpCheck(ctx context.Context, flags *otpCheckFlags) error {
	return a.ask(ctx, &flags.question, func(_ *config.Config, p provider.Provider) error {
		verdict, err := provider.CheckVerification(ctx, p, flags.ref, flags.code)
		if err != nil {
			return err
		}
		if err := a.printVerdict(otpChecked{flags.provider, flags.ref, verdict}, flags.format); err != nil {
			return err
		}
		if verdict != provider.VerificationRight {
			return &cli.ExitError{Code: cli.ExitRefused}
		}
		return nil
	})
}

func (a *app) printVerdict(c otpChecked, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(c)
	}
	_, err := fmt.Fprintln(a.Out, c.Verdict)
	return err
}
