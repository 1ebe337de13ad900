package rest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
)

// Every recipe passes the suite, with a fake vendor made from its fixtures. How
// connections are treated is the same code for all of them, and one proves it.
func TestConformance(t *testing.T) {
	const first = "transmitsms"
	for _, name := range rest.Builtin() {
		t.Run(name, func(t *testing.T) {
			if name != first && testing.Short() {
				t.Skip("other data for the same code")
			}
			r, err := rest.Load(name)
			require.NoError(t, err)
			a, err := resttest.NewAccount(r)
			require.NoError(t, err)
			h := conformance.Harness{
				Open: a.Open, OpenTimeout: a.OpenTimeout, Replies: a.Replies, Secrets: a.Secrets, Extra: a.Extra, Text: a.Text, Numbers: a.Numbers, OtherRequests: a.OtherRequests,
			}
			if name != first {
				h.WireProvenBy = "the recipe " + first
			}
			conformance.Run(t, h)
		})
	}
}
