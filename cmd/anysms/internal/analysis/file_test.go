package analysis_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/rates"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// number validates the test's numbers: +30… is Greek, +49… German, others are invalid.
func number(raw string) (e164.Number, string, string) {
	n, err := e164.Parse(raw)
	switch {
	case err != nil:
		return n, "", "is no number"
	case n.HasPrefix("30"):
		return n, "GR", ""
	case n.HasPrefix("49"):
		return n, "DE", ""
	}
	return n, "", "is in no range that is in use"
}

func prices(t testing.TB, csv string, names ...string) []analysis.Price {
	t.Helper()
	card, err := rates.Read(strings.NewReader("provider,country,mccmnc,currency,price\n"+csv), "rates.csv")
	require.NoError(t, err)
	var list []analysis.Price
	for _, name := range names {
		list = append(list, analysis.Price{Provider: name, Book: card.Book(name, time.Now())})
	}
	return list
}

func file(t testing.TB, content string, opts analysis.Options) *analysis.Totals {
	t.Helper()
	if opts.Name == "" {
		opts.Name = "f.csv"
	}
	if opts.TextColumn == "" && opts.Template == nil {
		opts.TextColumn = "text"
	}
	totals, err := analyse(strings.NewReader(content), opts)
	require.NoError(t, err)
	return totals
}

func TestCountriesAndCosts(t *testing.T) {
	got := file(t, "to,text,net\n"+
		"+306900000001,a,\n"+
		"+306900000002,"+strings.Repeat("a", 161)+",20210\n"+
		"+4915123456789,a,\n"+
		"+123,a,\n"+
		"nonsense,a,\n", analysis.Options{
		ToColumn: "to", Number: number, NetworkColumn: "net",
		Prices: prices(t, "athens,GR,,EUR,0.05\nathens,,20210,EUR,0.01\nsydney,,,credits,1\n", "athens", "sydney"),
	})
	assert.Equal(t, 3, got.Messages)
	assert.Equal(t, 2, got.InvalidRows)
	assert.Equal(t, provider.Money{Micros: 70_000, Currency: "EUR"}, got.TotalCost["athens"], "0.05 and two segments of 0.01")
	assert.Equal(t, provider.Money{Micros: 4_000_000, Currency: "credits"}, got.TotalCost["sydney"])
	assert.Equal(t, map[string]int{"athens": 1, "sydney": 0}, got.Unpriced, "a message without a price is counted, not free")
	require.Len(t, got.ByCountry, 2)
	assert.Equal(t, "GR", got.ByCountry[0].Country)
	assert.Equal(t, analysis.Count{Messages: 2, Segments: 3}, got.ByCountry[0].Count)
	assert.NotContains(t, got.ByCountry[1].Cost, "athens", "Germany has no price there")
	cost, words := got.ByCountry[0].At("athens")
	assert.Equal(t, "0.07 EUR", cost.String())
	assert.Empty(t, words)
	cost, words = got.ByCountry[1].At("athens")
	assert.Nil(t, cost)
	assert.Equal(t, "no price", words)
	assert.Equal(t, []analysis.Reason{{`column "to": is no number`, 2}}, got.ByReason)
	assert.Equal(t, []analysis.Network{{"", analysis.Count{Messages: 2, Segments: 2}}, {"20210", analysis.Count{Messages: 1, Segments: 2}}}, got.ByNetwork)

	b, err := json.Marshal(got)
	require.NoError(t, err)
	assert.Contains(t, string(b), `"total_cost":{"athens":{"amount":"0.07","currency":"EUR"}`)
	assert.Contains(t, string(b), `"by_country":[{"country":"GR","messages":2,"segments":3,"cost":`)
}

func TestCostTooLargeToCount(t *testing.T) {
	_, err := analyse(strings.NewReader("to,text\n+306900000001,"+strings.Repeat("a", 200)+"\n"), analysis.Options{
		Name: "f.csv", TextColumn: "text", ToColumn: "to", Number: number,
		Prices: prices(t, "a,,,EUR,9000000000000\n", "a"),
	})
	require.ErrorContains(t, err, "is too large")
}

