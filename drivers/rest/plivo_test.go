package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/provider"
)

// The signatures of Plivo's own SDKs (plivo-go, utils_test.go), whose URL has no
// query, and the rule between them: the strongest that is present decides.
func TestPlivoSignatures(t *testing.T) {
	r, err := rest.Load("plivo")
	require.NoError(t, err)
	p, err := r.NewProvider(rest.Config{Values: map[string]provider.Secret{"auth_id": "MAXXXXXXXXXXXXXXXXXX", "auth_token": "my_auth_token"}})
	require.NoError(t, err)
	defer p.Close()
	const right = "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc=" // of https://answer.url and the nonce 12345
	const wrong = "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXd="
	for _, c := range []struct {
		name    string
		headers map[string]string
		genuine bool
	}{
		{"V2", map[string]string{"X-Plivo-Signature-V2": right}, true},
		{"V2 of the main account", map[string]string{"X-Plivo-Signature-Ma-V2": right}, true},
		{"V2 of a subaccount and of the main account", map[string]string{"X-Plivo-Signature-V2": wrong, "X-Plivo-Signature-Ma-V2": right}, true},
		{"two wrong V2", map[string]string{"X-Plivo-Signature-V2": wrong, "X-Plivo-Signature-Ma-V2": wrong}, false},
		{"a wrong V3 beside a right V2", map[string]string{"X-Plivo-Signature-V3": right, "X-Plivo-Signature-V3-Nonce": "12345", "X-Plivo-Signature-V2": right}, false},
		{"a wrong MA-V3 beside a right V2", map[string]string{"X-Plivo-Signature-MA-V3": wrong, "X-Plivo-Signature-V3-Nonce": "12345", "X-Plivo-Signature-V2": right}, false},
		{"none", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
			header.Set("X-Plivo-Signature-V2-Nonce", "12345")
			for name, value := range c.headers {
				header.Set(name, value)
			}
			_, err := p.ParseCallback(t.Context(), &provider.Callback{
				Method: http.MethodPost, URL: "https://answer.url", Header: header,
				Body: []byte("MessageUUID=db3ce55a&Status=delivered&To=14153336666&From=14156667777"),
			})
			if c.genuine {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, provider.ErrBadSignature)
			}
		})
	}
}
