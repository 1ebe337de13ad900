package main

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/examples/plugin-go/acme"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestServer(t *testing.T) {
	server := httptest.NewServer(newHandler())
	defer server.Close()
	p, err := acme.New(acme.Config{Config: httpcall.Config{BaseURL: server.URL}, Token: "example"})
	require.NoError(t, err)
	defer p.Close()
	r, err := p.Send(context.Background(), &provider.Message{To: e164.MustParse("+306900000001"), Text: "hello"})
	require.NoError(t, err)
	require.Equal(t, "acme-1", r.ID)
	balance, err := provider.ReadBalance(context.Background(), p)
	require.NoError(t, err)
	require.Equal(t, "12.5 EUR", balance.Available.String())

	p, err = acme.New(acme.Config{Config: httpcall.Config{BaseURL: server.URL}, Token: "other"})
	require.NoError(t, err)
	defer p.Close()
	_, err = p.Balance(context.Background())
	require.ErrorIs(t, err, provider.Unauthenticated)
}
