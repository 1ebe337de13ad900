package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestReports(t *testing.T) {
	mux := http.NewServeMux()
	public := httptest.NewTLSServer(mux)
	defer public.Close()
	vendor := apifontest.NewServer(apifontest.Options{Callbacks: public.Client()})
	defer vendor.Close()
	athens, err := apifon.New(apifon.Config{
		Config: httpcall.Config{BaseURL: vendor.URL, CallbackURL: public.URL + "/reports/athens"},
		Token:  apifontest.Token, Secret: apifontest.Secret, CallbackSecret: "for-the-test", Sender: "Example",
	})
	require.NoError(t, err)
	defer athens.Close()

	var kept []provider.Event
	var full error
	mux.Handle("/reports/athens", reports(athens, public.URL, func(_ context.Context, e provider.Event) error {
		kept = append(kept, e)
		return full
	}))
	receipt, err := athens.Send(t.Context(), &provider.Message{To: e164.MustParse("+306971234567"), Text: "Hello"})
	require.NoError(t, err)

	id := vendor.Messages()[0].ID
	require.NoError(t, vendor.Report(t.Context(), id, apifontest.Report{Code: 7}))
	require.Len(t, kept, 1)
	assert.Equal(t, receipt.ID, kept[0].ID)
	assert.Equal(t, provider.StatusDelivered, kept[0].Status)

	full = errors.New("the disk is full")
	require.Error(t, vendor.Report(t.Context(), id, apifontest.Report{Code: 7}), "what was not kept is not acknowledged")

	kept = nil
	for what, request := range map[string]struct {
		query, body string
		status      int
	}{
		"forged":         {"?key=guessed", "{}", http.StatusForbidden},
		"no report":      {"?key=for-the-test", "hello", http.StatusBadRequest},
		"without an end": {"?key=for-the-test", strings.Repeat("x", 2<<20), http.StatusRequestEntityTooLarge},
	} {
		resp, err := public.Client().Post(public.URL+"/reports/athens"+request.query, "application/json", strings.NewReader(request.body))
		require.NoError(t, err, what)
		resp.Body.Close()
		assert.Equal(t, request.status, resp.StatusCode, what)
	}
	assert.Empty(t, kept)
}
