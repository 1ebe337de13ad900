package cli

import (
	"fmt"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/otp"
)

// Codes returns the service of one-time codes of a configuration, in the ledger's
// database. Its key is made if there is none. converted may be nil.
func Codes(conf *config.Config, l *ledger.Ledger, send router.SendFunc, converted func(otp.Conversion)) (*otp.Service, error) {
	key, err := ledger.LoadKey(conf.OTP.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("one-time codes: %w", err)
	}
	c := conf.OTP.Config
	c.Key, c.Store, c.OnConversion = key, otp.NewLedgerStore(l), converted
	return otp.New(send, c)
}
