package rates

import (
	"fmt"
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

// Compare orders two amounts: -1, 0 or +1. Amounts of different currencies need
// a rate for both; the error names the one that is missing.
func (c Currencies) Compare(a, b provider.Money) (int, error) {
	if a.Currency == b.Currency {
		return a.Compare(b)
	}
	x, err := c.value(a)
	if err != nil {
		return 0, err
	}
	y, err := c.value(b)
	if err != nil {
		return 0, err
	}
	return x.Cmp(y), nil
}

func (c Currencies) value(m provider.Money) (*big.Rat, error) {
	worth, ok := c.worth[m.Currency]
	if !ok {
		have := make([]string, 0, len(c.worth))
		for currency := range c.worth {
			have = append(have, currency)
		}
		slices.Sort(have)
		return nil, fmt.Errorf("prices in different currencies cannot be compared: no currency rate for %s (there are: %s)", m.Currency, strings.Join(have, ", "))
	}
	return new(big.Rat).Mul(big.NewRat(m.Micros, 1), worth), nil
}
