package gateway

import (
	"cmp"
	"maps"
	"slices"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
)

// canBecome refuses what takes a restart.
func (g *Gateway) canBecome(conf *config.Config, serve *settings.Serve) error {
	old := g.current.Load()
	switch path := changedParts(old.conf, conf); {
	case path != "":
		return needsRestart(conf, path)
	case serve.Address() != old.serve.Address():
		return needsRestart(conf, "serve.listen")
	case (serve.TLS == nil) != (old.serve.TLS == nil):
		return needsRestart(conf, "serve.tls")
	}
	return nil
}

func needsRestart(conf *config.Config, path string) error {
	return conf.Errorf(path, "cannot be changed by a reload; restart the gateway, or put back what was there")
}

// changedParts returns the first setting that differs of those with which the ledger and
// the queue were opened; "" = none.
func changedParts(old, conf *config.Config) string {
	was, is := &old.Ledger.Options, &conf.Ledger.Options
	for _, part := range []struct {
		path string
		same bool
	}{
		{"database", old.Ledger.Database == conf.Ledger.Database},
		{"ledger.key_file", old.Ledger.KeyFile == conf.Ledger.KeyFile},
		{"ledger.retention", cmp.Or(was.Retention, ledger.DefaultRetention) == cmp.Or(is.Retention, ledger.DefaultRetention)},
		{"ledger.settle", cmp.Or(was.Settle, ledger.DefaultSettle) == cmp.Or(is.Settle, ledger.DefaultSettle)},
		{"ledger.text", was.KeepTexts == is.KeepTexts},
		{"ledger.optouts", was.OptOutBySender == is.OptOutBySender},
		{"guards.optouts.exempt", slices.Equal(was.OptOutExempt, is.OptOutExempt)},
		{"queue", maps.Equal(old.Queue, conf.Queue)},
	} {
		if !part.same {
			return part.path
		}
	}
	return ""
}
