package cli

import (
	"context"
	"fmt"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/guard"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/otp"
)

// Codes returns the service of one-time codes of a configuration, in the ledger's
// database. Its key is made if there is none. converted may be nil.
func Codes(conf *config.Config, l *ledger.Ledger, send router.SendFunc, converted func(otp.Conversion)) (*otp.Service, error) {
	key, err := ledger.LoadKey(conf.OTP.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("one-time codes: otp.key_file: %w", err)
	}
	c := conf.OTP.Config
	c.Key, c.Store, c.OnConversion = key, otp.NewLedgerStore(l), converted
	return otp.New(send, c)
}

// Converted tells the guards of codes that came back; failed gets what goes wrong.
func Converted(p *guard.Policy, failed func(error)) func(otp.Conversion) {
	return func(c otp.Conversion) {
		if p == nil || !c.Verified || c.Prefix == "" {
			return
		}
		if err := p.VerifiedIn(context.Background(), c.Prefix); err != nil {
			failed(err)
		}
	}
}
