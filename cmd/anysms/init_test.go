package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/zoomconnect/zoomconnecttest"
)

func TestInit(t *testing.T) {
	vendor := zoomconnecttest.NewServer(zoomconnecttest.Options{})
	defer vendor.Close()
	dir := t.TempDir()
	for name, test := range map[string]struct {
		token, result string
		code          int
	}{
		"right credentials": {zoomconnecttest.Token, "The vendor accepts the credentials.", cli.ExitDone},
		"wrong credentials": {"wrong", "The credentials could not be checked: ", cli.ExitRefused},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name+".yaml")
			got := anysms(t, "init", "--config", path, "--driver", "zoomconnect", "--name", "cape", "--region", "ZA",
				"--set", "email="+zoomconnecttest.Email, "--set", "token="+test.token, "--set", "base_url="+vendor.URL)
			assert.Equal(t, test.code, got.code, got.stderr)
			assert.Contains(t, got.stdout, "was written: provider cape.\n"+test.result)
			if runtime.GOOS != "windows" {
				info, err := os.Stat(path)
				require.NoError(t, err)
				assert.Equal(t, os.FileMode(0o600), info.Mode())
			}
			assert.Equal(t, cli.ExitDone, anysms(t, "config", "check", "--config", path).code)

			before, err := os.ReadFile(path)
			require.NoError(t, err)
			got = anysms(t, "init", "--config", path, "--driver", "memory")
			assert.Equal(t, cli.ExitUsage, got.code)
			assert.Contains(t, got.stderr, "exists already")
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, before, after)
		})
	}
	got := anysms(t, "send", "--config", filepath.Join(dir, "right credentials.yaml"), "--to", "0821234567", "--text", "Hello")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Len(t, vendor.Messages(), 1)
}

// What the flags do not say is asked; a reply that cannot be used is asked for again.
func TestInitAsks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.yaml")
	got := anysmsReading(t, "apifon\nt0\ns\"3: ${cret\nMuchTooLongASender\nShop\nGRR\nGR\n", "init", "--config", path, "--no-check")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	for _, want := range []string{"Vendor: ", "token: ", "secret: ", "at most 11", `unknown region "GRR"`} {
		assert.Contains(t, got.stderr, want)
	}
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, `# Made by anysms init. "anysms drivers apifon" lists what else can be set.
providers:
  apifon:
    driver: apifon
    token: t0
    secret: 's"3: $${cret'
    sender: Shop
router:
  default_region: GR
`, string(content))
	assert.Contains(t, anysms(t, "config", "check", "--config", path).stdout, "is valid")
}

// A recipe is a vendor like any other, and a variable stays one.
func TestInitOfARecipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.yaml")
	got := anysms(t, "init", "--config", path, "--driver", "twilio", "--format", "json",
		"--set", "account_sid=AC11111111111111111111111111111111", "--set", "auth_token=${NO_SUCH_VARIABLE}")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	var report map[string]string
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &report))
	assert.Equal(t, map[string]string{"path": path, "provider": "twilio", "driver": "rest", "check": "skipped", "message": "environment variables not set: NO_SUCH_VARIABLE"}, report)
	t.Setenv("NO_SUCH_VARIABLE", "secret")
	got = anysms(t, "config", "check", "--config", path)
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
}

func TestInitMistakes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.yaml")
	for want, args := range map[string][]string{
		"--driver is missing":                               {},
		`unknown vendor "twillio" (did you mean "twilio"?)`: {"--driver", "twillio"},
		"--set api_key=… is missing":                        {"--driver", "phonify"},
		"--set x; want KEY=VALUE":                           {"--driver", "phonify", "--set", "x"},
		`unknown key (did you mean "api_key"?)`:             {"--driver", "phonify", "--set", "api_kei=x"},
		`--set timeout: "soon" is not a duration`:           {"--driver", "phonify", "--set", "api_key=x", "--set", "timeout=soon"},
		`--set account_sid: does not match`:                 {"--driver", "twilio", "--set", "account_sid=x", "--set", "auth_token=x"},
		`--region: unknown region "GRR"`:                    {"--driver", "memory", "--region", "GRR"},
	} {
		got := anysms(t, append([]string{"init", "--config", path}, args...)...)
		assert.Equal(t, cli.ExitUsage, got.code, want)
		assert.Contains(t, got.stderr, want)
		assert.NoFileExists(t, path)
	}
}

func TestInitStopsWhenInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.yaml")
	waiting, writer := io.Pipe()
	defer writer.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	asked := &reacting{to: "api_key: ", then: interrupt}
	var out bytes.Buffer
	code := run(ctx, []string{"init", "--config", path, "--driver", "phonify"}, waiting, &out, asked)
	assert.Equal(t, cli.ExitRefused, code)
	assert.Contains(t, asked.String(), "interrupted; nothing was written")
	assert.Empty(t, out.String())
	assert.NoFileExists(t, path)
	assert.False(t, strings.Contains(asked.String(), "Country"))
}
