package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/numbering"
	"github.com/anysms/anysms/router/otp"
)

// ownCodes calls f with the configuration's service of one-time codes, which sends
// through the routes, or through the one provider that is named.
func (a *app) ownCodes(ctx context.Context, q *question, f func(*config.Config, *otp.Service) error) error {
	conf, err := q.conf.Load(ctx)
	if err != nil {
		return err
	}
	defer conf.Close()
	l, err := cli.OpenLedger(ctx, conf)
	if err != nil {
		return err
	}
	if l == nil {
		return fmt.Errorf("%s has no database; codes that anysms makes itself are checked there: add a line such as \"database: anysms.db\", or use a vendor's verification service with --provider", conf.Path)
	}
	defer l.Close()
	opts := conf.Options
	cli.Record(&opts, conf, l)
	r, err := conf.NewRouter(q.provider, opts)
	if err != nil {
		return err
	}
	defer r.Close(context.WithoutCancel(ctx))
	codes, err := cli.Codes(conf, l, r.Send, cli.Converted(conf.Guards, func(err error) { fmt.Fprintln(a.Err, err) }))
	if err != nil {
		return err
	}
	err = f(conf, codes)
	if failed, ok := errors.AsType[*cli.ExitError](err); ok && failed.Cause != nil && q.format.JSON() {
		return a.printFailure(q, failed)
	}
	return err
}

func (a *app) startOwn(ctx context.Context, flags *otpStartFlags) error {
	return a.ownCodes(ctx, &flags.question, func(conf *config.Config, codes *otp.Service) error {
		to, _, err := numbering.Parse(flags.to, conf.DefaultRegion)
		if err != nil {
			return err
		}
		o := otp.Options{Ref: flags.ref, From: flags.from, Text: flags.text, Length: flags.length, TTL: flags.ttl}
		if otp.IsID(flags.ref) {
			o.Ref, o.ID = "", flags.ref
		}
		v, err := codes.Start(ctx, to, o)
		if err != nil {
			return ownError(v, err)
		}
		if flags.format.JSON() {
			return a.PrintJSON(otpStarted{v.Result.Provider, to.String(), v.ID, &v.ExpiresAt})
		}
		_, err = fmt.Fprintf(a.Out, "sent by %s; valid until %s; check the code with --ref %s\n", v.Result.Provider, v.ExpiresAt.Local().Format(time.TimeOnly), v.ID)
		return err
	})
}

// ownError gives an error of a service its exit code, and says what to do.
func ownError(v *otp.Verification, err error) error {
	limited, ok := errors.AsType[*provider.Error](err)
	switch {
	case v != nil:
		err = fmt.Errorf("%w; if the code arrives, check it with --ref %s", err, v.ID)
		return &cli.ExitError{Code: cli.ExitUnknown, Cause: err}
	case errors.Is(err, otp.ErrLimit) && ok:
		err = fmt.Errorf("%w; try again in %s", err, limited.RetryAfter.Round(time.Second))
	}
	return &cli.ExitError{Code: cli.ExitRefused, Cause: err}
}

func (a *app) checkOwn(ctx context.Context, flags *otpCheckFlags) error {
	return a.ownCodes(ctx, &flags.question, func(_ *config.Config, codes *otp.Service) error {
		c, err := codes.Check(ctx, flags.ref, flags.code)
		if err != nil {
			return err
		}
		verdict := otpChecked{Ref: flags.ref, Verdict: provider.VerificationWrong, TriesLeft: &c.TriesLeft}
		if c.Valid {
			verdict.Verdict = provider.VerificationRight
		}
		return a.printVerdict(verdict, flags.format)
	})
}
