package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/htmltest"
	"github.com/anysms/anysms/cmd/anysms/internal/report"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/conformance/golden"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/rates"
)

func render(t *testing.T, content string) string {
	t.Helper()
	return write(t, data(t, content, map[string]string{"EUR": "1", "AUD": "0.5"}))
}

func write(t *testing.T, d *report.Data) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, report.Write(&out, d))
	return out.String()
}

// data is the analysis of a file, with everything that a page can show.
func data(t *testing.T, content string, currencies map[string]string) *report.Data {
	t.Helper()
	card, err := rates.Read(strings.NewReader("provider,country,currency,price\nathens,GR,EUR,0.05\nsydney,,AUD,0.087\n"), "rates.csv")
	require.NoError(t, err)
	opts := analysis.Options{
		Name: "campaign.csv", TextColumn: "text", ToColumn: "to", Characters: true, Levels: true, Duplicates: true, Worst: 10,
		Number: func(raw string) (e164.Number, string, string) {
			n, err := e164.Parse(raw)
			if err != nil {
				return n, "", "is no number"
			}
			return n, map[bool]string{true: "GR", false: "DE"}[n.HasPrefix("30")], ""
		},
		Prices: []analysis.Price{{Provider: "athens", Book: card.Book("athens", time.Now())}, {Provider: "sydney", Book: card.Book("sydney", time.Now())}},
	}
	rows, err := table.Text(strings.NewReader(content), opts.Name, nil, nil)
	require.NoError(t, err)
	totals, err := analysis.Rows(rows, &opts)
	require.NoError(t, err)
	totals.Violations = []analysis.Violation{{Rule: "max_segments", Limit: "2", Got: "3"}}
	worth, err := rates.NewCurrencies(currencies)
	require.NoError(t, err)
	compared, err := totals.Compare(worth)
	require.NoError(t, err)
	return &report.Data{Totals: totals, Comparison: compared, Options: &opts, Quotes: []analysis.Quoted{
		{Line: 2, Provider: "athens", Ours: 1, Theirs: 2, Cost: &provider.Money{Micros: 1_234_500_000, Currency: "EUR"}, Differs: true},
		{Line: 3, Provider: "athens", Ours: 1, Error: "no answer"},
	}}
}

func sample() string {
	var b strings.Builder
	b.WriteString("to,text\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "+30690%07d,Your parcel %d arrives today\n", i, i)
	}
	for range 40 {
		fmt.Fprintf(&b, "+4915123456789,\"It’s here: %s\"\n", strings.Repeat("<b>parcel & more</b> ", 6))
	}
	b.WriteString("+306900000001,Γειά σου! " + strings.Repeat("Καλημέρα ", 20) + "\nbad,x\n")
	return b.String()
}

func TestPage(t *testing.T) {
	golden.Check(t, "testdata/page.golden.html", render(t, sample()))
}

func TestPageNeedsNothingElse(t *testing.T) {
	got := render(t, sample())
	for _, outside := range []string{"http://", "https://", "<script", "<link", "<img", "url(", "@import"} {
		assert.False(t, strings.Contains(got, outside), "the page has %s", outside)
	}
	for _, inside := range []string{
		"&lt;b&gt;parcel &amp; more&lt;/b&gt;", // texts are shown as they are, not run
		`id="segments" data-value="3123"`, "excluding 40 without a price",
	} {
		assert.True(t, strings.Contains(got, inside), "the page lacks %s", inside)
	}
}

// Whatever a file, a vendor or a provider's name has in it, it stays a text.
func TestPageKeepsHostileTextsInTheirPlace(t *testing.T) {
	for _, d := range []*report.Data{htmltest.Filled[report.Data](), {Totals: new(analysis.Totals)}} {
		d.Options = &analysis.Options{Name: htmltest.Hostile}
		doc, wrong := htmltest.Parse(write(t, d))
		assert.Empty(t, wrong)
		for n := range doc.Descendants() {
			assert.NotContains(t, []string{"script", "img", "a", "link"}, n.Data, "<%s>", n.Data)
			for _, a := range n.Attr {
				if a.Key == "style" {
					assert.Regexp(t, `^width:\d+\.\d%$`, a.Val)
				}
			}
		}
		if d.Rows > 0 {
			assert.GreaterOrEqual(t, htmltest.Count(doc), 40)
		}
	}
}

// The page says what the terminal says.
func TestPageIsComplete(t *testing.T) {
	got := write(t, data(t, sample(), map[string]string{"EUR": "1", "AUD": "0.5"}))
	for _, inside := range []string{
		"<h2>Cheapest provider for each country</h2>", "which is 135.8505 EUR", // 3,123 segments at half of 0.087 AUD
		`<th scope="col">In EUR</th>`, `class="graph"`,
		"<h2>Quotes of the vendors</h2>", "1,234.5 EUR", "differs", "no answer",
		"Repeats line",
	} {
		assert.Contains(t, got, inside)
	}
	assert.NotContains(t, got, "Incomplete")
	edits := got[strings.Index(got, "Edits that save most"):]
	assert.Regexp(t, `<td class="good">80</td><td>–</td><td>6.96 AUD</td>`, edits, "what an edit saves in money")

	alone := write(t, data(t, sample(), nil))
	assert.Contains(t, alone, "missing: AUD, EUR")
	assert.NotContains(t, alone, "Cheapest provider")
	cost := alone[strings.Index(alone, "Cost by provider"):]
	assert.NotContains(t, cost[:strings.Index(cost, "</table>")], "graph", "no bars over different currencies")
}

func TestPageOfAnIncompleteAnalysis(t *testing.T) {
	d := data(t, sample(), nil)
	d.Complete = false
	got := write(t, d)
	assert.Contains(t, got, `role="alert"><strong>Incomplete.</strong>`)
}

// A file of very long texts must not make a huge page.
func TestPageStaysSmall(t *testing.T) {
	var b strings.Builder
	b.WriteString("to,text\n")
	for i := range 12 {
		fmt.Fprintf(&b, "+30690%07d,%s\n", i, strings.Repeat(string(rune('α'+i)), 60_000))
	}
	for i := range 5000 {
		fmt.Fprintf(&b, "bad %d,x\n", i)
	}
	assert.Less(t, len(render(t, b.String())), 1<<20)
}

func TestWriteErrorIsReported(t *testing.T) {
	err := report.Write(full{}, &report.Data{Totals: &analysis.Totals{}, Options: &analysis.Options{}})
	require.ErrorContains(t, err, "disk full")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }
