package guard

import (
	"cmp"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// Period is the time that a budget is for.
type Period string

// The periods, by the calendar of the budget's zone.
const (
	Day   Period = "day"
	Month Period = "month"
)

// Limit is an amount of money, or a number of segments.
type Limit struct {
	Micros   int64  // millionths of Currency
	Currency string // ISO 4217; "" = Segments counts
	Segments int64
}

// String returns "50 EUR" or "10000 segments".
func (l Limit) String() string { return l.format(l.amount()) }

func (l Limit) amount() int64 {
	if l.Currency == "" {
		return l.Segments
	}
	return l.Micros
}

func (l Limit) format(amount int64) string {
	switch {
	case l.Currency == "" && amount == 1:
		return "1 segment"
	case l.Currency == "":
		return fmt.Sprintf("%d segments", amount)
	}
	return provider.Money{Micros: amount, Currency: l.Currency}.String()
}

// Budget limits what messages cost. Before a message is sent, the highest price of all
// providers that could carry it is reserved; once it is accepted, its real price counts
// if it is known. A message whose price is not known is refused, as the budget could not
// be kept.
type Budget struct {
	Match
	Max    Limit
	Period Period
	Each   Per            // Country or Client: a budget for each; "" = one for all messages
	Zone   *time.Location // whose days and months; nil = UTC
	Warn   float64        // the share at which it is announced; default 0.8

	prefix  string
	convert Convert
	current *atomic.Pointer[span] // the period of the last message
}

// Convert converts an amount to a currency. false = there is no rate.
type Convert func(m provider.Money, currency string) (provider.Money, bool)

// sameCurrency is the Convert of a policy without rates.
func sameCurrency(m provider.Money, currency string) (provider.Money, bool) {
	return m, m.Currency == currency
}

func (b *Budget) setUp(path string, convert Convert) error {
	if b.Max.amount() <= 0 {
		return provider.ConfigErrorf(path+".max", "must be more than 0: an amount such as 50 EUR, or a number of segments")
	}
	if b.Max.Currency != "" && b.Max.Segments != 0 {
		return provider.ConfigErrorf(path+".max", "money and segments; want one of them")
	}
	if b.Period != Day && b.Period != Month {
		return provider.ConfigErrorf(path+".per", "%q; want day or month", string(b.Period))
	}
	if b.Each != "" && b.Each != Country && b.Each != Client {
		return provider.ConfigErrorf(path+".each", "%q; want country or client, or leave it out for one budget over all", string(b.Each))
	}
	b.Warn = cmp.Or(b.Warn, 0.8)
	if b.Warn < 0 || b.Warn > 1 {
		return provider.ConfigErrorf(path+".warn", "%v; want a share from 0 to 1, such as 0.8", b.Warn)
	}
	if b.Zone == nil {
		b.Zone = time.UTC
	}
	b.convert, b.current = convert, new(atomic.Pointer[span])
	b.prefix = fmt.Sprintf("b %s %s %s %s %s", b.Max.Currency, b.Period, b.Each, b.Zone, b.sign())
	return b.check(path)
}

func (b *Budget) name() string { return "budgets" }

func (b *Budget) counter() string { return b.prefix }

// grace is how long a budget's counter outlives its period: a clock that jumps ahead for
// a while does not forget what was spent.
const grace = 48 * time.Hour

func (b *Budget) charge(p *passage) error {
	if !b.takes(&p.traits) {
		return nil
	}
	amount, err := b.most(p.Admission)
	if err != nil {
		return err
	}
	period := b.at(p.now)
	c := Charge{Amount: amount, Limit: b.Max.amount(), Ends: period.to.Add(grace)}
	of := ""
	switch b.Each {
	case Country:
		of = p.Country
	case Client:
		of = p.Client
	}
	p.charge(b, c, b.prefix, of)
	p.extend(period.name)
	return nil
}

// span is a day or a month.
type span struct {
	from, to time.Time
	name     []byte
}

// at returns the period that a time is in.
func (b *Budget) at(t time.Time) *span {
	if s := b.current.Load(); s != nil && !t.Before(s.from) && t.Before(s.to) {
		return s
	}
	year, month, day := t.In(b.Zone).Date()
	s := &span{from: time.Date(year, month, day, 0, 0, 0, 0, b.Zone), to: time.Date(year, month, day+1, 0, 0, 0, 0, b.Zone)}
	layout := time.DateOnly
	if b.Period == Month {
		s.from, s.to = time.Date(year, month, 1, 0, 0, 0, 0, b.Zone), time.Date(year, month+1, 1, 0, 0, 0, 0, b.Zone)
		layout = "2006-01"
	}
	s.name = t.In(b.Zone).AppendFormat(nil, layout)
	b.current.Store(s)
	return s
}

// most is the most that the message can cost.
func (b *Budget) most(a *router.Admission) (int64, error) {
	if b.Max.Currency == "" {
		return int64(a.Segments), nil
	}
	if a.Unpriced || len(a.Costs) == 0 {
		return 0, b.cannot("a provider that could carry the message has no price for it")
	}
	var most int64
	for _, cost := range a.Costs {
		money, ok := b.convert(cost, b.Max.Currency)
		if !ok {
			return 0, b.cannot("there is no rate from " + cost.Currency + " to " + b.Max.Currency)
		}
		most = max(most, money.Micros)
	}
	return most, nil
}

func (b *Budget) cannot(why string) error {
	return provider.NewError(provider.InsufficientFunds, fmt.Sprintf("budgets: %s cannot be kept: %s", b, why))
}

// correct returns by how much what was reserved differs from the real price.
func (b *Budget) correct(c *Charge, r *router.Result) int64 {
	if b.Max.Currency == "" {
		return int64(r.Segments) - c.Amount
	}
	if r.Cost == nil {
		return 0
	}
	money, ok := b.convert(r.Cost.Money, b.Max.Currency)
	if !ok {
		return 0
	}
	return money.Micros - c.Amount
}

func (b *Budget) exceeded(c *Charge) error {
	return provider.NewError(provider.InsufficientFunds,
		fmt.Sprintf("budgets: %s is used up: %s are spent, the message takes up to %s", b, b.Max.format(c.Level), b.Max.format(c.Amount)))
}

// reserved announces a budget that is nearly used up, when the line is crossed.
func (b *Budget) reserved(p *passage, c *Charge) {
	line := int64(math.Ceil(b.Warn * float64(c.Limit)))
	if c.Level >= line && c.Level-c.Amount < line {
		p.Announce(b.name(), fmt.Sprintf("%d %% of %s are used", 100*c.Level/c.Limit, b), nil)
	}
}

// String describes the budget.
func (b *Budget) String() string {
	s := fmt.Sprintf("%s per %s", b.Max, b.Period)
	if b.Each != "" {
		s += " for each " + string(b.Each)
	}
	return s + about(&b.Match)
}
