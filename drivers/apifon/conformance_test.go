package apifon_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/apifon"
)

func harness(t *testing.T, settings string) conformance.Harness {
	h, err := conformance.ForDriver(apifon.Driver, json.RawMessage(settings))
	require.NoError(t, err)
	h.Replies = os.DirFS("testdata/conformance")
	return h
}

func TestConformance(t *testing.T) {
	conformance.Run(t, harness(t, `{"token":"t0ken-of-the-account","secret":"s3cr3t-Key/For+Tests","callback_secret":"h00k-s3cr3t","sender":"Example"}`))
}

func TestConformanceOAuth2(t *testing.T) {
	const token = "11111111-2222-3333-4444-555555555555"
	// The suite's first send, which fetches the token, must not leave a
	// connection behind for the next one to find dead: hence the idle timeout.
	h := harness(t, `{"client_id":"cl1ent-of-the-account","client_secret":"cl1ent-s3cr3t/+","callback_secret":"h00k-s3cr3t","sender":"Example",
		"base_url":"{{url}}","token_url":"{{url}}/oauth2/token","idle_timeout":"1ns"}`)
	h.Secrets = append(h.Secrets, token)
	h.OtherRequests = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, token)
	})
	conformance.Run(t, h)
}
