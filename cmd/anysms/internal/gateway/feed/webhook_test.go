package feed

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
)

// TestStopIsNoFailure ends the gateway while an endpoint has an event: the event is left
// for later, and nothing is held against the endpoint.
func TestStopIsNoFailure(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see a caller that hangs up
		stop()
		<-r.Context().Done() // the caller hangs up
	}))
	defer endpoint.Close()
	var logged bytes.Buffer
	secret := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 24))
	h, err := NewWebhook(&Source{}, settings.Webhook{URL: endpoint.URL, Secret: provider.Secret(secret), AllowPrivate: true},
		false, slog.New(slog.NewTextHandler(&logged, nil)))
	require.NoError(t, err)
	defer h.sender.close()

	r := &round{webhook: h}
	r.group(ctx, []job{
		{pending: pending{Seq: 1}, id: "evt_1", body: []byte("{}")},
		{pending: pending{Seq: 2}, id: "evt_2", body: []byte("{}")},
	}, false)
	require.Len(t, r.failed, 2)
	for _, p := range r.failed {
		assert.Zero(t, p.Tries)
		assert.Zero(t, p.Since)
		assert.NotZero(t, p.Due)
	}
	assert.Zero(t, r.row)
	assert.Empty(t, logged.String())
}
