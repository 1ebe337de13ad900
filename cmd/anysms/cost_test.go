package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/zoomconnect/zoomconnecttest"
)

const someRates = "provider,country,currency,price\nathens,GR,EUR,0.05\nusa,,USD,0.01\n"

func TestBadRates(t *testing.T) {
	card := write(t, "rates.csv", someRates)
	broken := write(t, "broken.csv", "provider,currency,price\na,EUR,x\na,EUR,1\na,USD,1\n")
	file := write(t, "f.csv", campaign)
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no such card", []string{"rates", "check", "nowhere.csv"}, cli.ExitUsage, "nowhere.csv"},
		{"broken card", []string{"rates", "check", broken}, cli.ExitUsage, "broken.csv:2: price: "},
		{"every broken line", []string{"cost", "--file", file, "--rates", broken}, cli.ExitUsage, "broken.csv:4: currency: USD"},
		{"gap", []string{"rates", "check", write(t, "gap.csv", "provider,country,currency,price\na,GR,EUR,1\nb,DE,EUR,1\n")}, cli.ExitRefused, "2 warnings"},
		{"bad number", []string{"rates", "quote", "--rates", card, "--to", "12"}, cli.ExitRefused, "calling code"},
		{"no number", []string{"rates", "quote", "--rates", card}, cli.ExitUsage, `"to" not set`},
		{"unknown provider", []string{"cost", "--file", file, "--rates", card, "--providers", "nobody"}, cli.ExitUsage, `no provider "nobody"; want one of athens, usa`},
		{"currency rate", []string{"cost", "--file", file, "--rates", card, "--currency-rate", "EUR"}, cli.ExitUsage, "want CURRENCY=RATE"},
		{"no card", []string{"cost", "--file", file}, cli.ExitUsage, "no rate card"},
		{"no file", []string{"cost", "--rates", card}, cli.ExitUsage, `"file" not set`},
		{"rates without numbers", []string{"analyse", "--file", file, "--rates", card, "--to-column", ""}, cli.ExitUsage, "--rates needs a column of numbers"},
		{"providers without rates", []string{"analyse", "--file", file, "--providers", "a"}, cli.ExitUsage, "--providers needs --rates"},
		{"template", []string{"analyse", "--file", file, "--template", "{"}, cli.ExitUsage, "does not start a variable"},
		{"template column", []string{"analyse", "--file", file, "--template", "{name}"}, cli.ExitUsage, `no column "name"`},
		{"baseline", []string{"analyse", "--baseline", card, "x"}, cli.ExitUsage, "not the JSON of an analysis"},
		{"max cost", []string{"analyse", "--max-cost", "1", "x"}, cli.ExitUsage, "max-cost needs prices"},
		{"max segments", []string{"analyse", "--max-segments", "-1", "x"}, cli.ExitUsage, "want at least 1"},
		{"file flag without file", []string{"analyse", "--report", "x.html", "x"}, cli.ExitUsage, "--report needs --file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := anysms(t, tt.args...)
			assert.Equal(t, tt.code, got.code)
			assert.Contains(t, got.stderr, tt.want)
		})
	}
}

func TestAnalysisInCI(t *testing.T) {
	old := write(t, "old.json", anysms(t, "analyse", "--format", "json", "Your code is 1234").stdout)
	assert.Equal(t, cli.ExitDone, anysms(t, "analyse", "--baseline", old, "--max-segments", "1", "--require", "gsm7", "Your code is 9999").code)
	got := anysms(t, "analyse", "--baseline", old, "--require", "gsm7", "--format", "json", "Your code is “1234” "+strings.Repeat("and more ", 10))
	assert.Equal(t, cli.ExitRefused, got.code)
	var answer struct {
		Violations []struct{ Rule, Limit, Got string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &answer))
	require.Len(t, answer.Violations, 2)
	assert.Equal(t, "require", answer.Violations[0].Rule)
	assert.Equal(t, "baseline", answer.Violations[1].Rule)
	assert.Contains(t, got.stderr, "limit exceeded: require is gsm7")

	got = anysmsReading(t, campaign, "analyse", "--file", "-", "--to-column", "to", "--region", "GR", "--allow-invalid",
		"--rates", write(t, "rates.csv", someRates), "--max-cost", "usa=0.05", "--max-cost", "athens=1")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stderr, "athens 0.15 EUR and 2 messages without a price", "a message without a price is not free")
	assert.NotContains(t, got.stderr, "usa 0.05 USD and")
}

