package config

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

func isPostgres(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

// days reads a duration that may be in days; 0 = without end.
func days(s string) (time.Duration, bool) {
	if n, isDays := strings.CutSuffix(s, "d"); isDays {
		d, err := strconv.Atoi(n)
		return time.Duration(d) * 24 * time.Hour, err == nil && d > 0 && d <= 36500
	}
	if s == "0" {
		return -1, true
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d > 0
}

// ledger reads where the ledger is and how it is kept.
func (d *document) ledger(c *Config, file *fileConfig) error {
	f := &file.Ledger
	if file.Database == "" {
		if *f != (ledgerConfig{}) {
			return provider.ConfigErrorf("ledger", "has no effect without database: a file name, such as anysms.db, or postgres://…")
		}
		return nil
	}
	var n numbers
	l := Ledger{Database: file.Database, Options: ledger.Options{Settle: span(&n, "ledger.settle", f.Settle)}}
	if n.err != nil {
		return n.err
	}
	if f.Retention != "" {
		var ok bool
		if l.Options.Retention, ok = days(f.Retention); !ok {
			return provider.ConfigErrorf("ledger.retention", "%q; want days, such as 90d, or a duration, such as 72h; 0 = for ever", f.Retention)
		}
	}
	scheme, _, isURL := strings.Cut(l.Database, "://")
	switch {
	case isPostgres(l.Database):
		l.KeyFile = filepath.Join(d.dir, "anysms.key")
	case isURL:
		return provider.ConfigErrorf("database", "%s:// is not supported; want a file name, such as anysms.db, or postgres://…", scheme)
	default:
		l.Database = d.resolve(l.Database)
		l.KeyFile = l.Database + ".key"
	}
	if f.KeyFile != "" {
		l.KeyFile = d.resolve(f.KeyFile)
	}
	switch f.Text {
	case "", "erase":
	case "keep":
		l.Options.KeepTexts = true
	default:
		return provider.ConfigErrorf("ledger.text", "%q; want erase or keep", f.Text)
	}
	switch f.OptOuts {
	case "", "all":
	case "sender":
		l.Options.OptOutBySender = true
	default:
		return provider.ConfigErrorf("ledger.optouts", "%q; want all or sender: what a reply of STOP holds for", f.OptOuts)
	}
	c.Ledger = l
	return nil
}
