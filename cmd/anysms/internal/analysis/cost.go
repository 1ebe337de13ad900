package analysis

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/transliterate"
	"github.com/anysms/anysms/provider"
)

// cost is the cost of messages at one provider.
type cost struct {
	micros    int64
	priced    int // messages
	unpriced  int // messages without a price
	uncarried int // messages too long for the provider
	overflow  bool
}

// add adds segments at a price for each.
func (c *cost) add(micros int64, segments int) {
	hi, product := bits.Mul64(uint64(micros), uint64(segments)) // neither is negative
	sum := uint64(c.micros) + product
	if hi != 0 || product > math.MaxInt64 || sum > math.MaxInt64 {
		c.overflow = true
		return
	}
	c.micros = int64(sum)
	c.priced++
}

func (c *cost) merge(o cost) {
	sum := uint64(c.micros) + uint64(o.micros)
	if sum > math.MaxInt64 {
		c.overflow = true
		sum = 0
	}
	c.micros = int64(sum)
	c.priced += o.priced
	c.unpriced += o.unpriced
	c.uncarried += o.uncarried
	c.overflow = c.overflow || o.overflow
}

// money returns a cost, or an error if it overflowed.
func (t *tally) money(c cost, i int) (provider.Money, error) {
	if c.overflow {
		return provider.Money{}, fmt.Errorf("%s: the cost at provider %s is too large", t.opts.Name, t.opts.Prices[i].Provider)
	}
	return provider.Money{Micros: c.micros, Currency: t.opts.Prices[i].Book.Currency()}, nil
}

// byProvider returns the costs at the providers that have a price.
func (t *tally) byProvider(costs []cost) (map[string]provider.Money, error) {
	all := make(map[string]provider.Money, len(costs))
	for i, c := range costs {
		if c.priced == 0 {
			continue
		}
		money, err := t.money(c, i)
		if err != nil {
			return nil, err
		}
		all[t.opts.Prices[i].Provider] = money
	}
	return all, nil
}

// saving is what a change would save.
type saving struct {
	messages int // that it changes
	segments int
	costs    []cost // by price
}

func (s *saving) add(segments int, each []int64) {
	s.messages++
	s.segments += segments
	for i, micros := range each {
		if micros >= 0 {
			s.costs[i].add(micros, segments)
		}
	}
}

func (s *saving) merge(o saving) {
	s.messages += o.messages
	s.segments += o.segments
	for i := range s.costs {
		s.costs[i].merge(o.costs[i])
	}
}

// levels are the transliteration levels that change something, the mildest first.
var levels = []transliterate.Level{transliterate.Lossless, transliterate.GreekCapitals, transliterate.Full}

func newSavings(prices int) []saving {
	list := make([]saving, len(levels))
	for i := range list {
		list[i].costs = make([]cost, prices)
	}
	return list
}

// rewrite tries every level on a message that could be shorter.
func (t *tally) rewrite(m *message) {
	for i, level := range levels {
		text, changes := transliterate.Apply(m.text, level)
		if len(changes) == 0 {
			continue
		}
		if a, err := segment.Analyze(text, t.opts.Segment); err == nil && a.Segments < m.Segments {
			t.levels[i].add(m.Segments-a.Segments, t.each)
		}
	}
}
