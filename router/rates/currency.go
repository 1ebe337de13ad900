package rates

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

// Currencies converts amounts in order to compare them. It holds what one unit of
// each currency is worth in a common one: {"EUR": "1", "AUD": "0.61"}. The zero
// value converts nothing.
type Currencies struct {
	worth map[string]*big.Rat
}

// NewCurrencies reads decimal rates, all above zero.
func NewCurrencies(rates map[string]string) (Currencies, error) {
	worth := make(map[string]*big.Rat, len(rates))
	for currency, text := range rates {
		r, ok := new(big.Rat).SetString(text)
		if !ok || r.Sign() <= 0 || strings.ContainsAny(text, "eE/") {
			return Currencies{}, fmt.Errorf("currency rate of %s: %q is not a decimal number above zero such as 0.61", currency, text)
		}
		worth[currency] = r
	}
	return Currencies{worth}, nil
}

// Missing lists the currencies without a rate, if amounts in them cannot be
// compared: those of one currency always can.
func (c Currencies) Missing(currencies ...string) []string {
	distinct := slices.Compact(slices.Sorted(slices.Values(currencies)))
	if len(distinct) < 2 {
		return nil
	}
	return slices.DeleteFunc(distinct, func(name string) bool { return c.worth[name] != nil })
}

// Common returns the currency that the others are converted to: the one with the
// rate 1, of several the first in the alphabet; "" = none has it.
func (c Currencies) Common() string {
	one := big.NewRat(1, 1)
	for _, name := range slices.Sorted(maps.Keys(c.worth)) {
		if c.worth[name].Cmp(one) == 0 {
			return name
		}
	}
	return ""
}

// Convert returns an amount in the currency of Common, rounded to millionths. It is
// false if there is none, if the amount's currency has no rate, or if the result is
// too large.
func (c Currencies) Convert(m provider.Money) (provider.Money, bool) {
	common, worth := c.Common(), c.worth[m.Currency]
	if common == "" || worth == nil {
		return provider.Money{}, false
	}
	exact := new(big.Rat).Mul(big.NewRat(m.Micros, 1), worth)
	rounded, ok := new(big.Int).SetString(exact.FloatString(0), 10)
	if !ok || !rounded.IsInt64() {
		return provider.Money{}, false
	}
	return provider.Money{Micros: rounded.Int64(), Currency: common}, true
}

// ConvertTo returns an amount in another currency, rounded to millionths. It is false if
// one of the two has no rate, or if the result is too large.
func (c Currencies) ConvertTo(m provider.Money, currency string) (provider.Money, bool) {
	if m.Currency == currency {
		return m, true
	}
	if c.worth[m.Currency] == nil || c.worth[currency] == nil {
		return provider.Money{}, false
	}
	exact := new(big.Rat).Quo(c.value(m), c.worth[currency])
	rounded, ok := new(big.Int).SetString(exact.FloatString(0), 10)
	if !ok || !rounded.IsInt64() {
		return provider.Money{}, false
	}
	return provider.Money{Micros: rounded.Int64(), Currency: currency}, true
}

// Compare orders two amounts: -1, 0 or +1. Amounts of different currencies need a
// rate for both; the error names those that are missing.
func (c Currencies) Compare(a, b provider.Money) (int, error) {
	if a.Currency == b.Currency {
		return a.Compare(b)
	}
	if missing := c.Missing(a.Currency, b.Currency); len(missing) > 0 {
		return 0, fmt.Errorf("amounts in %s and %s cannot be compared without a currency rate for %s", a.Currency, b.Currency, strings.Join(missing, " and "))
	}
	return c.value(a).Cmp(c.value(b)), nil
}

func (c Currencies) value(m provider.Money) *big.Rat {
	return new(big.Rat).Mul(big.NewRat(m.Micros, 1), c.worth[m.Currency])
}
