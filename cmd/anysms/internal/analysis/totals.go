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

// Totals is what a file comes to. Rows = Messages + InvalidRows.
type Totals struct {
	Rows        int        `json:"rows"`         // data rows, the header apart
	Messages    int        `json:"messages"`     // valid rows
	InvalidRows int        `json:"invalid_rows"` // rows that no message can be made of
	Segments    int        `json:"segments"`
	ByEncoding  ByEncoding `json:"by_encoding"`
	ByCountry   []Country  `json:"by_country"`           // those with most segments first
	ByNetwork   []Network  `json:"by_network,omitempty"` // where a column tells; those with most segments first
	ByReason    []Reason   `json:"invalid_by_reason"`
	Invalid     []Invalid  `json:"invalid"` // the first MaxInvalid of them

	TotalCost map[string]provider.Money `json:"total_cost"` // by provider, of the messages that have a price
	Unpriced  map[string]int            `json:"unpriced"`   // by provider, messages without a price
	Uncarried map[string]int            `json:"uncarried"`  // by provider, messages too long for it

	Unsendable int      `json:"unsendable"` // messages of more segments than one message can have
	Histogram  []Bucket `json:"histogram"`  // messages by segments
	Longest    int      `json:"longest"`    // segments of the longest message
	Median     int      `json:"median"`     // segments
	P95        int      `json:"p95"`        // segments; 95 of 100 messages have no more

	Characters []Character `json:"characters,omitzero"` // that force UCS-2, the dearest first
	Edits      []Edit      `json:"edits,omitzero"`      // that save most
	Levels     []Level     `json:"levels,omitzero"`     // of transliteration, and what they save
	Variables  []Variable  `json:"variables,omitzero"`  // of the template
	Duplicates *Duplicates `json:"duplicates,omitempty"`

	Worst []Message `json:"-"` // the longest messages, without repeats
	First []Message `json:"-"` // the first ones

	Format     string      `json:"format"` // in which the file was read
	Violations []Violation `json:"violations"`
}

// ByEncoding parts the totals by encoding.
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

// Country is what goes to one country.
type Country struct {
	Country string `json:"country"` // ISO 3166 alpha-2; "" = a number of no country
	Count
	Cost map[string]provider.Money `json:"cost"`

	wholly []string // the providers that carry and price every message
}

// CostText is what the country costs at a provider, for people: a sum that leaves
// messages out says so.
func (c *Country) CostText(name string) string {
	cost, priced := c.Cost[name]
	switch {
	case !priced:
		return "no price"
	case !slices.Contains(c.wholly, name):
		return cost.String() + " in part"
	}
	return cost.String()
}

// Network is what goes to one mobile network.
type Network struct {
	MCCMNC string `json:"mccmnc"` // "" = the column has none, or something else
	Count
}

// Reason is a kind of invalid row and how many there are.
type Reason struct {
	Reason string `json:"reason"`
	Rows   int    `json:"rows"`
}

// Invalid is a row that no message can be made of.
type Invalid struct {
	Line   int    `json:"line"` // physical line on which the row begins; the header is 1
	Reason string `json:"reason"`
}

// Bucket is how many messages have a number of segments.
type Bucket struct {
	Segments int `json:"segments"` // segment.MaxSegments+1 stands for that many or more
	Messages int `json:"messages"`
}

// Level is a level of transliteration and what it would save.
type Level struct {
	Level    transliterate.Level       `json:"level"`
	Messages int                       `json:"messages"` // that would be shorter
	Saves    int                       `json:"saves"`    // segments
	Cost     map[string]provider.Money `json:"cost,omitempty"`
}

// Variable is a variable of a template, and what its values do.
type Variable struct {
	Name       string `json:"name"`
	Missing    int    `json:"missing"`     // rows without a value
	ForcesUCS2 int    `json:"forces_ucs2"` // rows whose value forces UCS-2
	Segments   int    `json:"segments"`    // that its values take: what leaving it out would save
}

func (v *Variable) merge(o Variable) {
	v.Missing += o.Missing
	v.ForcesUCS2 += o.ForcesUCS2
	v.Segments += o.Segments
}

// Violation is a limit that was broken.
type Violation struct {
	Rule  string `json:"rule"` // max_segments, max_cost, require, baseline
	Limit string `json:"limit"`
	Got   string `json:"got"`
}

// totals turns the counts into the answer.
func (t *tally) totals(r table.Reader) (*Totals, error) {
	all := &Totals{
		Rows: t.rows, Messages: t.messages, InvalidRows: t.rows - t.messages, Segments: t.segments,
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

// spread fills in how the messages spread over numbers of segments.
func (t *tally) spread(all *Totals) {
	seen := 0
	for segments, messages := range t.histogram {
		if messages == 0 {
			continue
		}
		all.Histogram = append(all.Histogram, Bucket{segments, messages})
		if 2*seen < t.messages {
			all.Median = segments
		}
		if 100*seen < 95*t.messages {
			all.P95 = segments
		}
		seen += messages
	}
}

// savings fills in what would make the file cheaper.
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
