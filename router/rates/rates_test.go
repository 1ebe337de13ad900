package rates_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/rates"
)

var now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

const header = "provider,country,prefix,mccmnc,currency,price,effective_from\n"

func card(t testing.TB, lines ...string) *rates.Card {
	t.Helper()
	c, err := rates.Read(strings.NewReader(header+strings.Join(lines, "\n")+"\n"), "rates.csv")
	require.NoError(t, err)
	return c
}

func TestMostSpecificRowWins(t *testing.T) {
	c := card(t,
		"athens,,,,EUR,0.09,",
		"athens,GR,,,EUR,0.04,",
		"athens,GR,,,EUR,0.05,2026-05-01",
		"athens,GR,,,EUR,0.01,2026-12-01",
		"athens,,3069,,EUR,0.03,",
		"athens,,30694,,EUR,0.02,",
		"athens,,,20210,EUR,0.015,",
		"athens,,30698,20210,EUR,0.012,",
		"athens,CY,357,,EUR,0.06,",
		"athens,,100000000000000,,EUR,0.08,",
		"athens,,999999,,EUR,0.07,",
		"athens,,1000000,,EUR,0.075,",
		"sydney,AU,,,credits,1,",
	)
	tests := []struct {
		name, number, country, network, want string
	}{
		{"default", "+4915123456789", "DE", "", "0.09"},
		{"country, the newest in force", "+302101234567", "GR", "", "0.05"},
		{"prefix before country", "+306900000001", "GR", "", "0.03"},
		{"longer prefix", "+306940000001", "GR", "", "0.02"},
		{"network before prefix", "+306940000001", "GR", "20210", "0.015"},
		{"another network", "+306940000001", "GR", "20205", "0.02"},
		{"network and prefix", "+306980000001", "GR", "20210", "0.012"},
		{"network without its prefix", "+306970000001", "GR", "20210", "0.015"},
		{"prefix without its network", "+306980000001", "GR", "20205", "0.03"},
		{"country and prefix", "+35799123456", "CY", "", "0.06"},
		{"prefix without its country", "+35799123456", "", "", "0.09"},
		{"network that is not known", "+306940000001", "GR", "20299", "0.02"},
		{"a whole number as prefix", "+100000000000000", "", "", "0.08"},
		{"the longest number", "+999999999999999", "", "", "0.07"},
		{"a power of ten", "+10000000", "", "", "0.075"},
	}
	book := c.Book("athens", now)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			price, row, ok := book.Price(rates.Destination{Number: e164.MustParse(tt.number), Country: tt.country, MCCMNC: tt.network})
			require.True(t, ok)
			assert.Equal(t, tt.want, price.Amount())
			assert.Equal(t, "EUR", price.Currency)
			assert.NotEmpty(t, row.String())
		})
	}
	_, _, ok := c.Book("sydney", now).Price(rates.Destination{Number: e164.MustParse("+306900000001"), Country: "GR"})
	assert.False(t, ok, "no row is no price, never a free message")
	_, _, ok = c.Book("nobody", now).Price(rates.Destination{Country: "GR"})
	assert.False(t, ok)
	assert.Equal(t, []string{"athens", "sydney"}, c.Providers())
	assert.Equal(t, "credits", c.Currency("sydney"))
}

