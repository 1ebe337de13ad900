package rest

import (
	"math/big"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
)

// price takes an amount out of a response. An amount that cannot be read, or
// whose currency is unknown, is not a price: it never affects an acceptance.
type price struct {
	Amount   pick              `yaml:"amount"`
	Sum      *path             `yaml:"sum"`      // instead of amount: the amounts of all segments
	Currency *request.Template `yaml:"currency"` // "EUR", "credits", "{currency}"
	Paid     *pick             `yaml:"paid_in"`  // where the response names the currency
	Decimals int               `yaml:"decimals"` // the amount is a whole number of 10^-decimals
	Absolute bool              `yaml:"absolute"` // the vendor writes costs as negative amounts
	Nonzero  bool              `yaml:"nonzero"`  // zero means that the vendor has not counted yet
	at       request.Position
}

// UnmarshalYAML reads the price and keeps its place.
func (p *price) UnmarshalYAML(n *yaml.Node) error {
	type plain price
	if err := n.Decode((*plain)(p)); err != nil {
		return err
	}
	p.at = request.At(n)
	return nil
}

// money returns nil if the response has no price.
func (p *price) money(answer any, s request.Scope) *provider.Money {
	if p == nil {
		return nil
	}
	if p.Sum != nil {
		return p.total(answer, s)
	}
	return p.one(p.Amount.word(answer), answer, s)
}

// total adds up the costs of the segments. If one has no price, the total is
// unknown.
func (p *price) total(answer any, s request.Scope) *provider.Money {
	amounts, known := p.Sum.find(answer)
	if !known || len(amounts) == 0 {
		return nil
	}
	sum := &provider.Money{}
	for i, amount := range amounts {
		m := p.one(request.WordOf(amount), answer, s)
		if m == nil {
			return nil
		}
		if i == 0 {
			sum.Currency = m.Currency
		}
		added, err := sum.Add(*m)
		if err != nil {
			return nil
		}
		sum = &added
	}
	return sum
}

func (p *price) one(word string, answer any, s request.Scope) *provider.Money {
	amount, ok := p.amount(word)
	if !ok {
		return nil
	}
	currency := p.currency(answer, s)
	if currency == "" {
		return nil
	}
	m, err := provider.ParseMoney(amount, currency)
	if err != nil || p.Nonzero && m.Micros == 0 {
		return nil
	}
	return &m
}

func (p *price) currency(answer any, s request.Scope) string {
	if word := strings.ToUpper(p.Paid.word(answer)); currencyForm.MatchString(word) {
		return word
	}
	if p.Currency == nil {
		return ""
	}
	word, _ := p.Currency.Text(s, nil)
	return word
}

// currencyForm is that of ISO 4217.
var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

// amountForm limits what is read as an amount; some servers write exponents.
var amountForm = regexp.MustCompile(`^-?[0-9]{0,18}(\.[0-9]{0,18})?([eE][-+]?[0-9]{1,2})?$`)

// amount returns the decimal without exponent, scaled and with the right sign.
func (p *price) amount(word string) (string, bool) {
	word = strings.TrimSpace(word)
	if !amountForm.MatchString(word) {
		return "", false
	}
	exact, ok := new(big.Rat).SetString(word)
	if !ok {
		return "", false
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(p.Decimals)), nil)
	exact.Quo(exact, new(big.Rat).SetInt(scale))
	if p.Absolute {
		exact.Abs(exact)
	}
	const places = 40 // more than any amount of amountForm's size has
	return strings.TrimRight(strings.TrimRight(exact.FloatString(places), "0"), "."), true
}
