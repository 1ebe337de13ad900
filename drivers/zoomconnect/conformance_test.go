package zoomconnect_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/zoomconnect"
)

func TestConformance(t *testing.T) {
	for _, auth := range []string{zoomconnect.AuthHeaders, zoomconnect.AuthQuery} {
		t.Run(auth, func(t *testing.T) {
			h, err := conformance.ForDriver(zoomconnect.Driver, fmt.Appendf(nil, `{"email":"user@shop.example",
				"token":"11111111-2222-3333-4444-555555555555","callback_secret":"h00k-s3cr3t","auth":%q}`, auth))
			require.NoError(t, err)
			h.Replies = os.DirFS("testdata/conformance")
			conformance.Run(t, h)
		})
	}
}
