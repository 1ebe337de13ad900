package apifon_test

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/wire"
)

func TestConformance(t *testing.T) {
	conformance.Run(t, conformance.Harness{
		Open: func(url string) (provider.Provider, error) {
			return apifon.New(apifon.Config{
				Config: wire.Config{BaseURL: url},
				Token:  "t0ken-of-the-account", Secret: "s3cr3t-Key/For+Tests", CallbackSecret: "h00k-s3cr3t", Sender: "Example",
			})
		},
		Replies: os.DirFS("testdata/conformance"),
		Secrets: []string{"t0ken-of-the-account", "s3cr3t-Key/For+Tests", "h00k-s3cr3t"},
	})
}

func TestConformanceOAuth2(t *testing.T) {
	const token = "11111111-2222-3333-4444-555555555555"
	conformance.Run(t, conformance.Harness{
		Open: func(url string) (provider.Provider, error) {
			return apifon.New(apifon.Config{
				// The suite's first send, which fetches the token, must not leave a
				// connection behind for the next one to find dead.
				Config:   wire.Config{BaseURL: url, IdleTimeout: 1},
				ClientID: "cl1ent-of-the-account", ClientSecret: "cl1ent-s3cr3t/+", CallbackSecret: "h00k-s3cr3t", TokenURL: url + "/oauth2/token", Sender: "Example",
			})
		},
		Replies: os.DirFS("testdata/conformance"),
		Secrets: []string{"cl1ent-of-the-account", "cl1ent-s3cr3t/+", "h00k-s3cr3t", token},
		Aside: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, token)
		}),
	})
}
