// Package report writes the analysis of a file as one self-contained HTML page: no
// network, no script, readable on a phone, in light and dark mode, and by a screen
// reader, as every chart is a table.
package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
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

//go:embed page.html
var pageHTML string

// page is parsed when it is needed, which keeps other commands fast.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Parse(pageHTML))
})

// Write writes the page. It shows the texts of t.Worst.
func Write(w io.Writer, t *analysis.Totals, opts *analysis.Options) error {
	d := &data{Name: opts.Name, Format: t.Format, Totals: t}
	d.Encodings = bars([]bar{
		{Label: "GSM-7", Count: t.ByEncoding.GSM7},
		{Label: "UCS-2", Count: t.ByEncoding.UCS2},
	})
	d.Histogram = bars(buckets(t.Histogram))
	d.Countries = bars(countries(t))
	d.MoreCountries = max(0, len(t.ByCountry)-shownCountries)
	d.Providers = slices.Sorted(maps.Keys(t.TotalCost))
	for _, name := range d.Providers {
		d.Costs = append(d.Costs, cost{Provider: name, Money: t.TotalCost[name], Unpriced: t.Unpriced[name], Uncarried: t.Uncarried[name]})
	}
	measure(d.Costs)
	d.Levels = savings(t.Levels, d.Providers)
	d.Characters = t.Characters[:min(len(t.Characters), shownCharacter)]
	d.Invalid = t.Invalid[:min(len(t.Invalid), shownInvalid)]
	d.MoreInvalid = t.InvalidRows - len(d.Invalid)
	for _, m := range t.Worst {
		worst, err := cutUp(m, opts.Segment)
		if err != nil {
			return err
		}
		d.Worst = append(d.Worst, worst)
	}
	if err := page().Execute(w, d); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// data is what the page shows.
type data struct {
	*analysis.Totals
	Name, Format  string
	Encodings     []bar
	Histogram     []bar
	Countries     []bar
	MoreCountries int
	Providers     []string
	Costs         []cost
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
	Unpriced, Uncarried int
	Percent             float64 // of the highest in the same currency
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

// Number formats a number with narrow spaces between thousands.
func (d *data) Number(n int) string { return number(n) }

// chart is a table of bars.
type chart struct {
	*data
	Head  string
	Bars  []bar
	Extra []string // columns of the bars' costs
}

// Chart returns a table of bars for the template.
func (d *data) Chart(head string, list []bar) chart {
	c := chart{data: d, Head: head, Bars: list}
	if len(list) > 0 && len(list[0].Costs) > 0 {
		c.Extra = d.Providers
	}
	return c
}

func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
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

// measure sets the lengths of the bars of costs, within each currency.
func measure(costs []cost) {
	highest := make(map[string]int64)
	for _, c := range costs {
		highest[c.Currency] = max(1, highest[c.Currency], c.Micros)
	}
	for i, c := range costs {
		costs[i].Percent = 100 * float64(c.Micros) / float64(highest[c.Currency])
	}
}

func savings(levels []analysis.Level, providers []string) []saved {
	var list []saved
	most := 0
	for _, l := range levels {
		most = max(most, l.Saves)
	}
	for _, l := range levels {
		if l.Saves == 0 {
			continue
		}
		s := saved{Level: l.Level.String(), Messages: l.Messages, Segments: l.Saves, Percent: 100 * float64(l.Saves) / float64(most)}
		for _, name := range providers {
			text := "–"
			if money, ok := l.Cost[name]; ok {
				text = money.String()
			}
			s.Costs = append(s.Costs, text)
		}
		list = append(list, s)
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

func countries(t *analysis.Totals) []bar {
	var list []bar
	for _, c := range t.ByCountry[:min(len(t.ByCountry), shownCountries)] {
		b := bar{Label: c.Country, Count: c.Count}
		if b.Label == "" {
			b.Label = "unknown"
		}
		for _, name := range slices.Sorted(maps.Keys(t.TotalCost)) {
			b.Costs = append(b.Costs, c.CostText(name))
		}
		list = append(list, b)
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
