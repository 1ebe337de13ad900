package gateway_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A code that comes back is known to the adaptive route that has sent it, through the
// queue.
func TestCodesTeachAdaptiveRoutes(t *testing.T) {
	l := open(t, "{}")
	l.stop()
	l.rewrite("router: {", "router: {routes: [{name: all, strategy: adaptive, providers: [athens]}], ")
	l.start()

	a := l.call("", "POST", "/v1/verifications", `{"to":"+306900000005","text":"Code {code}"}`)
	require.Equal(t, 201, a.status, string(a.body))
	l.eventually("the code", func() bool {
		sent := l.vendor.Messages()
		return len(sent) > 0 && len(l.gateway.Qualities()) > 0
	})
	code := strings.TrimPrefix(l.vendor.Messages()[0].Text, "Code ")
	a = l.call("", "POST", fmt.Sprintf("/v1/verifications/%s/check", a.get("id")), fmt.Sprintf(`{"code":%q}`, code))
	require.Equal(t, true, a.get("valid"), string(a.body))
	q := l.gateway.Qualities()[0]
	assert.Equal(t, "athens", q.Provider)
	assert.Equal(t, "GR", q.Country)
	assert.InDelta(t, 1, q.Codes, 0.01)
	assert.InDelta(t, 1, q.VerifiedRate, 0.01)
}

// A reload changes how codes are made; those that were sent stay valid.
func TestCodesReloaded(t *testing.T) {
	l := open(t, "{}")
	first := l.call("", "POST", "/v1/verifications", `{"to":"+306900000005","text":"Code {code}"}`)
	require.Equal(t, 201, first.status, string(first.body))
	l.eventually("the first code", func() bool { return len(l.vendor.Messages()) == 1 })
	conf, err := os.ReadFile(l.path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(l.path, append(conf, "otp: {length: 9}\n"...), 0o600))
	require.NoError(t, l.gateway.Reload(t.Context()))

	l.call("", "POST", "/v1/verifications", `{"to":"+306900000006","text":"Code {code}"}`)
	l.eventually("the second code", func() bool { return len(l.vendor.Messages()) == 2 })
	assert.Len(t, l.vendor.Messages()[1].Text, len("Code ")+9)
	code := strings.TrimPrefix(l.vendor.Messages()[0].Text, "Code ")
	a := l.call("", "POST", fmt.Sprintf("/v1/verifications/%s/check", first.get("id")), fmt.Sprintf(`{"code":%q}`, code))
	assert.Equal(t, true, a.get("valid"), string(a.body))
}
