package analysis

import (
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/rates"
)

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

// Cheapest finds for each country the provider with the lowest cost for all its
// messages. Comparing different currencies without their rates is an error.
func (t *Totals) Cheapest(worth rates.Currencies) (*Mix, error) {
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