func TestReadNamesEveryBadLine(t *testing.T) {
	tests := map[string]struct{ file, want string }{
		"empty":             {"", "rates.csv:1: the file is empty"},
		"header":            {"provider,currency,cost\n", `rates.csv:1: unknown column "cost"`},
		"no price":          {"provider,currency\n", `no column "price"`},
		"duplicate":         {"provider,provider\n", "duplicate column"},
		"provider":          {header + ",GR,,,EUR,1,\n", "rates.csv:2: provider: is empty"},
		"country":           {header + "a,Greece,,,EUR,1,\n", `country: "Greece"`},
		"UK":                {header + "a,GR,,,EUR,1,\na,UK,,,EUR,1,\n", `rates.csv:3: country: "UK" is not a country code; did you mean "GB"?`},
		"el":                {header + "a,el,,,EUR,1,\n", `country: "el" is not a country code; did you mean "GR"?`},
		"no country":        {header + "a,ZZ,,,EUR,1,\n", `country: "ZZ" is not a country code of two letters`},
		"any":               {header + "a,*,,,EUR,1,\n", `empty means any country`},
		"after sep=":        {"sep=;\nprovider;currency;price\na;EUR;1\na;EUR;x\n", "rates.csv:4: price:"},
		"near header":       {"provider,currency,prices\n", `unknown column "prices" (did you mean "price"?)`},
		"prefix":            {header + "a,,+30,,EUR,1,\n", `prefix: "+30"`},
		"zero prefix":       {header + "a,,0030,,EUR,1,\n", "begins with 0"},
		"network":           {header + "a,,,2021,EUR,1,\n", `mccmnc: "2021"`},
		"currency":          {header + "a,,,,euro,1,\n", `currency: "euro"`},
		"two currencies":    {header + "a,GR,,,EUR,1,\na,CY,,,USD,1,\n", "rates.csv:3: currency: USD, but earlier rows"},
		"price":             {header + "a,,,,EUR,0.1234567,\n", "more than 6 decimals"},
		"negative":          {header + "a,,,,EUR,-1,\n", "is negative"},
		"comma price":       {header + `a,,,,EUR,"1,234",` + "\n", `price: "1,234" may be 1.234 or 1234`},
		"commas":            {header + `a,,,,EUR,"1,234,5",` + "\n", "is not a decimal number"},
		"bad groups":        {header + `a,,,,EUR,"1.23,5",` + "\n", "is not a decimal number"},
		"date":              {header + "a,,,,EUR,1,1.6.2026\n", "is not a date such as"},
		"too many":          {header + "a,,,,EUR,1,,x\n", "8 fields; the header has 7"},
		"header after sep=": {"sep=;\nprovider;currency;cost\n", `rates.csv:2: unknown column "cost"`},
		"quotes after sep=": {"sep=,\n" + header + "a,,,,EUR,1,\na,,,,EUR,1\",\n", "rates.csv:4: bare"},
		"sep= alone":        {"sep=\n", `rates.csv:1: unknown column "sep="`},
		"one letter":        {"x\n", `rates.csv:1: unknown column "x"`},
		"two delimiters":    {"provider;currency,price\n", `unknown column "provider;currency"`},
		"long prefix":       {header + "a,,1234567890123456,,EUR,1,\n", "is not 1 to 15 digits"},
		"long network":      {header + "a,,,2021012,EUR,1,\n", "is not 5 or 6 digits"},
		"no digits":         {header + "a,,30x,,EUR,1,\n", `prefix: "30x"`},
		"two letters":       {header + "a,,,,EU,1,\n", `currency: "EU"`},
		"not letters":       {header + "a,,,,E1R,1,\n", `currency: "E1R"`},
		"quotes":            {header + "a,,,,EUR,1,\n\"a,,,,EUR,1,\n", "rates.csv:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := rates.Read(strings.NewReader(tt.file), "rates.csv")
			require.ErrorContains(t, err, tt.want)
			assert.Nil(t, c)
		})
	}
	_, err := rates.Read(strings.NewReader(header+"a,,,,EUR,x,\na,,,,EUR,1,\na,,,,EUR,y,\n"), "rates.csv")
	assert.ErrorContains(t, err, "rates.csv:2")
	assert.ErrorContains(t, err, "rates.csv:4")
}