func TestJSONLines(t *testing.T) {
	content := `{"to":"+306900000001","text":"Hi"}` + "\n\n" + `{"text":"Γειά","to":"+306900000002","x":[1]}` + "\n" + `{"text":` + "\n" + `{"to":"+306900000001"}`
	for _, name := range []string{"a.jsonl", "a.ndjson", "-"} {
		got := file(t, content, analysis.Options{Name: name, ToColumn: "to", Number: number})
		assert.Equal(t, "JSON Lines", got.Format)
		assert.Equal(t, 4, got.Rows)
		assert.Equal(t, 2, got.Messages)
		require.Len(t, got.Invalid, 2)
		assert.Equal(t, 4, got.Invalid[0].Line)
		assert.Equal(t, analysis.Invalid{Line: 5, Reason: `column "text": the text is empty`}, got.Invalid[1])
	}
}

// Empty lists are written, and optional fields only on request.
func TestEmptyListsAreNoNulls(t *testing.T) {
	b, err := json.Marshal(file(t, "text\n", analysis.Options{Characters: true}))
	require.NoError(t, err)
	for _, list := range []string{"by_country", "invalid_by_reason", "invalid", "histogram", "characters", "edits", "violations"} {
		assert.Contains(t, string(b), `"`+list+`":[]`)
	}
	assert.NotContains(t, string(b), "null")
	assert.NotContains(t, string(b), "levels")
}

// An invalid row over several lines names the lines that are skipped.
func TestBrokenRowOverSeveralLines(t *testing.T) {
	got := file(t, "to,text\na,\"open\nb,lost\nc,\"x\"y\nd,read\n", analysis.Options{})
	assert.Equal(t, 1, got.Messages)
	require.Len(t, got.Invalid, 1)
	assert.Equal(t, 2, got.Invalid[0].Line)
	assert.Contains(t, got.Invalid[0].Reason, "lines 2 to 4 are skipped")
}

func TestTemplate(t *testing.T) {
	template, err := table.ParseTemplate("Hi {name}, {{{code}}} is yours, {name}.")
	require.NoError(t, err)
	got := file(t, "name,code\nAnn,1\nΆννα,2\n,3\n"+strings.Repeat("B", 100)+",4\n", analysis.Options{Template: template})
	assert.Equal(t, 4, got.Messages)
	assert.Equal(t, []analysis.Variable{
		{Name: "name", Missing: 1, ForcesUCS2: 1, Segments: 1},
		{Name: "code"},
	}, got.Variables)
	assert.Equal(t, 2, got.Longest)
	assert.Equal(t, 1, got.Median)
	assert.Equal(t, 2, got.P95)
	assert.Equal(t, []analysis.Bucket{{Segments: 1, Messages: 3}, {Segments: 2, Messages: 1}}, got.Histogram)

	_, err = analyse(strings.NewReader("name\nAnn\n"), analysis.Options{Name: "f.csv", Template: template})
	require.ErrorContains(t, err, `f.csv: template: {code}: the header has no column "code"`)
	for _, bad := range []string{"{", "{}", "{a", "}", "a {b{c}}", "{ }"} {
		_, err := table.ParseTemplate(bad)
		assert.ErrorContains(t, err, "template: ", "template %q", bad)
	}
}

func TestEditsThatSave(t *testing.T) {
	long := strings.Repeat("a", 100)
	got := file(t, "text\n"+
		strings.Repeat("it’s "+long+"\n", 5)+ // one segment instead of two
		strings.Repeat("“it’s” "+long+"\n", 3)+
		"it’s\n"+ // saves nothing
		"Καλημέρα\n", analysis.Options{Characters: true})
	require.NotEmpty(t, got.Edits)
	assert.Equal(t, analysis.Edit{From: []string{"’", "“", "”"}, To: []string{"'", `"`, `"`}, Messages: 8, Saves: 8, Cost: map[string]provider.Money{}}, got.Edits[0])
	assert.Equal(t, analysis.Edit{From: []string{"’"}, To: []string{"'"}, Messages: 5, Saves: 5, Cost: map[string]provider.Money{}}, got.Edits[1])
	assert.Equal(t, analysis.Character{Rune: "U+2019", Char: "’", Messages: 9, Alone: 6, Saves: 5, Suggest: "'"}, got.Characters[0])
}

