package rest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
)

// Every recipe passes the whole suite, over a fake made of its fixtures.
func TestConformance(t *testing.T) {
	for _, name := range rest.Builtin() {
		t.Run(name, func(t *testing.T) {
			r, err := rest.Load(name)
			require.NoError(t, err)
			a, err := resttest.NewAccount(r)
			require.NoError(t, err)
			conformance.Run(t, conformance.Harness{
				Open: a.Open, OpenTimeout: a.OpenTimeout, Replies: a.Replies, Secrets: a.Secrets, Extra: a.Extra, Text: a.Text,
			})
		})
	}
}