// A card is read as leniently as a file of messages.
func TestReadAcceptsSpreadsheetFormats(t *testing.T) {
	for name, tt := range map[string]struct{ file, want string }{
		"byte order mark": {"\ufeffprice,provider,currency\r\n0.05,a,EUR\r\n", "0.05 EUR"},
		"semicolons":      {"provider;currency;price\na;EUR;0.05\n", "0.05 EUR"},
		"tabs":            {"provider\tcurrency\tprice\na\tEUR\t0.05\n", "0.05 EUR"},
		"sep=":            {"sep=;\r\nprovider;currency;price\r\na;EUR;0,05\r\n", "0.05 EUR"},
		"mark, sep=":      {"\ufeffsep=;\nprovider;currency;price\na;EUR;0,05\n", "0.05 EUR"},
		"decimal comma":   {"provider;currency;price\na;EUR;0,087\n", "0.087 EUR"},
		"comma, quotes":   {"provider,currency,price\na,EUR,\"12,5\"\n", "12.5 EUR"},
		"both":            {"provider;currency;price\na;EUR;1.234,50\n", "1234.5 EUR"},
		"names":           {"Provider,CURRENCY, Price ,Effective From\na,eur,0.05,2020-01-31\n", "0.05 EUR"},
		"credits":         {"provider,currency,price\na,CREDITS,3\n", "3 credits"},
		"lower case":      {"provider,country,currency,price\na,gr,eur,0.05\n", "0.05 EUR"},
		"empty cells":     {"provider,currency,price\na,EUR,0.05\n,,,,,\n", "0.05 EUR"},
		"cells of a row":  {"provider,currency,price\n,,\na,EUR,0.05\n", "0.05 EUR"},
		"short rows":      {"provider,currency,price,effective_from\na,EUR,0.05\n", "0.05 EUR"},
		"free":            {"provider,currency,price\na,EUR,0\n", "0 EUR"},
		"long prefix":     {"provider,currency,price,prefix,mccmnc\na,EUR,1,123456789012345,\na,EUR,1,,310260\na,EUR,0.05,,\n", "0.05 EUR"},
		"zero comma":      {"provider;currency;price\na;EUR;0,125\n", "0.125 EUR"},
		"groups":          {"provider;currency;price\na;EUR;1.234.567,5\n", "1234567.5 EUR"},
		"no last newline": {"provider,currency,price\na,EUR,0.05", "0.05 EUR"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := rates.Read(strings.NewReader(tt.file), "x")
			require.NoError(t, err)
			price, _, ok := c.Book("a", now).Price(rates.Destination{Number: e164.MustParse("+306900000001"), Country: "GR"})
			require.True(t, ok)
			assert.Equal(t, tt.want, price.String())
		})
	}
	_, err := rates.Read(iotest.ErrReader(errors.New("disk on fire")), "x")
	require.EqualError(t, err, "x: disk on fire")
	_, err = rates.Read(io.MultiReader(strings.NewReader(header+"a,,,,EUR,1,\n"), iotest.ErrReader(errors.New("disk on fire"))), "x")
	require.ErrorContains(t, err, "disk on fire", "a card that was cut off is none")
	_, err = rates.Read(&failsOnce{}, "x")
	require.EqualError(t, err, "x: disk on fire", "and not an empty file")
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card.csv")
	_, err := rates.ReadFile(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, os.WriteFile(path, []byte(header+"a,GR,,,EUR,1,\nb,GR,,,EUR,x,\n"), 0o600))
	_, err = rates.ReadFile(path)
	require.ErrorContains(t, err, path+":3: price:")
	require.NoError(t, os.WriteFile(path, []byte(header+"a,GR,,,EUR,1,\n"), 0o600))
	c, err := rates.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, c.Providers())
}

// failsOnce is then at its end.
type failsOnce struct{ failed bool }

func (f *failsOnce) Read([]byte) (int, error) {
	if f.failed {
		return 0, io.EOF
	}
	f.failed = true
	return 0, errors.New("disk on fire")
}

// Every region that a number can have is a country of a card.
func TestCountriesOfNumbers(t *testing.T) {
	for region := range phonenumbers.GetSupportedRegions() {
		_, err := rates.Read(strings.NewReader("provider,country,currency,price\na,"+region+",EUR,1\n"), "x")
		assert.NoError(t, err)
	}
}