func TestAnnotateKeepsOrder(t *testing.T) {
	var content strings.Builder
	content.WriteString("to,text\n")
	for i := range 5000 {
		fmt.Fprintf(&content, "+30690%07d,\"Nr. %d, \"\"you\"\"\"\n", i, i)
	}
	content.WriteString("bad,Hi\n")
	var out bytes.Buffer
	file(t, content.String(), analysis.Options{ToColumn: "to", Number: number, Annotate: &out, Workers: 4, Prices: prices(t, "a,,,EUR,0.05\n", "a")})
	records, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, 5002)
	assert.Equal(t, []string{"to", "text", "encoding", "units", "segments", "country", "problem", "cost_a_EUR"}, records[0])
	for i, r := range records[1:5001] {
		require.Equal(t, fmt.Sprintf(`Nr. %d, "you"`, i), r[1])
	}
	assert.Equal(t, []string{"gsm7", "12", "1", "GR", "", "0.05"}, records[1][2:])
	assert.Equal(t, []string{"", "", "", "", `column "to": is no number`, ""}, records[5001][2:])

	_, err = analyse(strings.NewReader(`{"text":"a"}`), analysis.Options{Name: "a.jsonl", TextColumn: "text", Annotate: &out})
	require.ErrorContains(t, err, "cannot annotate JSON Lines")
	_, err = analyse(strings.NewReader(content.String()), analysis.Options{Name: "f.csv", TextColumn: "text", Annotate: full{}})
	require.ErrorContains(t, err, "annotate: disk full")
}

// The added costs are those in the totals: by network, and none if a provider does not
// accept the message.
func TestAnnotateAgreesWithTheTotals(t *testing.T) {
	p := prices(t, "a,GR,,EUR,0.05\na,,20210,EUR,0.01\nb,,,EUR,0.02\n", "a", "b")
	p[1].MaxSegments = 1
	var out bytes.Buffer
	got := file(t, "to,text,net\n+306900000001,a,20210\n+306900000002,"+strings.Repeat("a", 161)+",\n+4915123456789,a,\n",
		analysis.Options{ToColumn: "to", Number: number, NetworkColumn: "net", Prices: p, Annotate: &out})
	records, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"0.01", "0.02"}, {"0.1", ""}, {"", "0.02"}}, [][]string{records[1][8:], records[2][8:], records[3][8:]})
	assert.Equal(t, "0.11", got.TotalCost["a"].Amount())
	assert.Equal(t, "0.04", got.TotalCost["b"].Amount())
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// The result does not depend on the number of workers.
func TestWorkersAgree(t *testing.T) {
	var content strings.Builder
	content.WriteString("to,text\n")
	for i := range 20_000 {
		switch i % 7 {
		case 0:
			fmt.Fprintf(&content, "bad,x\n")
		case 1:
			fmt.Fprintf(&content, "+4915123456789,Γειά %d\n", i)
		default:
			fmt.Fprintf(&content, "+306900000001,it’s %d\n", i%50)
		}
	}
	run := func(workers int) *analysis.Totals {
		return file(t, content.String(), analysis.Options{
			ToColumn: "to", Number: number, Workers: workers, Characters: true, Duplicates: true,
			Prices: prices(t, "a,GR,,EUR,0.05\n", "a"),
		})
	}
	one := run(1)
	assert.Equal(t, 20_000, one.Rows)
	assert.Len(t, one.Invalid, analysis.MaxInvalid)
	assert.Equal(t, one, run(4))
}

func TestWorstMessages(t *testing.T) {
	got := file(t, "text\na\n"+strings.Repeat("b", 161)+"\n"+strings.Repeat("b", 161)+"\n"+strings.Repeat("c", 400)+"\nd\n",
		analysis.Options{Worst: 2, First: 2, Workers: 2})
	assert.Equal(t, []int{2, 3}, []int{got.First[0].Line, got.First[1].Line})
	assert.Equal(t, []analysis.Message{{Line: 5, Text: strings.Repeat("c", 400), Segments: 3}, {Line: 3, Text: strings.Repeat("b", 161), Segments: 2}}, got.Worst)
	b, err := json.Marshal(got)
	require.NoError(t, err)
	assert.NotContains(t, string(b), "ccc", "texts are not in the result")
}

