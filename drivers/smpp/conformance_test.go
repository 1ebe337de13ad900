package smpp_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/conformance/smpplab"
	"github.com/anysms/anysms/drivers/smpp"
)

func TestConformance(t *testing.T) {
	h, err := conformance.ForDriver(smpp.Driver, json.RawMessage(`{"address": "{{url}}", "system_id": "esme", "password": "s3cret-pass",
		"times": "absolute", "schedule": true, "query": true, "cancel": true, "status_codes": {"0x0400-0x04ff": "no_route"}}`))
	require.NoError(t, err)
	h.Lab, h.Replies = smpplab.New(), os.DirFS("testdata/conformance")
	conformance.Run(t, h)
}
