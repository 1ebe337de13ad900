package analysis

import (
	"fmt"
	"maps"
	"slices"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/rates"
)

// Comparison is what the prices of several providers say together.
type Comparison struct {
	Mix *Mix `json:"cheapest_mix"` // nil = there are rates missing
	// MissingRates are the currencies without a rate, without which prices in
	// different currencies are not compared.
	MissingRates []string `json:"missing_currency_rates,omitempty"`
	Common       *Common  `json:"common_currency,omitempty"`
}

// Common is amounts of different currencies in a common one.
type Common struct {
	Currency  string                    `json:"currency"`
	TotalCost map[string]provider.Money `json:"total_cost"` // by provider
	Mix       provider.Money            `json:"cheapest_mix"`
}

// Converted reports whether the total of the cheapest providers is not an amount in
// the common currency already.
func (c *Comparison) Converted() bool {
	if c.Common == nil {
		return false
	}
	_, same := c.Mix.Total[c.Common.Currency]
	return !same || len(c.Mix.Total) > 1
}

// Mix is the cheapest provider for each country.
type Mix struct {
	Countries []MixCountry              `json:"countries"`
	Total     map[string]provider.Money `json:"total"`   // by currency
	Without   int                       `json:"without"` // messages to countries where no provider accepts and prices all messages
}

// MixCountry is the cheapest provider of one country.
type MixCountry struct {
	Country  string          `json:"country"`
	Provider string          `json:"provider"` // "" = none accepts and prices all messages there
	Cost     *provider.Money `json:"cost"`
	Count
}

// Quoted is a vendor's quote for one message, beside our own count.
type Quoted struct {
	Line     int             `json:"line"`
	Provider string          `json:"provider"`
	Ours     int             `json:"segments"`        // by our count
	Theirs   int             `json:"vendor_segments"` // 0 = the vendor did not say
	Encoding string          `json:"vendor_encoding,omitempty"`
	Cost     *provider.Money `json:"vendor_cost"`
	Differs  bool            `json:"differs"`
	Error    string          `json:"error,omitempty"`
}

// Compare compares the costs at the providers, as far as the rates of their
// currencies are known.
func (t *Totals) Compare(worth rates.Currencies) (*Comparison, error) {
	var currencies []string
	for _, total := range t.TotalCost {
		currencies = append(currencies, total.Currency)
	}
	if missing := worth.Missing(currencies...); len(missing) > 0 {
		return &Comparison{MissingRates: missing}, nil
	}
	mix, err := t.cheapest(worth)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Mix: mix}
	if slices.Sort(currencies); len(slices.Compact(currencies)) > 1 && worth.Common() != "" {
		c.Common, err = t.common(mix, worth)
	}
	return c, err
}

func (t *Totals) cheapest(worth rates.Currencies) (*Mix, error) {
	mix := &Mix{Countries: []MixCountry{}, Total: map[string]provider.Money{}}
	for _, c := range t.ByCountry {
		entry := MixCountry{Country: c.Country, Count: c.Count}
		for _, name := range c.wholly {
			cost := c.Cost[name]
			if entry.Cost != nil {
				order, err := worth.Compare(cost, *entry.Cost)
				if err != nil {
					return nil, err
				}
				if order >= 0 {
					continue
				}
			}
			entry.Provider, entry.Cost = name, &cost
		}
		mix.Countries = append(mix.Countries, entry)
		if entry.Cost == nil {
			mix.Without += c.Messages
			continue
		}
		sum, err := entry.Cost.Add(provider.Money{Micros: mix.Total[entry.Cost.Currency].Micros, Currency: entry.Cost.Currency})
		if err != nil {
			return nil, err
		}
		mix.Total[entry.Cost.Currency] = sum
	}
	return mix, nil
}

func (t *Totals) common(mix *Mix, worth rates.Currencies) (*Common, error) {
	c := &Common{Currency: worth.Common(), TotalCost: make(map[string]provider.Money, len(t.TotalCost))}
	c.Mix.Currency = c.Currency
	for name, total := range t.TotalCost {
		converted, ok := worth.Convert(total)
		if !ok {
			return nil, fmt.Errorf("the cost at provider %s, %s, is too large in %s", name, total, c.Currency)
		}
		c.TotalCost[name] = converted
	}
	for _, currency := range slices.Sorted(maps.Keys(mix.Total)) {
		converted, ok := worth.Convert(mix.Total[currency])
		if !ok {
			return nil, fmt.Errorf("%s is too large in %s", mix.Total[currency], c.Currency)
		}
		var err error
		if c.Mix, err = c.Mix.Add(converted); err != nil {
			return nil, err
		}
	}
	return c, nil
}
