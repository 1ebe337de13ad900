package rest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// A country that the account may not send to does not take the vendor down for
// the others, whether the vendor documents its code or not.
func TestForbiddenCountry(t *testing.T) {
	for _, code := range []string{"0x0217", "0x02FF"} {
		t.Run(code, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if strings.Contains(string(body), `"msisdn":44`) {
					w.WriteHeader(http.StatusForbidden)
					fmt.Fprintf(w, `{"code":%q,"message":"Unauthorized destination: country %%1","variables":["GB"]}`, code)
					return
				}
				fmt.Fprint(w, `{"ids":[421332671],"usage":{"currency":"DKK","total_cost":0.12}}`)
			}))
			defer s.Close()
			recipe, err := rest.Load("gatewayapi")
			require.NoError(t, err)
			p, err := resttest.Open(recipe, s.URL)
			require.NoError(t, err)
			r, err := router.New([]router.Upstream{{Name: "copenhagen", Provider: p}}, nil)
			require.NoError(t, err)
			defer r.Close(context.Background())
			for i := range 30 {
				_, err := r.Send(t.Context(), &provider.Message{To: e164.MustParse(fmt.Sprintf("+4479111234%02d", i)), Text: "Hello"})
				require.ErrorIs(t, err, provider.NoRoute)
			}
			for i := range 5 {
				result, err := r.Send(t.Context(), &provider.Message{To: e164.MustParse(fmt.Sprintf("+45201234%02d", i)), Text: "Hej"})
				require.NoError(t, err)
				assert.Equal(t, "copenhagen", result.Provider)
			}
		})
	}
}
