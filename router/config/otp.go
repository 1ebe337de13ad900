package config

import (
	"cmp"
	"path/filepath"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/otp"
)

// OTP says how one-time codes are made. Their key and their store are for the program to
// open: [OTP.KeyFile] and [otp.NewLedgerStore].
type OTP struct {
	KeyFile string // for ledger.LoadKey; beside the ledger's unless the configuration names another
	Config  otp.Config
}

type otpConfig struct {
	KeyFile     string             `json:"key_file"`
	Length      *int               `json:"length"`
	TTL         *provider.Duration `json:"ttl"`
	Tries       *int               `json:"tries"`
	Resends     *int               `json:"resends"`
	Text        string             `json:"text"`
	Domain      string             `json:"domain"`
	MaxSegments *int               `json:"max_segments"`
	Number      struct {
		Sends  *int               `json:"sends"`
		Tries  *int               `json:"tries"`
		Window *provider.Duration `json:"window"`
	} `json:"number"`
}

// otp reads how one-time codes are made.
func (d *document) otp(c *Config, f *otpConfig) error {
	var n numbers
	keyFile := filepath.Join(filepath.Dir(c.Ledger.KeyFile), "otp.key") // the configuration's own directory may be read-only
	if f.KeyFile != "" || c.Ledger.KeyFile == "" {
		keyFile = d.resolve(cmp.Or(f.KeyFile, "otp.key"))
	}
	c.OTP = OTP{KeyFile: keyFile, Config: otp.Config{
		Length: plain(&n, "otp.length", f.Length), TTL: span(&n, "otp.ttl", f.TTL), Tries: plain(&n, "otp.tries", f.Tries),
		Resends: orOff(&n, "otp.resends", f.Resends), Text: f.Text, Domain: f.Domain, MaxSegments: plain(&n, "otp.max_segments", f.MaxSegments),
		NumberSends: orOff(&n, "otp.number.sends", f.Number.Sends), NumberTries: orOff(&n, "otp.number.tries", f.Number.Tries),
		NumberWindow: span(&n, "otp.number.window", f.Number.Window),
	}}
	if n.err != nil {
		return n.err
	}
	return under("otp", c.OTP.Config.Check())
}