func TestCheck(t *testing.T) {
	c := card(t,
		"a,GR,,,EUR,1,",           // 2: replaced by 3
		"a,GR,,,EUR,2,2026-01-01", // 3
		"a,GR,,,EUR,3,2025-01-01", // 4: older than 3
		"a,CY,30,,EUR,1,",         // 5: not in Cyprus
		"a,DE,,,EUR,1,",           // 6
		"a,DE,,,EUR,2,",           // 7: duplicate
		"a,FR,,,EUR,2,2027-01-01", // 8: future
		"b,GR,,,EUR,1,",
		"c,,,,EUR,1,",
	)
	got := make([]string, 0)
	for _, f := range c.Check(now, func(prefix string) []string { return map[string][]string{"30": {"GR"}}[prefix] }) {
		got = append(got, fmt.Sprintf("%d %s", f.Line, f.Rule))
	}
	assert.Equal(t, []string{"0 gap", "0 gap", "2 shadowed", "4 shadowed", "5 contradiction", "7 duplicate", "8 future"}, got)
	assert.Empty(t, card(t, "a,,,,EUR,1,").Check(now, nil))
}

func TestCheckFindsNothing(t *testing.T) {
	for name, lines := range map[string][]string{
		"a default":                      {"a,,,,EUR,1,", "b,,,,EUR,1,", "b,GR,,,EUR,1,"},
		"the same countries":             {"a,GR,,,EUR,1,", "b,GR,,,EUR,1,"},
		"a prefix without a country":     {"a,,30,,EUR,1,", "a,,,,EUR,2,"},
		"a prefix that nobody knows":     {"a,GR,999,,EUR,1,"},
		"a country without a prefix":     {"a,GR,,,EUR,1,"},
		"one destination of each":        {"a,,,,EUR,1,", "a,GR,,,EUR,1,", "a,GR,30,,EUR,1,", "a,GR,30,20210,EUR,1,", "b,,,,USD,1,"},
		"it comes into force at present": {"a,,,,EUR,1,2026-06-01"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Empty(t, card(t, lines...).Check(now, func(prefix string) []string { return map[string][]string{"30": {"GR"}}[prefix] }))
		})
	}
}

func TestCheckSaysWhatIsMissing(t *testing.T) {
	warnings := card(t, "a,GR,,,EUR,1,", "a,CY,,,EUR,1,", "b,CY,,,EUR,1,", "b,FR,,,EUR,1,2027-01-01").Check(now, nil)
	require.Len(t, warnings, 3)
	assert.Contains(t, warnings[0].Message, "provider a has no default row and none for [FR]")
	assert.Contains(t, warnings[1].Message, "provider b has no default row and none for [FR GR]")
	assert.Equal(t, "future", warnings[2].Rule)
	for _, half := range []string{"a,GR,,,EUR,1,", "a,,30,,EUR,1,", "a,,,20210,EUR,1,"} { // none is a default
		assert.Len(t, card(t, half, "b,CY,,,EUR,1,", "b,GR,,,EUR,1,").Check(now, nil), 1, half)
	}
}

