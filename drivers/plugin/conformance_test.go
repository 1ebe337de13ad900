package plugin_test

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/conformance/smpplab"
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
)

// The suite through the bridge, over both ways of sending. What holds for a
// driver must hold for the same driver in another process. It is without TLS, whose
// keys take longer than the cases: examples/plugin-go runs the suite with it.
func TestConformance(t *testing.T) {
	drivers := []struct {
		name, settings string
		secrets        []string
		lab            conformance.Lab // nil = HTTP
	}{
		// Without the features that can only be tested in the driver's own process.
		{
			"memory", `{"callback_secret": "s3cret-of-the-callbacks", "price": {"amount": "0.05", "currency": "EUR"},
				"balance": {"amount": "1000", "currency": "EUR"},
				"features": ["status", "find", "cancel", "balance", "quote", "callbacks", "check", "schedule", "validity", "choose_sender"]}`,
			[]string{"s3cret-of-the-callbacks"}, nil,
		},
		{
			"apifon", `{"base_url": "{{url}}", "timeout": "{{timeout}}", "token": "t0ken-of-the-account", "secret": "s3cr3t-Key/For+Tests",
				"callback_secret": "h00k-s3cr3t", "sender": "Example"}`,
			[]string{"t0ken-of-the-account", "s3cr3t-Key/For+Tests", "h00k-s3cr3t"}, nil,
		},
		{
			"smpp", `{"address": "{{url}}", "timeout": "{{timeout}}", "system_id": "esme", "password": "s3cret-pass", "times": "absolute",
				"schedule": true, "query": true, "cancel": true, "status_codes": {"0x0400-0x04ff": "no_route"}}`,
			[]string{"s3cret-pass"}, smpplab.New(),
		},
	}
	tls := plugin.TLSOff
	if runtime.GOOS == "windows" { // plugins there have no unix sockets
		tls = plugin.TLSAuto
	}
	for _, d := range drivers {
		for _, line := range []struct {
			name  string
			unary bool
		}{{"stream", false}, {"unary", true}} {
			t.Run(d.name+"/"+line.name, func(t *testing.T) {
				if line.unary && (testing.Short() || d.name != "apifon" && os.Getenv("ANYSMS_LONG") == "") {
					t.Skip("only Send has code of its own; ANYSMS_LONG runs it for each driver")
				}
				wireProvenBy := ""
				if line.unary {
					wireProvenBy = "stream" // the vendor is called by the same code
				}
				open := func(url string, timeout time.Duration) (provider.Provider, error) {
					fill := strings.NewReplacer(conformance.URLPlaceholder, url, conformance.TimeoutPlaceholder, timeout.String())
					c := config(t, d.name, fill.Replace(d.settings))
					c.Unary, c.TLS = line.unary, tls
					// Many start at once, and take their time.
					c.StartTimeout, c.VerdictGrace = provider.Duration(time.Minute), provider.Duration(1500*time.Millisecond)
					return plugin.New(c)
				}
				conformance.Run(t, conformance.Harness{
					Open:        func(url string) (provider.Provider, error) { return open(url, 30*time.Second) },
					OpenTimeout: open,
					Extra:       d.name,
					Replies:     os.DirFS("../" + d.name + "/testdata/conformance"),
					Secrets:     d.secrets,
					Lab:         d.lab,

					WireProvenBy: wireProvenBy,
				})
			})
		}
	}
}
