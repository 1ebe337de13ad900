package router_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// What the vendor charges stands beside the price by the rate card.
func TestPrices(t *testing.T) {
	charged := &provider.Money{Micros: 87_000, Currency: "AUD"}
	card := &provider.Money{Micros: 40_000, Currency: "EUR"}
	for _, tt := range []struct {
		name            string
		vendor          memory.Config
		priced          bool
		cost            *router.Cost
		charged, byCard *provider.Money
	}{
		{"both", memory.Config{Price: charged}, true, &router.Cost{Money: *charged}, charged, card},
		{"the vendor alone", memory.Config{Price: charged}, false, &router.Cost{Money: *charged}, charged, nil},
		{"the rate card alone", memory.Config{}, true, &router.Cost{Money: *card, Estimated: true}, nil, card},
		{"neither", memory.Config{}, false, nil, nil, nil},
		{"in doubt", memory.Config{Price: charged, Code: provider.Indeterminate}, true, nil, nil, card},
		{"refused", memory.Config{Price: charged, Code: provider.Rejected}, true, nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			options := router.Options{Price: func(string, e164.Number, int) (provider.Money, bool) { return *card, tt.priced }}
			r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, tt.vendor)}}, &options)
			res, _ := r.Send(t.Context(), text("hello"))
			assert.Equal(t, tt.cost, res.Cost)
			assert.Equal(t, tt.byCard, res.CardPrice)
			require.Len(t, res.Attempts, 1)
			assert.Equal(t, tt.charged, res.Attempts[0].Charged)
			assert.Equal(t, tt.byCard, res.Attempts[0].CardPrice)

			written, err := json.Marshal(res)
			require.NoError(t, err)
			var back router.Result
			require.NoError(t, json.Unmarshal(written, &back))
			assert.Equal(t, res.CardPrice, back.CardPrice)
			assert.Equal(t, res.Attempts[0].Charged, back.Attempts[0].Charged)
		})
	}
}
