// Package report writes the analysis of a file as one self-contained HTML page: no
// network, no script, readable on a phone, in light and dark mode, and by a screen
// reader, as every chart is a table.
package report

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
)

// Bounds on what the page shows, so that its size does not grow with the file.
const (
	shownCountries = 25
	shownBuckets   = 12
	shownSegments  = 20  // of one of the longest messages
	shownInvalid   = 100 // rows
	shownCharacter = 20
)

// Data is what the page shows.
type Data struct {
	*analysis.Totals
	*analysis.Comparison // nil = not asked for
	Quotes               []analysis.Quoted
	Options              *analysis.Options
}

// Write writes the page. It shows the texts of d.Worst.
func Write(w io.Writer, d *Data) error {
	v := &view{Data: d}
	if d.Comparison == nil {
		d.Comparison = &analysis.Comparison{}
	}
	v.Encodings = bars([]bar{
		{Label: "GSM-7", Count: d.ByEncoding.GSM7},
		{Label: "UCS-2", Count: d.ByEncoding.UCS2},
	})
	v.Histogram = bars(buckets(d.Histogram))
	v.Providers = slices.Sorted(maps.Keys(d.TotalCost))
	v.Countries = bars(v.countries())
	v.MoreCountries = max(0, len(d.ByCountry)-shownCountries)
	for _, n := range d.ByNetwork[:min(len(d.ByNetwork), shownCountries)] {
		v.Networks = append(v.Networks, bar{Label: cli.OrDash(n.MCCMNC), Count: n.Count})
	}
	v.Networks = bars(v.Networks)
	for _, name := range v.Providers {
		v.Costs = append(v.Costs, cost{Provider: name, Money: d.TotalCost[name], Unpriced: d.Unpriced[name], Uncarried: d.Uncarried[name]})
	}
	v.align()
	v.measure()
	v.Levels = v.savings()
	v.Characters = d.Characters[:min(len(d.Characters), shownCharacter)]
	v.Invalid = d.Invalid[:min(len(d.Invalid), shownInvalid)]
	v.MoreInvalid = d.InvalidRows - len(v.Invalid)
	for _, m := range d.Worst {
		worst, err := cutUp(m, d.Options.Segment)
		if err != nil {
			return err
		}
		v.Worst = append(v.Worst, worst)
	}
	out := bufio.NewWriter(w) // a page is written in thousands of pieces
	err := v.html().Render(out)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// view is the data as the page shows it.
type view struct {
	*Data
	Encodings     []bar
	Histogram     []bar
	Countries     []bar
	MoreCountries int
	Networks      []bar
	Providers     []string
	Costs         []cost
	Measured      bool // the costs have bars
	Levels        []saved
	Characters    []analysis.Character
	Worst         []worst
	Invalid       []analysis.Invalid
	MoreInvalid   int
}

// bar is a row of a table with a bar beside its numbers.
type bar struct {
	Label string
	analysis.Count
	Percent float64 // of the longest bar
	Costs   []string
}

type cost struct {
	Provider string
	provider.Money
	Shown               string // with as many decimals as the others
	Common              string // in the common currency; "" = there is none
	Unpriced, Uncarried int
	Percent             float64 // of the highest
}

// saved is what a level of transliteration would save.
type saved struct {
	Level              string
	Messages, Segments int
	Costs              []string
	Percent            float64 // of the level that saves most
}

// worst is one of the longest messages, segment by segment.
type worst struct {
	Line, Segments int
	Shown          []segment.Segment
	More           int
	Limit          int // units that fit a segment
	Encoding       string
}

// knownCost formats an amount that may not be known.
func knownCost(m *provider.Money) string {
	if m == nil {
		return cli.OrDash("")
	}
	return cli.Money(*m)
}

// amounts formats the amounts of the map for each of the page's providers.
func (v *view) amounts(byProvider map[string]provider.Money) []string {
	list := make([]string, len(v.Providers))
	for i, name := range v.Providers {
		list[i] = cli.OrDash("")
		if m, ok := byProvider[name]; ok {
			list[i] = cli.Money(m)
		}
	}
	return list
}

// sums formats amounts of different currencies as one.
func sums(byCurrency map[string]provider.Money) string {
	var list []string
	for _, currency := range slices.Sorted(maps.Keys(byCurrency)) {
		list = append(list, cli.Money(byCurrency[currency]))
	}
	return strings.Join(list, " and ")
}

// bars sets the lengths of bars by segments.
func bars(list []bar) []bar {
	longest := 1
	for _, b := range list {
		longest = max(longest, b.Segments)
	}
	for i := range list {
		list[i].Percent = 100 * float64(list[i].Segments) / float64(longest)
	}
	return list
}

// align writes the costs with equally many decimals.
func (v *view) align() {
	own, common := make([]cli.Amount, len(v.Costs)), make([]cli.Amount, len(v.Costs))
	for i, c := range v.Costs {
		own[i].Money = &c.Money
		if v.Common != nil {
			m := v.Common.TotalCost[c.Provider]
			common[i].Money = &m
		}
	}
	ownCells, commonCells := cli.Amounts(own), cli.Amounts(common)
	for i := range v.Costs {
		v.Costs[i].Shown, v.Costs[i].Common = strings.TrimSpace(ownCells[i]), strings.TrimSpace(commonCells[i])
	}
}

// mixed are the first countries of the cheapest choice, with aligned costs.
func (v *view) mixed() []mixed {
	list := make([]mixed, min(len(v.Mix.Countries), shownCountries))
	column := make([]cli.Amount, len(list))
	for i := range list {
		c := &v.Mix.Countries[i]
		column[i] = cli.Amount{Money: c.Cost}
		if c.Cost == nil {
			column[i].Words = cli.OrDash("")
		}
		list[i] = mixed{Country: c.Country, Provider: c.Provider, Messages: c.Messages}
	}
	for i, cell := range cli.Amounts(column) {
		list[i].Cost = strings.TrimSpace(cell)
	}
	return list
}

// mixed is the cheapest choice for a country.
type mixed struct {
	Country, Provider string
	Messages          int
	Cost              string
}

// measure sets the lengths of the bars of costs, which amounts of different
// currencies do not have.
func (v *view) measure() {
	micros := make([]int64, len(v.Costs))
	highest := int64(1)
	for i, c := range v.Costs {
		micros[i] = c.Micros
		if v.Common != nil {
			micros[i] = v.Common.TotalCost[c.Provider].Micros
		} else if c.Currency != v.Costs[0].Currency {
			return
		}
		highest = max(highest, micros[i])
	}
	v.Measured = true
	for i := range v.Costs {
		v.Costs[i].Percent = 100 * float64(micros[i]) / float64(highest)
	}
}

func (v *view) savings() []saved {
	var list []saved
	most := 0
	for _, l := range v.Data.Levels {
		most = max(most, l.Saves)
	}
	for _, l := range v.Data.Levels {
		if l.Saves > 0 {
			list = append(list, saved{
				Level: l.Level.String(), Messages: l.Messages, Segments: l.Saves,
				Percent: 100 * float64(l.Saves) / float64(most), Costs: v.amounts(l.Cost),
			})
		}
	}
	return list
}

// buckets combines the long tail into the last bar.
func buckets(histogram []analysis.Bucket) []bar {
	var list []bar
	for i, b := range histogram {
		label := strconv.Itoa(b.Segments)
		if b.Segments > segment.MaxSegments {
			label = "more than " + strconv.Itoa(segment.MaxSegments)
		}
		count := analysis.Count{Messages: b.Messages, Segments: b.Messages * b.Segments}
		if i < shownBuckets {
			list = append(list, bar{Label: label, Count: count})
			continue
		}
		last := &list[shownBuckets-1]
		first, _, _ := strings.Cut(last.Label, " ")
		last.Label = first + " or more"
		last.Messages += count.Messages
		last.Segments += count.Segments
	}
	return list
}

func (v *view) countries() []bar {
	var list []bar
	for _, c := range v.ByCountry[:min(len(v.ByCountry), shownCountries)] {
		b := bar{Label: c.Country, Count: c.Count}
		if b.Label == "" {
			b.Label = "unknown"
		}
		list = append(list, b)
	}
	for _, name := range v.Providers {
		column := make([]cli.Amount, len(list))
		for i := range list {
			column[i].Money, column[i].Words = v.ByCountry[i].At(name)
		}
		for i, cell := range cli.Amounts(column) {
			list[i].Costs = append(list[i].Costs, strings.TrimSpace(cell))
		}
	}
	return list
}

func cutUp(m analysis.Message, opts *segment.Options) (worst, error) {
	var e segment.Explanation
	if err := segment.Explain(m.Text, opts, &e); err != nil {
		return worst{}, fmt.Errorf("report: line %d: %w", m.Line, err)
	}
	shown := e.Segments[:min(len(e.Segments), shownSegments)]
	return worst{
		Line: m.Line, Segments: m.Segments, Shown: shown, More: m.Segments - len(shown),
		Limit: e.UnitsPerSegment, Encoding: e.Encoding.String(),
	}, nil
}
