package plugin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

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
	if os.Getenv("PLUGIN_TEST_HOST") != "" {
		beHost()
		return
	}
	goleak.VerifyTestMain(m)
}

// beHost starts a plugin, says its process number and waits to be killed.
func beHost() {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	p, err := plugin.New(plugin.Config{Path: self, Args: []string{"odd"}, StartTimeout: patience, HealthTimeout: patience})
	if err != nil {
		panic(err)
	}
	r, err := p.Send(context.Background(), message("pid"))
	if err != nil {
		panic(err)
	}
	fmt.Println(r.ID)
	time.Sleep(time.Hour)
}

// patience is what a plugin has for its start and for a health check where a test is
// about neither, so that no pause of the machine ends it.
const patience = provider.Duration(time.Minute)

// config is the configuration of one of the programs.
func config(t testing.TB, program, settings string) plugin.Config {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return plugin.Config{
		Path:     self,
		Args:     []string{program},
		Env:      map[string]string{"GORACE": "atexit_sleep_ms=0"}, // else a program under the race detector takes a second to exit
		Settings: json.RawMessage(settings),

		StartTimeout: patience, HealthTimeout: patience,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
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

// send is one attempt that need not succeed.
func send(p provider.Provider, text string) (*provider.Receipt, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience.Std())
	defer cancel()
	return p.Send(ctx, message(text))
}

// ask makes one attempt and returns the receipt's ID.
func ask(t testing.TB, p provider.Provider, text string) string {
	t.Helper()
	r, err := send(p, text)
	require.NoError(t, err)
	return r.ID
}
