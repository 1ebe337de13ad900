package rates

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRowsTakeEffectWhenTheirTimeComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tomorrow := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
		c, err := Read(strings.NewReader("provider,currency,price,effective_from\na,EUR,0.05,\na,EUR,0.06,"+tomorrow+"\n"), "x")
		require.NoError(t, err)
		p := c.Prices()
		price := func() string {
			m, ok := p.Price("a", Destination{})
			require.True(t, ok)
			return m.Amount()
		}
		assert.Equal(t, "0.05", price())
		time.Sleep(23 * time.Hour)
		assert.Equal(t, "0.05", price())
		time.Sleep(time.Hour)
		assert.Equal(t, "0.06", price())
		_, ok := p.Price("b", Destination{})
		assert.False(t, ok)
	})
}
