package gateway

import (
	"bytes"
	"log/slog"
	"os"
	"runtime"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
)

// warnOfKeys warns of a key in a file that every user of the machine can read.
func warnOfKeys(path string, s *settings.Serve, log *slog.Logger) {
	const others = 0o004
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&others == 0 || runtime.GOOS == "windows" { // which has no such bits
		return
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return
	}
	for i := range s.Keys {
		if k := &s.Keys[i]; k.Key != "" && bytes.Contains(content, []byte(k.Key)) { // else it comes from elsewhere
			log.Warn("every user of this machine can read a key in the configuration; chmod 600 it, or write key_sha256", "file", path, "key", k.Name)
		}
	}
}
