package plugin_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// The test binary is its own plugin: started by a host, it serves what its first
// argument names.
func TestMain(m *testing.M) {
	if os.Getenv("ANYSMS_PLUGIN") != "" {
		programs[os.Args[1]]()
		return
	}
	goleak.VerifyTestMain(m)
}

// programs are the plugins of these tests.
var programs = map[string]func(){
	"memory": func() { plugin.Serve(memory.Driver) },
}

// config is the configuration of one of the programs.
func config(t testing.TB, program, settings string) plugin.Config {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return plugin.Config{
		Path:     self,
		Args:     []string{program},
		Settings: json.RawMessage(settings),
		Logger:   slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// open starts a plugin that is closed at the end of the test.
func open(t testing.TB, c plugin.Config) *plugin.Provider {
	t.Helper()
	p, err := plugin.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func message(text string) *provider.Message {
	return &provider.Message{To: e164.MustParse("+306900000001"), From: "Example", Text: text, Ref: "r-1"}
}

func TestSmoke(t *testing.T) {
	p := open(t, config(t, "memory", `{}`))
	r, err := p.Send(context.Background(), message("hello"))
	require.NoError(t, err)
	t.Log(r, p.Capabilities(), p.Describe())
}
