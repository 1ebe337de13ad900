package phonify_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/phonify"
)

func TestConformance(t *testing.T) {
	for _, auth := range []string{phonify.AuthBasic, phonify.AuthParameter} {
		t.Run(auth, func(t *testing.T) {
			h, err := conformance.ForDriver(phonify.Driver, fmt.Appendf(nil, `{"api_key":"pk_k3y-of-the-account","auth":%q,"own_numbers":[%q]}`, auth, ours))
			require.NoError(t, err)
			h.Replies = os.DirFS("testdata/conformance")
			conformance.Run(t, h)
		})
	}
}
