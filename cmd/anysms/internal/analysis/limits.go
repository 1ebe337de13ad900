package analysis

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
)

// Limits are what a file, or a text, must keep to.
type Limits struct {
	MaxSegments int               // of one message; 0 = none
	MaxCost     map[string]string // by provider, a decimal number in its currency; "" = every provider
	GSM7        bool              // no message may be UCS-2
	Baseline    *Totals           // an earlier analysis; the new one must not be dearer
}

// Check lists what the totals break.
func (l *Limits) Check(t *Totals) ([]Violation, error) {
	broken := []Violation{}
	if l.MaxSegments > 0 && t.Longest > l.MaxSegments {
		broken = append(broken, Violation{"max_segments", fmt.Sprint(l.MaxSegments), fmt.Sprint(t.Longest)})
	}
	if l.GSM7 && t.ByEncoding.UCS2.Messages > 0 {
		broken = append(broken, Violation{"require", "gsm7", fmt.Sprintf("%d messages in ucs2", t.ByEncoding.UCS2.Messages)})
	}
	costs, err := l.checkCosts(t)
	if err != nil {
		return nil, err
	}
	broken = append(broken, costs...)
	if l.Baseline != nil {
		broken = append(broken, l.checkBaseline(t)...)
	}
	return broken, nil
}

// Fit says, before a file is read, whether its costs can be compared with the
// limits.
func (l *Limits) Fit(prices []Price) error {
	t := &Totals{TotalCost: make(map[string]provider.Money)}
	for _, p := range prices {
		t.TotalCost[p.Provider] = provider.Money{Currency: p.Book.Currency()}
	}
	_, err := l.checkCosts(t)
	return err
}

func (l *Limits) checkCosts(t *Totals) (broken []Violation, err error) {
	for _, limited := range slices.Sorted(maps.Keys(l.MaxCost)) {
		if _, known := t.TotalCost[limited]; limited != "" && !known {
			return nil, fmt.Errorf("max-cost: no prices for provider %q", limited)
		}
		if limited == "" && len(t.TotalCost) == 0 {
			return nil, fmt.Errorf("max-cost needs prices: a rate card and a column of numbers")
		}
		for _, name := range slices.Sorted(maps.Keys(t.TotalCost)) {
			if limited != "" && limited != name {
				continue
			}
			total := t.TotalCost[name]
			limit, err := provider.ParseMoney(l.MaxCost[limited], total.Currency)
			if err != nil {
				return nil, fmt.Errorf("max-cost: %w", err)
			}
			// A message without a price is never free: with one, no total is proven.
			if missing := t.Unpriced[name]; total.Micros > limit.Micros || missing > 0 {
				got := name + " " + total.String()
				if missing > 0 {
					got += fmt.Sprintf(" and %d messages without a price", missing)
				}
				broken = append(broken, Violation{"max_cost", limit.String(), got})
			}
		}
	}
	return broken, nil
}

// checkBaseline compares segments and costs per message, so that a list that has
// grown is not dearer for that.
func (l *Limits) checkBaseline(t *Totals) (broken []Violation) {
	old := l.Baseline
	if old.Messages == 0 || t.Messages == 0 {
		return nil
	}
	perMessage := func(n int64, messages int) string { return fmt.Sprintf("%.4f", float64(n)/float64(messages)) }
	dearer := func(was, is int64) bool {
		return float64(is)/float64(t.Messages) > float64(was)/float64(old.Messages)*(1+1e-12)
	}
	if dearer(int64(old.Segments), int64(t.Segments)) {
		broken = append(broken, Violation{"baseline",
			perMessage(int64(old.Segments), old.Messages) + " segments per message",
			perMessage(int64(t.Segments), t.Messages) + " segments per message"})
	}
	for _, name := range slices.Sorted(maps.Keys(old.TotalCost)) {
		was, is := old.TotalCost[name], t.TotalCost[name]
		if is.Currency == was.Currency && dearer(was.Micros, is.Micros) {
			broken = append(broken, Violation{"baseline",
				name + " " + perMessage(was.Micros, old.Messages*1e6) + " " + was.Currency + " per message",
				name + " " + perMessage(is.Micros, t.Messages*1e6) + " " + is.Currency + " per message"})
		}
	}
	return broken
}

// ReadBaseline reads what matters of the JSON of an earlier analysis, of a file
// or of one text.
func ReadBaseline(b []byte) (*Totals, error) {
	var old struct {
		Messages  int                       `json:"messages"`
		Segments  int                       `json:"segments"`
		TotalCost map[string]provider.Money `json:"total_cost"`
	}
	if err := json.Unmarshal(b, &old); err != nil {
		return nil, fmt.Errorf("is not the JSON of an analysis: %w", err)
	}
	if old.Messages == 0 && old.Segments > 0 {
		old.Messages = 1 // one text
	}
	if old.Messages == 0 {
		return nil, fmt.Errorf("is not the JSON of an analysis: it counts no messages")
	}
	return &Totals{Messages: old.Messages, Segments: old.Segments, TotalCost: old.TotalCost}, nil
}

// AsTotals is one text as a file of one message, for limits.
func (t *Text) AsTotals() *Totals {
	c := Count{Messages: 1, Segments: t.Segments}
	all := &Totals{Rows: 1, Messages: 1, Segments: t.Segments, Longest: t.Segments}
	all.ByEncoding.GSM7 = c
	if t.Encoding == segment.UCS2 {
		all.ByEncoding = ByEncoding{UCS2: c}
	}
	return all
}
