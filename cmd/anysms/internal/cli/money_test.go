package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider"
)

func money(micros int64, currency string) *provider.Money {
	return &provider.Money{Micros: micros, Currency: currency}
}

func TestMoney(t *testing.T) {
	for want, m := range map[string]*provider.Money{
		"0 EUR": money(0, "EUR"), "12.5 EUR": money(12_500_000, "EUR"), "1,234,567.000001 EUR": money(1_234_567_000_001, "EUR"), "-1,000 credits": money(-1_000_000_000, "credits"),
	} {
		assert.Equal(t, want, Money(*m))
	}
}

func TestAmounts(t *testing.T) {
	got := Amounts([]Amount{{Money: money(12_345_500_000, "EUR")}, {Money: money(87_000, "AUD"), Words: "(partial)"}, {Words: "no price"}, {}, {Money: money(7_000_000, "credits")}, {Money: money(500_000, "credits")}})
	assert.Equal(t, []string{"12,345.500 EUR", "     0.087 AUD (partial)", "no price", "", "     7     credits", "     0.500 credits"}, got)
}

func TestTable(t *testing.T) {
	var out strings.Builder
	a := &App{Out: &out}
	assert.NoError(t, a.Table([][]string{{"name", "messages", "note"}, {"a", "1,000", "x\x1b[1m"}, {"παράδειγμα", "7", ""}, {"世界", "–", "last"}}))
	assert.Equal(t, ""+
		"name        messages  note\n"+
		"a              1,000  x\ufffd[1m\n"+
		"παράδειγμα         7\n"+
		"世界               –  last\n", out.String())
	assert.NoError(t, a.Table(nil))
}
