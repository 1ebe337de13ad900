package analysis

import (
	"cmp"
	"maps"
	"slices"

	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/transliterate"
	"github.com/anysms/anysms/provider"
)

// MaxInvalid is how many invalid rows are listed; all are counted.
const MaxInvalid = 1000

// Totals is the analysis of a file. Rows = Messages + InvalidRows.
type Totals struct {
	// Complete is false if the file was not read to its end: the totals then cover
	// the rows before.
	Complete bool `json:"complete"`

	Rows        int        `json:"rows"`                  // data rows, without the header
	Messages    int        `json:"messages"`              // valid rows
	InvalidRows int        `json:"invalid_rows"`          // rows that cannot be sent
	HiddenRows  int        `json:"hidden_rows,omitempty"` // rows that a worksheet hides, which were left out
	Segments    int        `json:"segments"`
	ByEncoding  ByEncoding `json:"by_encoding"`
	ByCountry   []Country  `json:"by_country"`           // most segments first
	ByNetwork   []Network  `json:"by_network,omitempty"` // with a network column; most segments first
	ByReason    []Reason   `json:"invalid_by_reason"`
	Invalid     []Invalid  `json:"invalid"` // the first MaxInvalid of them

	TotalCost map[string]provider.Money `json:"total_cost"` // by provider, of the messages that have a price
	Unpriced  map[string]int            `json:"unpriced"`   // by provider, messages without a price
	Uncarried map[string]int            `json:"uncarried"`  // by provider, messages too long for it

	Unsendable int      `json:"unsendable"` // messages with more than segment.MaxSegments segments
	Histogram  []Bucket `json:"histogram"`  // messages by number of segments
	Longest    int      `json:"longest"`    // segments of the longest message
	Median     int      `json:"median"`     // segments
	P95        int      `json:"p95"`        // segments; 95th percentile

	Characters []Character `json:"characters,omitzero"` // that force UCS-2, those that cost most first
	Edits      []Edit      `json:"edits,omitzero"`      // that save most
	Levels     []Level     `json:"levels,omitzero"`     // of transliteration, with their savings
	Variables  []Variable  `json:"variables,omitzero"`  // of the template
	Duplicates *Duplicates `json:"duplicates,omitempty"`

	Worst []Message `json:"-"` // the longest messages, each text once
	First []Message `json:"-"` // the first ones

	Format     string      `json:"format"` // as detected or given
	Violations []Violation `json:"violations"`
}

// ByEncoding is the totals by encoding.
type ByEncoding struct {
	GSM7 Count `json:"gsm7"`
	UCS2 Count `json:"ucs2"`
}

// Count is a number of messages and of their segments.
type Count struct {
	Messages int `json:"messages"`
	Segments int `json:"segments"`
}

func (c *Count) add(segments int) {
	c.Messages++
	c.Segments += segments
}

func (c *Count) merge(o Count) {
	c.Messages += o.Messages
	c.Segments += o.Segments
}

// Country is the messages to one country.
type Country struct {
	Country string `json:"country"` // ISO 3166 alpha-2; "" = a number of no country
	Count
	Cost map[string]provider.Money `json:"cost"`

	wholly []string // the providers that accept and price every message
}

// At returns the cost at a provider, nil if none of the messages has a price there,
// and in words what it does not include.
func (c *Country) At(name string) (cost *provider.Money, words string) {
	money, priced := c.Cost[name]
	switch {
	case !priced:
		return nil, "no price"
	case !slices.Contains(c.wholly, name):
		return &money, "(partial)"
	}
	return &money, ""
}

// Network is the messages to one mobile network.
type Network struct {
	MCCMNC string `json:"mccmnc"` // "" = none in the row, or not a MCCMNC
	Count
}

// Reason is a kind of problem and the number of rows that have it.
type Reason struct {
	Reason string `json:"reason"`
	Rows   int    `json:"rows"`
}

// Invalid is a row that cannot be sent.
type Invalid struct {
	Line   int    `json:"line"` // physical line where the row starts; the header is line 1
	Reason string `json:"reason"`
}

// Bucket is the number of messages with a number of segments.
type Bucket struct {
	Segments int `json:"segments"` // segment.MaxSegments+1 means that many or more
	Messages int `json:"messages"`
}

// Level is a level of transliteration and what it would save.
type Level struct {
	Level    transliterate.Level       `json:"level"`
	Messages int                       `json:"messages"` // that would be shorter
	Saves    int                       `json:"saves"`    // segments
	Cost     map[string]provider.Money `json:"cost,omitempty"`
}

