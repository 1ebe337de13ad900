package config

import (
	"fmt"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/numbering"
	"github.com/anysms/anysms/router/rates"
)

// price reads the rate card, from which the router then takes its prices.
func (c *Config) price(file *fileConfig) (err error) {
	if c.Currencies, err = rates.NewCurrencies(file.CurrencyRates); err != nil {
		return provider.ConfigErrorf("currency_rates", "%v", err)
	}
	if c.Rates == "" {
		return nil
	}
	if strings.Contains(c.Rates, "\n") {
		return provider.ConfigErrorf("rates", "has several lines; want the name of a file, such as rates: rates.csv ({file: …} would be what is in it)")
	}
	card, err := rates.ReadFile(c.Rates)
	if err != nil {
		return provider.ConfigErrorf("rates", "%v", err)
	}
	if err := c.comparable(card, &file.Router); err != nil {
		return err
	}
	c.card = card
	prices := card.Prices()
	c.Options.ComparePrices = c.Currencies.Compare
	c.Options.Price = func(name string, to e164.Number, segments int) (provider.Money, bool) {
		each, ok := prices.Price(name, rates.Destination{Number: to, Country: numbering.Region(to)})
		if !ok {
			return provider.Money{}, false
		}
		total, err := each.Mul(segments)
		return total, err == nil
	}
	return nil
}

// comparable returns an error for a route by cost with prices that cannot be compared.
func (c *Config) comparable(card *rates.Card, f *routerConfig) error {
	for i, r := range f.Routes {
		if r.Strategy != router.LeastCost && (r.Strategy != router.AdaptiveOrder || f.Adaptive.Base != router.LeastCost) {
			continue
		}
		var first string
		for _, t := range r.Providers {
			currency := card.Currency(t.Name)
			if currency == "" {
				continue // it has no prices and comes last
			}
			if first == "" {
				first = currency
			}
			if _, err := c.Currencies.Compare(provider.Money{Currency: first}, provider.Money{Currency: currency}); err != nil {
				return provider.ConfigErrorf(fmt.Sprintf("router.routes[%d].strategy", i), "%v; set currency_rates", err)
			}
		}
	}
	return nil
}
