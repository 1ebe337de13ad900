package zoomconnect_test

import (
	"os"
	"testing"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestConformance(t *testing.T) {
	const token = "11111111-2222-3333-4444-555555555555"
	for _, auth := range []string{zoomconnect.AuthHeaders, zoomconnect.AuthQuery} {
		t.Run(auth, func(t *testing.T) {
			conformance.Run(t, conformance.Harness{
				Open: func(url string) (provider.Provider, error) {
					return zoomconnect.New(zoomconnect.Config{
						Config: httpcall.Config{BaseURL: url},
						Email:  "user@example.com", Token: token, Auth: auth,
					})
				},
				Replies: os.DirFS("testdata/conformance"),
				Secrets: []string{token},
			})
		})
	}
}
