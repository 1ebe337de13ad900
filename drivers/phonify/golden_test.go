package phonify_test

import (
	"context"
	"flag"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestRequests compares what goes over the line, byte for byte, with
// testdata/requests.
func TestRequests(t *testing.T) {
	byParameter := func(c *phonify.Config) { c.Auth, c.Business = phonify.AuthParameter, "shop" }
	tests := []struct {
		name   string
		change func(*phonify.Config)
		call   func(context.Context, *phonify.Provider) error
	}{
		{"send", nil, func(ctx context.Context, p *phonify.Provider) error {
			_, err := p.Send(ctx, &provider.Message{To: alice, Text: "Γειά & a+b=100% {KEY}\n€ 👋"})
			return err
		}},
		{"send_by_parameter", byParameter, func(ctx context.Context, p *phonify.Provider) error {
			_, err := p.Send(ctx, &provider.Message{To: alice, Text: "Hello"})
			return err
		}},
		{"retrieve", nil, func(ctx context.Context, p *phonify.Provider) error {
			_, err := p.Client().Message(ctx, "ch_0Ab/?%")
			return err
		}},
		{"list", nil, func(ctx context.Context, p *phonify.Provider) error {
			_, err := p.Client().List(ctx, 100, 1000)
			return err
		}},
		{"list_by_parameter", byParameter, func(ctx context.Context, p *phonify.Provider) error {
			_, err := p.Client().List(ctx, 0, 0)
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var seen []byte
			s := httpcalltest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Host = "vendor.example"
				seen, _ = httputil.DumpRequest(r, true)
				_, _ = w.Write([]byte(`{"messages":[{"id":"ch_0Ab/?%"}]}`))
			}))
			defer s.Close()
			config := phonify.Config{Config: httpcall.Config{BaseURL: s.URL + "/v1"}, APIKey: phonifytest.APIKey}
			if tt.change != nil {
				tt.change(&config)
			}
			p, err := phonify.New(config)
			require.NoError(t, err)
			defer p.Close()
			require.NoError(t, tt.call(t.Context(), p))
			compareGolden(t, filepath.Join("testdata", "requests", tt.name+".http"), string(seen))
		})
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	got = strings.ReplaceAll(got, "\r\n", "\n") + "\n"
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run with -update to write it")
	assert.Equal(t, string(want), got)
}
