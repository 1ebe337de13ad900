package phonify_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance/golden"
	"github.com/anysms/anysms/drivers/internal/drivertest"
	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// TestRequests compares what is sent, byte for byte, with
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
			vendor := drivertest.NewRecorder(t, `{"messages":[{"id":"ch_0Ab/?%"}]}`)
			config := phonify.Config{Config: httpcall.Config{BaseURL: vendor.URL + "/v1"}, APIKey: phonifytest.APIKey}
			if tt.change != nil {
				tt.change(&config)
			}
			p, err := phonify.New(config)
			require.NoError(t, err)
			defer p.Close()
			require.NoError(t, tt.call(t.Context(), p))
			golden.Check(t, filepath.Join("testdata", "requests", tt.name+".http"), vendor.Request(t))
		})
	}
}
