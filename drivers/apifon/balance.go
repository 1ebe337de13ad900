package apifon

import (
	"context"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/drivers/internal/loosejson"
	"github.com/anysms/anysms/provider"
)

// Balance is the account's balance, in the vendor's decimal strings. It has no
// currency.
type Balance struct {
	Balance       Decimal        `json:"balance"`
	Reserved      Decimal        `json:"reserved"`
	Plafon        Decimal        `json:"plafon"` // amount to be credited
	Subscriptions []Subscription `json:"subscriptions"`
}

// Subscription is a prepaid bundle of instant messages for one sender.
type Subscription struct {
	SenderID  string  `json:"senderId"`
	Available Decimal `json:"available"`
	Total     Decimal `json:"total"`
	EndDate   string  `json:"endDate"` // "Jun 30, 2018 11:59:59 PM"
}

// endDateLayout is how the vendor writes a subscription's end, without a zone.
const endDateLayout = "Jan 2, 2006 3:04:05 PM"

// Ends returns EndDate, interpreted as UTC; zero = it cannot be read.
func (s *Subscription) Ends() time.Time {
	at, err := time.Parse(endDateLayout, strings.ReplaceAll(s.EndDate, "\u202f", " "))
	if err != nil {
		return time.Time{}
	}
	return at
}

// Decimal is an amount as the vendor writes it, a string or a number: "9864.0".
type Decimal string

// UnmarshalJSON reads a string or a number.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	*d = Decimal(loosejson.TextOf(b))
	return nil
}

// Money returns the exact amount in a currency that the caller knows. Fractions
// beyond millionths are an error.
func (d Decimal) Money(currency string) (provider.Money, error) {
	plain, err := d.plain()
	if err != nil {
		return provider.Money{}, err
	}
	return provider.ParseMoney(plain, currency)
}

// Limits on the scientific notation that is accepted.
const (
	maxExponent = 18
	maxDecimal  = 32 // characters
)

// plain removes an exponent: amounts of ten million and more are written as
// "1.0E7".
func (d Decimal) plain() (string, error) {
	_, exponent, scientific := strings.Cut(strings.ToUpper(string(d)), "E")
	if !scientific {
		return string(d), nil
	}
	power, err := strconv.Atoi(exponent)
	if err != nil || power < -maxExponent || power > maxExponent || len(d) > maxDecimal {
		return "", fmt.Errorf("%w: amount %q cannot be read", provider.ErrMoney, string(d))
	}
	value, ok := new(big.Rat).SetString(string(d))
	if !ok {
		return "", fmt.Errorf("%w: amount %q cannot be read", provider.ErrMoney, string(d))
	}
	return value.FloatString(maxExponent + maxDecimal), nil
}

// Balance reads the account's balance (POST /balance, scope accountInfo).
func (c *Client) Balance(ctx context.Context) (*Balance, error) {
	r, err := c.call(ctx, "POST", api+"/balance", nil)
	if err != nil {
		return nil, err
	}
	if !r.OK() {
		return nil, c.failure(r, resourceCodes)
	}
	var balance Balance
	if err := r.Decode(&balance); err != nil {
		return nil, c.unread(r, resourceCodes, err)
	}
	if balance.Balance == "" {
		return nil, c.unread(r, resourceCodes, errNoBalance)
	}
	return &balance, nil
}
