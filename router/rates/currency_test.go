package rates_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/rates"
)

func TestCurrencies(t *testing.T) {
	c, err := rates.NewCurrencies(map[string]string{"EUR": "1", "AUD": "0.61"})
	require.NoError(t, err)
	order, err := c.Compare(provider.Money{Micros: 87_000, Currency: "AUD"}, provider.Money{Micros: 53_070, Currency: "EUR"})
	require.NoError(t, err)
	assert.Zero(t, order, "0.087 AUD at 0.61 is exactly 0.05307 EUR")
	_, err = c.Compare(provider.Money{Currency: "AUD"}, provider.Money{Currency: "ZAR"})
	require.EqualError(t, err, "amounts in AUD and ZAR cannot be compared without a currency rate for ZAR")
	_, err = c.Compare(provider.Money{Currency: "USD"}, provider.Money{Currency: "ZAR"})
	require.ErrorContains(t, err, "without a currency rate for USD and ZAR", "all that are missing are named")
	order, err = rates.Currencies{}.Compare(provider.Money{Micros: 1, Currency: "ZAR"}, provider.Money{Currency: "ZAR"})
	require.NoError(t, err)
	assert.Equal(t, 1, order)
	for _, bad := range []string{"", "x", "0", "-1", "1e3", "1/3"} {
		_, err := rates.NewCurrencies(map[string]string{"EUR": bad})
		assert.Error(t, err, "rate %q", bad)
	}
}

func TestCurrenciesConvert(t *testing.T) {
	c, err := rates.NewCurrencies(map[string]string{"EUR": "1", "AUD": "0.61", "credits": "0.0333333", "USD": "1.0"})
	require.NoError(t, err)
	assert.Equal(t, "EUR", c.Common(), "of the currencies with rate 1 the first in the alphabet")
	assert.Empty(t, c.Missing("EUR", "AUD", "credits"))
	assert.Empty(t, c.Missing("ZAR", "ZAR"), "amounts of one currency need no rate")
	assert.Equal(t, []string{"CHF", "ZAR"}, c.Missing("ZAR", "EUR", "CHF", "ZAR"))
	for _, tt := range []struct {
		amount, currency, want string
	}{
		{"100", "AUD", "61"},
		{"0.000001", "AUD", "0.000001"}, // 0.00000061, rounded
		{"3", "credits", "0.1"},         // 0.0999999, rounded
		{"-2", "AUD", "-1.22"},
	} {
		m, err := provider.ParseMoney(tt.amount, tt.currency)
		require.NoError(t, err)
		got, ok := c.Convert(m)
		require.True(t, ok)
		assert.Equal(t, tt.want+" EUR", got.String(), "%s", m)
	}
	_, ok := c.Convert(provider.Money{Micros: 1, Currency: "ZAR"})
	assert.False(t, ok)
	_, ok = c.Convert(provider.Money{Micros: math.MaxInt64, Currency: "USD"})
	assert.True(t, ok)
	dear, err := rates.NewCurrencies(map[string]string{"EUR": "1", "BTC": "90000"})
	require.NoError(t, err)
	_, ok = dear.Convert(provider.Money{Micros: math.MaxInt64 / 2, Currency: "BTC"})
	assert.False(t, ok, "too large")
	assert.Empty(t, rates.Currencies{}.Common())
}

func ExampleCurrencies() {
	worth, err := rates.NewCurrencies(map[string]string{"EUR": "1", "AUD": "0.61"})
	if err != nil {
		fmt.Println(err)
		return
	}
	order, err := worth.Compare(provider.Money{Micros: 60_000, Currency: "EUR"}, provider.Money{Micros: 87_000, Currency: "AUD"})
	fmt.Println(order, err)
	// Output: 1 <nil>
}