func TestWhatIsTooLongForAProviderIsNotPriced(t *testing.T) {
	p := prices(t, "usa,,,USD,0.01\n", "usa")
	p[0].MaxCharacters = 160
	got := file(t, "to,text\n+306900000001,"+strings.Repeat("a", 161)+"\n+306900000001,a\n",
		analysis.Options{ToColumn: "to", Number: number, Prices: p})
	assert.Equal(t, map[string]int{"usa": 1}, got.Uncarried)
	assert.Equal(t, "0.01", got.TotalCost["usa"].Amount())
	assert.Zero(t, got.Unpriced["usa"])
	cost, words := got.ByCountry[0].At("usa")
	assert.Equal(t, "0.01 USD", cost.String())
	assert.Equal(t, "(partial)", words)
}

func TestLevelsSave(t *testing.T) {
	got := file(t, "to,text\n+306900000001,it’s "+strings.Repeat("a", 100)+"\n+306900000001,"+strings.Repeat("ΚΑΛΗΜΕΡΑ ", 10)+"\n+306900000001,short’s\n",
		analysis.Options{ToColumn: "to", Number: number, Levels: true, Prices: prices(t, "a,,,EUR,0.05\n", "a")})
	require.Len(t, got.Levels, 3)
	assert.Equal(t, 1, got.Levels[0].Saves, "lossless: one apostrophe")
	assert.Equal(t, 2, got.Levels[1].Saves, "greek_capitals: the greeting too")
	assert.Equal(t, provider.Money{Micros: 100_000, Currency: "EUR"}, got.Levels[1].Cost["a"])
}

func TestCheapestMix(t *testing.T) {
	content := "to,text\n+306900000001,a\n+306900000002,a\n+4915123456789,a\n"
	compare := func(t *testing.T, card string, worth map[string]string, names ...string) *analysis.Comparison {
		t.Helper()
		c, err := rates.NewCurrencies(worth)
		require.NoError(t, err)
		got, err := file(t, content, analysis.Options{ToColumn: "to", Number: number, Prices: prices(t, card, names...)}).Compare(c)
		require.NoError(t, err)
		return got
	}
	mix := compare(t, "a,GR,,EUR,0.05\nb,GR,,EUR,0.04\nb,DE,,EUR,0.09\nc,DE,,EUR,0.08\n", nil, "a", "b", "c").Mix
	assert.Equal(t, "b", mix.Countries[0].Provider)
	assert.Equal(t, "c", mix.Countries[1].Provider)
	assert.Equal(t, map[string]provider.Money{"EUR": {Micros: 160_000, Currency: "EUR"}}, mix.Total)

	mix = compare(t, "a,GR,,EUR,0.05\n", nil, "a").Mix
	assert.Empty(t, mix.Countries[1].Provider)
	assert.Equal(t, 1, mix.Without)

	got := compare(t, "a,,,EUR,0.05\nb,,,AUD,0.05\n", nil, "a", "b")
	assert.Nil(t, got.Mix)
	assert.Equal(t, []string{"AUD", "EUR"}, got.MissingRates)
	assert.Nil(t, got.Common)
	got = compare(t, "a,GR,,EUR,0.05\nb,DE,,AUD,0.05\n", map[string]string{"EUR": "1", "AUD": "0.6"}, "a", "b")
	assert.Equal(t, "a", got.Mix.Countries[0].Provider)
	assert.Equal(t, &analysis.Common{
		Currency:  "EUR",
		TotalCost: map[string]provider.Money{"a": {Micros: 100_000, Currency: "EUR"}, "b": {Micros: 30_000, Currency: "EUR"}},
		Mix:       provider.Money{Micros: 130_000, Currency: "EUR"},
	}, got.Common)
	got = compare(t, "a,,,EUR,0.05\n", map[string]string{"EUR": "1"}, "a")
	assert.Nil(t, got.Common, "one currency needs no other")
}
