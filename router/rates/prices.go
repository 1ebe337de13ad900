package rates

import (
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
)

// Prices returns the prices that are in force at the time of the call: a row takes
// effect when its time comes. It is safe for concurrent use.
type Prices struct {
	card *Card
	now  func() time.Time

	mu    sync.Mutex
	books map[string]current
}

// current is a book, and when another row takes effect.
type current struct {
	book  *Book
	until time.Time // zero = never
}

// Prices returns the card's prices for a program that runs for a long time.
func (c *Card) Prices() *Prices {
	return &Prices{card: c, now: time.Now, books: make(map[string]current)}
}

// Price returns the price of one segment now; ok is false if no row applies.
func (p *Prices) Price(providerName string, d Destination) (price provider.Money, ok bool) {
	price, _, ok = p.book(providerName).Price(d)
	return price, ok
}

func (p *Prices) book(name string) *Book {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	c, known := p.books[name]
	if !known || !c.until.IsZero() && !now.Before(c.until) {
		c = current{p.card.Book(name, now), p.card.nextChange(name, now)}
		p.books[name] = c
	}
	return c.book
}

// nextChange is when the provider's next row takes effect; zero = never.
func (c *Card) nextChange(name string, after time.Time) (next time.Time) {
	for i := range c.rows {
		r := &c.rows[i]
		if r.Provider == name && r.EffectiveFrom.After(after) && (next.IsZero() || r.EffectiveFrom.Before(next)) {
			next = r.EffectiveFrom
		}
	}
	return next
}
