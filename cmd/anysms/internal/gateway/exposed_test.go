//go:build unix

package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/router/config"
)

// A key that other users of the machine can read is warned of; a hash is not, nor is a
// key that comes from the environment.
func TestExposedKeys(t *testing.T) {
	t.Setenv("OPS_KEY", keyOf("ops"))
	const hash = "key_sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		key  string
		mode os.FileMode
		warn bool
	}{
		{"key: " + keyOf("ops"), 0o644, true},
		{"key: " + keyOf("ops"), 0o640, true},
		{"key: " + keyOf("ops"), 0o600, false},
		{hash, 0o644, false},
		{`key: "${OPS_KEY}"`, 0o644, false},
	} {
		t.Run(fmt.Sprintf("%.12s %o", c.key, c.mode), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "anysms.yaml")
			yaml := "providers: {a: {driver: memory}}\ndatabase: anysms.db\nserve: {keys: [{name: ops, scopes: [send], " + c.key + "}]}\n"
			require.NoError(t, os.WriteFile(path, []byte(yaml), 0o600))
			require.NoError(t, os.Chmod(path, c.mode))
			load := func(ctx context.Context) (*config.Config, *settings.Serve, error) {
				flag := cli.ConfigFlag{Path: path}
				conf, err := flag.Load(ctx)
				return conf, &flag.Serve, err
			}
			var log bytes.Buffer
			g, err := gateway.Open(t.Context(), gateway.Options{Load: load, Log: slog.New(slog.NewTextHandler(&log, nil))})
			require.NoError(t, err)
			require.NoError(t, g.Close(context.Background()))
			assert.Equal(t, c.warn, strings.Contains(log.String(), "a secret in a file that other users can access"), log.String())
			assert.Equal(t, c.warn, strings.Contains(log.String(), "setting=serve.keys[0].key"), log.String())
			assert.NotContains(t, log.String(), keyOf("ops"))
		})
	}
}
