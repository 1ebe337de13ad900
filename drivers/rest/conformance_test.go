package rest_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
)

// The engine is the same for every recipe, and most of the suite's cases are
// about the engine: without ANYSMS_LONG one recipe for each form of request and
// answer runs all of them. The fixtures of every recipe are replayed always.
func TestConformance(t *testing.T) {
	names := []string{"transmitsms", "infobip", "routemobile", "exotel", "msg91"}
	if os.Getenv("ANYSMS_LONG") != "" {
		names = rest.Builtin()
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			r, err := rest.Load(name)
			require.NoError(t, err)
			a, err := resttest.NewAccount(r)
			require.NoError(t, err)
			conformance.Run(t, conformance.Harness{Open: a.Open, Replies: a.Replies, Secrets: a.Secrets, Text: a.Text})
		})
	}
}
