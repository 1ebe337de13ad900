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
		first := p.book("a")
		assert.Same(t, first, p.book("a"), "no row has taken effect meanwhile")
		time.Sleep(23 * time.Hour)
		assert.Equal(t, "0.05", price())
		time.Sleep(time.Hour)
		assert.Equal(t, "0.06", price())
		_, ok := p.Price("b", Destination{})
		assert.False(t, ok)
		last := p.book("a")
		assert.NotSame(t, first, last)
		assert.Same(t, last, p.book("a"), "no row will take effect any more")
	})
}

func TestNextChange(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 6, n, 0, 0, 0, 0, time.UTC) }
	row := func(name string, from time.Time) Row { return Row{Provider: name, EffectiveFrom: from} }
	c := &Card{rows: []Row{row("a", time.Time{}), row("a", day(9)), row("b", day(3)), row("a", day(5)), row("a", day(7)), row("a", day(1))}}
	for _, tt := range []struct {
		name        string
		after, want time.Time
	}{
		{"a", day(2), day(5)},
		{"a", day(5), day(7)},
		{"a", day(9), time.Time{}},
		{"b", day(2), day(3)},
		{"b", day(3), time.Time{}},
		{"c", day(1), time.Time{}},
	} {
		assert.Equal(t, tt.want, c.nextChange(tt.name, tt.after), "%s after %s", tt.name, tt.after)
	}
}

func TestSpecificity(t *testing.T) {
	order := []Row{{}, {Country: "GR"}, {Prefix: "3"}, {Prefix: "3", Country: "GR"}, {Prefix: "30"}, {Prefix: "123456789012345", Country: "US"}, {MCCMNC: "20210"}, {MCCMNC: "20210", Country: "GR"}}
	for i := range order[1:] {
		assert.Less(t, order[i].specificity(), order[i+1].specificity(), "%+v", order[i+1])
	}
}
