package apifon_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/apifon"
	"github.com/anysms/anysms/drivers/apifon/apifontest"
	"github.com/anysms/anysms/provider"
)

func TestBalance(t *testing.T) {
	server, p := open(t, func(c *apifon.Config) { c.Currency = "EUR" })
	balance, err := provider.ReadBalance(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, "9864 EUR", balance.Available.String())
	assert.Equal(t, "0 EUR", balance.Reserved.String())
	require.Len(t, balance.Bundles, 1)
	assert.Equal(t, "Example", balance.Bundles[0].Name)
	assert.Equal(t, "300 credits", balance.Bundles[0].Available.String())
	assert.Equal(t, time.Date(2030, 6, 30, 23, 59, 59, 0, time.UTC), balance.Bundles[0].Ends)
	assert.Empty(t, server.Calls()[0].Body)
	require.NoError(t, provider.Check(t.Context(), p))

	server.SetBalance(apifontest.Balance{Balance: "1.2345678E7", Reserved: "nonsense"})
	balance, err = provider.ReadBalance(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, "12345678 EUR", balance.Available.String())
	assert.Nil(t, balance.Reserved)
	assert.Empty(t, balance.Bundles)
}

func TestBadBalance(t *testing.T) {
	server, p := open(t)
	for _, body := range []string{"", "<html>", "[]", "{}", `{"balance":{}}`, `{"balance":"1E999999999"}`, `{"balance":"1.0000001"}`, `{"balance":"1","subscriptions":[{"available":"x","total":"1"}]}`} {
		server.Fail(200, body)
		_, err := p.Balance(t.Context())
		require.ErrorIs(t, err, provider.Indeterminate, body)
	}
	server.Fail(401, `{"status":"401","title":"Unauthorized"}`)
	require.ErrorIs(t, provider.Check(t.Context(), p), provider.Unauthenticated)
}

func TestCapabilitiesFollowScopes(t *testing.T) {
	with := func(scopes ...string) provider.Capabilities {
		p, err := apifon.New(apifon.Config{ClientID: "i", ClientSecret: "s", Scopes: scopes})
		require.NoError(t, err)
		require.NoError(t, p.Close())
		return p.Capabilities()
	}
	assert.True(t, with().Has(provider.HasBatch|provider.HasCancel|provider.HasBalance|provider.HasVerify|provider.HasCheck|provider.HasCallbacks))
	assert.True(t, with("smsGateway").Has(provider.HasBatch|provider.HasCancel))
	assert.False(t, with("smsGateway").Has(provider.HasBalance))
	assert.False(t, with("accountInfo").Has(provider.HasVerify))
}