func TestAnnotateAndReport(t *testing.T) {
	dir := t.TempDir()
	annotated, page := filepath.Join(dir, "out.csv"), filepath.Join(dir, "out.html")
	got := anysms(t, "analyse", "--file", write(t, "f.csv", campaign), "--to-column", "to", "--region", "GR", "--allow-invalid",
		"--annotate", annotated, "--report", page, "--duplicates")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	b, err := os.ReadFile(annotated)
	require.NoError(t, err)
	assert.Equal(t, 6, strings.Count(string(b), "\n"))
	assert.Contains(t, string(b), "6971234568,Hello,gsm7,5,1,GR,\n")
	b, err = os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(b), `id="messages" data-value="4"`)
	assert.Equal(t, cli.ExitUsage, anysms(t, "analyse", "--file", write(t, "g.csv", campaign), "--report", filepath.Join(dir, "no", "out.html")).code)
}

func TestConfigurationLimitsWhatIsPriced(t *testing.T) {
	card := write(t, "rates.csv", "provider,currency,price\nshort,EUR,0.01\n")
	conf := write(t, "anysms.yaml", "providers:\n  short: {driver: memory, max_characters: 10}\nrates: "+card+"\n")
	got := anysmsReading(t, "to,text\n+306971234567,Hello\n+306971234567,Hello everybody\n", "cost", "--file", "-", "--config", conf, "--format", "json")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, `"uncarried":{"short":1}`)
	assert.Contains(t, got.stdout, `"total_cost":{"short":{"amount":"0.01","currency":"EUR"}}`)
}

func TestConfigurationComparesCurrencies(t *testing.T) {
	card := write(t, "rates.csv", "provider,currency,price\na,EUR,0.05\nb,AUD,0.05\n")
	conf := write(t, "anysms.yaml", "providers:\n  a: {driver: memory}\n  b: {driver: memory}\nrates: "+card+"\ncurrency_rates: {EUR: 1, AUD: 0.61}\n")
	got := anysmsReading(t, "to,text\n+306971234567,Hello\n", "cost", "--file", "-", "--config", conf, "--format", "json")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, `"total":{"AUD":{"amount":"0.05","currency":"AUD"}}`)
}

// Quotes of the vendors are printed beside the calculated prices.
func TestAskTheVendor(t *testing.T) {
	conf := write(t, "anysms.yaml", "providers:\n  fake: {driver: memory, price: {amount: \"0.02\", currency: EUR}}\n")
	got := anysmsReading(t, "to,text\n+306971234567,Hello\n", "cost", "--file", "-", "--config", conf, "--ask")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, "Quotes of the vendors:")
	assert.Contains(t, got.stdout, "0.02 EUR")

	vendor := zoomconnecttest.NewServer(zoomconnecttest.Options{})
	defer vendor.Close()
	conf = write(t, "anysms.yaml", fmt.Sprintf("providers:\n  capetown: {driver: zoomconnect, base_url: %q, email: %q, token: %q}\n",
		vendor.URL, zoomconnecttest.Email, zoomconnecttest.Token))
	got = anysmsReading(t, "to,text\n+27820000001,"+strings.Repeat("ж", 71)+"\n", "cost", "--file", "-", "--config", conf, "--ask", "--format", "json")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, `"provider":"capetown","segments":2,"vendor_segments":2`, "the vendor's count beside ours")
	assert.Empty(t, vendor.Messages(), "asking for a quote sends nothing")

	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	conf = write(t, "anysms.yaml", "providers:\n  usa: {driver: phonify, api_key: k, base_url: \""+server.URL+"\"}\n")
	got = anysmsReading(t, "to,text\n+306971234567,Hello\n", "cost", "--file", "-", "--config", conf, "--ask")
	assert.Equal(t, cli.ExitUsage, got.code)
	assert.Contains(t, got.stderr, "no configured provider offers quotes")
}

// The rates of the example configuration work when their comment signs are removed.
func TestRatesOfTheExample(t *testing.T) {
	example, err := os.ReadFile("../../examples/anysms.example.yaml")
	require.NoError(t, err)
	uncommented := regexp.MustCompile(`(?m)^# ?((?:currency_)?rates:)`).ReplaceAllString(string(example), "$1")
	require.Equal(t, len(example)-4, len(uncommented), "two keys")
	dir := t.TempDir()
	copyTo(t, dir, "../../examples/rates.sample.csv")
	conf := filepath.Join(dir, "anysms.yaml")
	require.NoError(t, os.WriteFile(conf, []byte(uncommented), 0o600))
	got := anysms(t, "config", "check", "--config", conf, "--allow-unset")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	got = anysmsReading(t, campaign, "cost", "--file", "-", "--config", conf, "--region", "GR", "--allow-invalid")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stdout, "Cheapest provider for each country, in total: ")
	got = anysmsReading(t, campaign, "send", "--file", "-", "--config", conf, "--dry-run", "--allow-invalid")
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Regexp(t, `greece +athens +2 +3 +0\.135 EUR`, got.stdout)
}