// The trie must agree with a literal implementation of the rules.
func TestBookMatchesTheRules(t *testing.T) {
	prefix := rapid.StringMatching(`([1-3][0-2]{0,3})?`)
	rapid.Check(t, func(t *rapid.T) {
		var lines []string
		for range rapid.IntRange(0, 12).Draw(t, "rows") {
			lines = append(lines, fmt.Sprintf("a,%s,%s,%s,EUR,0.%d,%s",
				rapid.SampledFrom([]string{"", "GR", "CY"}).Draw(t, "country"), prefix.Draw(t, "prefix"),
				rapid.SampledFrom([]string{"", "", "20210", "20205"}).Draw(t, "network"), rapid.IntRange(1, 99999).Draw(t, "price"),
				rapid.SampledFrom([]string{"", "2026-01-01", "2026-03-01", "2027-01-01"}).Draw(t, "date")))
		}
		c, err := rates.Read(strings.NewReader(header+strings.Join(lines, "\n")), "x")
		if err != nil {
			t.Fatal(err)
		}
		d := rates.Destination{
			Number:  e164.MustParse(rapid.StringMatching(`\+[1-3][0-3]{6,14}`).Draw(t, "number")),
			Country: rapid.SampledFrom([]string{"", "GR", "CY", "DE"}).Draw(t, "to country"),
			MCCMNC:  rapid.SampledFrom([]string{"", "20210", "99999"}).Draw(t, "to network"),
		}
		_, row, ok := c.Book("a", now).Price(d)
		want := slow(c, d)
		if ok != (want != nil) || ok && row.Line != want.Line {
			t.Fatalf("got %v, want %v", row, want)
		}
	})
}

func slow(c *rates.Card, d rates.Destination) *rates.Row {
	var best *rates.Row
	rank := func(r *rates.Row) []int64 {
		bit := func(b bool) int64 {
			if b {
				return 1
			}
			return 0
		}
		return []int64{bit(r.MCCMNC != ""), int64(len(r.Prefix)), bit(r.Country != ""), r.EffectiveFrom.Unix(), int64(r.Line)}
	}
	for i, r := range c.Rows() {
		fits := (r.MCCMNC == "" || r.MCCMNC == d.MCCMNC) && (r.Country == "" || r.Country == d.Country) &&
			strings.HasPrefix(d.Number.Digits(), r.Prefix) && !r.EffectiveFrom.After(now)
		if !fits {
			continue
		}
		if best == nil {
			best = &c.Rows()[i]
			continue
		}
		a, b := rank(&r), rank(best)
		for k := range a {
			if a[k] != b[k] {
				if a[k] > b[k] {
					best = &c.Rows()[i]
				}
				break
			}
		}
	}
	return best
}

func FuzzRead(f *testing.F) {
	f.Add(header + "a,GR,3069,20210,EUR,0.05,2026-01-01\n")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := rates.Read(strings.NewReader(s), "x")
		if err != nil {
			require.Nil(t, c)
			require.ErrorContains(t, err, "x:", "it names the file")
			return
		}
		for _, name := range c.Providers() {
			require.NotEmpty(t, name)
			price, row, ok := c.Book(name, now).Price(rates.Destination{Number: e164.MustParse("+306900000001"), Country: "GR"})
			require.Equal(t, ok, row != nil)
			if ok {
				require.Equal(t, name, row.Provider)
				require.Equal(t, c.Currency(name), price.Currency)
				require.GreaterOrEqual(t, price.Micros, int64(0))
				require.True(t, strings.HasPrefix("306900000001", row.Prefix) && row.MCCMNC == "" && (row.Country == "" || row.Country == "GR"))
			}
		}
		for _, w := range c.Check(now, nil) {
			require.NotEmpty(t, w.Message)
		}
	})
}

func BenchmarkPrice(b *testing.B) {
	lines := []string{"a,,,,EUR,0.09,", "a,GR,,,EUR,0.04,"}
	for i := range 900 {
		lines = append(lines, fmt.Sprintf("a,,%d,,EUR,0.03,", 100+i))
	}
	book := card(b, lines...).Book("a", now)
	d := rates.Destination{Number: e164.MustParse("+306900000001"), Country: "GR"}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := book.Price(d); !ok {
			b.Fatal("no price")
		}
	}
}

func ExampleCard_Book() {
	file, err := os.Open("testdata/sample.csv")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Close()
	c, err := rates.Read(file, "sample.csv")
	if err != nil {
		fmt.Println(err)
		return
	}
	book := c.Book("athens", time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	price, row, _ := book.Price(rates.Destination{Number: e164.MustParse("+306900000001"), Country: "GR"})
	fmt.Println(price, "by", row)
	// Output: 0.045 EUR by GR (line 3)
}
