package analysis

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/suggest"
)

// Limits are the limits that a file, or a text, must keep.
type Limits struct {
	MaxSegments int               // of one message; 0 = none
	MaxCost     map[string]string // by provider, a decimal number in its currency; "" = every provider
	GSM7        bool              // no message may be UCS-2
	Baseline    *Totals           // an earlier analysis: messages must not need more segments, or cost more, on average
}

// Check lists the limits that the totals exceed.
func (l *Limits) Check(t *Totals) ([]Violation, error) {
	broken := []Violation{}
	if l.MaxSegments > 0 && t.Longest > l.MaxSegments {
		broken = append(broken, Violation{"max_segments", fmt.Sprint(l.MaxSegments), fmt.Sprint(t.Longest)})
	}
	if l.GSM7 && t.ByEncoding.UCS2.Messages > 0 {
		broken = append(broken, Violation{"require", "gsm7", cli.Plural(t.ByEncoding.UCS2.Messages, "message") + " in ucs2"})
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

// CheckPrices reports, before a file is read, whether costs at these prices can be
// compared with the limits.
func (l *Limits) CheckPrices(prices []Price) error {
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
			return nil, fmt.Errorf("max-cost: no prices for provider %q%s", limited, suggest.DidYouMean(limited, slices.Sorted(maps.Keys(t.TotalCost))))
		}
		if limited == "" && len(t.TotalCost) == 0 {
			return nil, errors.New("max-cost needs prices: a rate card and a column of numbers")
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
			// A message without a price is not free, so that the total is not known.
			if missing := t.Unpriced[name]; total.Micros > limit.Micros || missing > 0 {
				got := name + " " + cli.Money(total)
				if missing > 0 {
					got += " and " + cli.Plural(missing, "message") + " without a price"
				}
				broken = append(broken, Violation{"max_cost", cli.Money(limit), got})
			}
		}
	}
	return broken, nil
}

// checkBaseline compares segments and costs per message, so that a longer list
// alone exceeds nothing.
func (l *Limits) checkBaseline(t *Totals) (broken []Violation) {
	old := l.Baseline
	if old.Messages == 0 || t.Messages == 0 {
		return nil
	}
	perMessage := func(n float64, messages int) string { return fmt.Sprintf("%.4f", n/float64(messages)) }
	more := func(was, is int64) bool {
		return float64(is)/float64(t.Messages) > float64(was)/float64(old.Messages)*(1+1e-12)
	}
	if more(int64(old.Segments), int64(t.Segments)) {
		broken = append(broken, Violation{"baseline",
			perMessage(float64(old.Segments), old.Messages) + " segments per message",
			perMessage(float64(t.Segments), t.Messages) + " segments per message"})
	}
	for _, name := range slices.Sorted(maps.Keys(old.TotalCost)) {
		was, is := old.TotalCost[name], t.TotalCost[name]
		if is.Currency == was.Currency && more(was.Micros, is.Micros) {
			broken = append(broken, Violation{"baseline",
				name + " " + perMessage(float64(was.Micros)/1e6, old.Messages) + " " + was.Currency + " per message",
				name + " " + perMessage(float64(is.Micros)/1e6, t.Messages) + " " + is.Currency + " per message"})
		}
	}
	return broken
}

// ReadBaseline reads the JSON of an earlier analysis, of a file or of one text.
func ReadBaseline(b []byte) (*Totals, error) {
	var old struct {
		Complete  *bool                     `json:"complete"` // of a file
		Messages  int                       `json:"messages"`
		Segments  int                       `json:"segments"`
		TotalCost map[string]provider.Money `json:"total_cost"`
	}
	err := json.Unmarshal(b, &old)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil, fmt.Errorf("not the JSON of an analysis: %s is a JSON %s", cmp.Or(wrong.Field, "it"), wrong.Value)
	}
	if err != nil {
		return nil, fmt.Errorf("not the JSON of an analysis: %w", err)
	}
	if old.Complete != nil && !*old.Complete {
		return nil, errors.New("the analysis is of a part of its file only (\"complete\": false); want one of the whole file")
	}
	if old.Messages == 0 && old.Segments > 0 {
		old.Messages = 1 // one text
	}
	if old.Messages == 0 {
		return nil, errors.New("not the JSON of an analysis: it has no messages")
	}
	return &Totals{Messages: old.Messages, Segments: old.Segments, TotalCost: old.TotalCost}, nil
}

// AsTotals is the text as a file of one message, to check limits.
func (t *Text) AsTotals() *Totals {
	c := Count{Messages: 1, Segments: t.Segments}
	all := &Totals{Complete: true, Rows: 1, Messages: 1, Segments: t.Segments, Longest: t.Segments}
	all.ByEncoding.GSM7 = c
	if t.Encoding == segment.UCS2 {
		all.ByEncoding = ByEncoding{UCS2: c}
	}
	return all
}
