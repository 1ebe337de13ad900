package phonify_test

import (
	"os"
	"testing"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestConformance(t *testing.T) {
	const key = "pk_k3y-of-the-account"
	for _, auth := range []string{phonify.AuthBasic, phonify.AuthParameter} {
		t.Run(auth, func(t *testing.T) {
			conformance.Run(t, conformance.Harness{
				Open: func(url string) (provider.Provider, error) {
					return phonify.New(phonify.Config{
						Config: httpcall.Config{BaseURL: url},
						APIKey: key, Auth: auth, OwnNumbers: []string{ours},
					})
				},
				Replies: os.DirFS("testdata/conformance"),
				Secrets: []string{key},
			})
		})
	}
}