// Variable is a variable of a template, and the effect of its values.
type Variable struct {
	Name       string `json:"name"`
	Missing    int    `json:"missing"`     // rows without a value
	ForcesUCS2 int    `json:"forces_ucs2"` // rows whose value forces UCS-2
	Segments   int    `json:"segments"`    // that its values need: what leaving it out would save
}

func (v *Variable) merge(o Variable) {
	v.Missing += o.Missing
	v.ForcesUCS2 += o.ForcesUCS2
	v.Segments += o.Segments
}

// Violation is a limit that was exceeded.
type Violation struct {
	Rule  string `json:"rule"` // max_segments, max_cost, require, baseline
	Limit string `json:"limit"`
	Got   string `json:"got"`
}

// totals returns the counts as the result.
func (t *tally) totals(r table.Reader) (*Totals, error) {
	all := &Totals{
		Rows: t.rows, Messages: t.messages, InvalidRows: t.rows - t.messages, HiddenRows: r.Hidden(), Segments: t.segments,
		ByEncoding: ByEncoding{GSM7: t.encodings[segment.GSM7], UCS2: t.encodings[segment.UCS2]},
		ByCountry:  []Country{}, ByReason: []Reason{}, Invalid: t.invalid,
		TotalCost: map[string]provider.Money{}, Unpriced: map[string]int{}, Uncarried: map[string]int{},
		Unsendable: t.unsendable, Histogram: []Bucket{}, Longest: t.longest,
		Variables: t.variables, Worst: t.worst, First: t.first, Format: r.Format(), Violations: []Violation{},
	}
	if all.Invalid == nil {
		all.Invalid = []Invalid{}
	}
	for kind, n := range t.problems {
		all.ByReason = append(all.ByReason, Reason{kind, n})
	}
	slices.SortFunc(all.ByReason, func(a, b Reason) int {
		return cmp.Or(b.Rows-a.Rows, cmp.Compare(a.Reason, b.Reason))
	})
	t.spread(all)
	for mccmnc, count := range t.networks {
		all.ByNetwork = append(all.ByNetwork, Network{mccmnc, *count})
	}
	slices.SortFunc(all.ByNetwork, func(a, b Network) int {
		return cmp.Or(b.Segments-a.Segments, cmp.Compare(a.MCCMNC, b.MCCMNC))
	})
	var err error
	if all.Duplicates, err = t.repeats.found(); err != nil {
		return all, err
	}
	if err := t.savings(all); err != nil {
		return all, err
	}
	return all, t.pricesOf(all)
}

// spread fills in the distribution of messages over numbers of segments.
func (t *tally) spread(all *Totals) {
	seen, total := int64(0), int64(t.messages) // 100*seen overflows 32 bits
	for segments, messages := range t.histogram {
		if messages == 0 {
			continue
		}
		all.Histogram = append(all.Histogram, Bucket{segments, messages})
		if 2*seen < total {
			all.Median = segments
		}
		if 100*seen < 95*total {
			all.P95 = segments
		}
		seen += int64(messages)
	}
}

// savings fills in the changes that would save segments.
func (t *tally) savings(all *Totals) (err error) {
	if t.edits != nil {
		all.Characters = t.edits.characters()
		if all.Edits, err = t.bestEdits(); err != nil {
			return err
		}
	}
	for i, s := range t.levels {
		cost, err := t.byProvider(s.costs)
		if err != nil {
			return err
		}
		all.Levels = append(all.Levels, Level{levels[i], s.messages, s.segments, cost})
	}
	return nil
}

func (t *tally) pricesOf(all *Totals) error {
	for i, p := range t.opts.Prices {
		total, err := t.money(t.costs[i], i)
		if err != nil {
			return err
		}
		all.TotalCost[p.Provider] = total
		all.Unpriced[p.Provider] = t.costs[i].unpriced
		all.Uncarried[p.Provider] = t.costs[i].uncarried
	}
	for _, name := range slices.Sorted(maps.Keys(t.countries)) {
		c := t.countries[name]
		entry := Country{Country: name, Count: c.Count}
		var err error
		if entry.Cost, err = t.byProvider(c.costs); err != nil {
			return err
		}
		for i, p := range t.opts.Prices {
			if c.costs[i].priced == c.Messages {
				entry.wholly = append(entry.wholly, p.Provider)
			}
		}
		all.ByCountry = append(all.ByCountry, entry)
	}
	slices.SortStableFunc(all.ByCountry, func(a, b Country) int { return b.Segments - a.Segments })
	return nil
}
