package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/conformance/golden"
)

// TestGoldens compares whole outputs with files.
func TestGoldens(t *testing.T) {
	for name, test := range map[string]struct {
		args  string
		stdin string
		text  string // one more argument
		code  int
	}{
		"help":                  {args: "--help"},
		"help-send":             {args: "send --help"},
		"help-analyse":          {args: "analyse --help"},
		"analyse-gsm7":          {args: "analyse", text: "Price: 5 € {net}"},
		"analyse-ucs2":          {args: "analyse", text: "It’s 5 € only – “today”"},
		"analyse-long":          {args: "analyse", text: strings.Repeat("Καλημέρα κόσμε 👋 ", 5)},
		"analyse-early-end":     {args: "analyse", text: strings.Repeat("a", 152) + "€" + strings.Repeat("b", 20)},
		"analyse-controls":      {args: "analyse", text: "a\nb\tc\x1b[31md\u202ee\u00a0f"},
		"analyse-empty":         {args: "analyse", text: ""},
		"analyse-too-long":      {args: "analyse", text: strings.Repeat("a", 153*255+1)},
		"analyse-turkish":       {args: "analyse --language tr", text: "Işık hızı"},
		"analyse-greek":         {args: "analyse --transliterate greek_capitals", text: strings.Repeat("Καλημέρα κόσμε! ", 5)},
		"analyse-full-json":     {args: "analyse --transliterate full --format json", text: "Καλημέρα"},
		"analyse-stdin":         {args: "analyse -", stdin: "Hello\n"},
		"analyse-json":          {args: "analyse --format json", text: "It’s 5 € only {x}"},
		"analyse-json-empty":    {args: "analyze --format json", text: ""},
		"analyse-json-segments": {args: "analyse --format json", text: strings.Repeat("a", 152) + "€" + strings.Repeat("b", 153)},
		"analyse-file":          {args: "analyse --file ../../examples/data/messages.tsv --text-column SMS"},
		"analyse-file-json":     {args: "analyse --file ../../examples/data/messages.tsv --text-column SMS --format json"},
		"help-cost":             {args: "cost --help"},
		"route-explain":         {args: "route explain --config testdata/routes.yaml --to 6971234567 --text", text: "Hello everybody"},
		"route-explain-json":    {args: "route explain --config testdata/routes.yaml --to +61491570156 --class marketing --format json --text", text: "Hello"},
		"route-explain-refused": {args: "route explain --config testdata/routes.yaml --to +302101234567 --text", text: "Hello", code: cli.ExitRefused},
		"rates-check":           {args: "rates check ../../examples/rates.sample.csv"},
		"rates-quote":           {args: "rates quote --rates ../../examples/rates.sample.csv --region AU --to 0491570156 --text", text: strings.Repeat("a", 161)},
		"cost":                  {args: "cost --file - --rates ../../examples/rates.sample.csv --region GR --currency-rate EUR=1,USD=0.9,AUD=0.6,credits=0.03", stdin: campaign, code: cli.ExitRefused},
		"cost-json":             {args: "cost --file - --rates ../../examples/rates.sample.csv --providers athens,capetown --region GR --currency-rate EUR=1,credits=0.03 --allow-invalid --format json", stdin: campaign},
		"analyse-template":      {args: "analyse --file - --max-segments 1 --require gsm7 --template", text: "Hi {text}, it is {to} already, so please do hurry up and come to us now", stdin: campaign, code: cli.ExitRefused},
		"analyse-file-invalid":  {args: "analyse --file - --to-column to --region GR", stdin: invalidRows, code: cli.ExitRefused},
	} {
		t.Run(name, func(t *testing.T) {
			args := strings.Fields(test.args)
			if test.text != "" || name == "analyse-empty" || name == "analyse-json-empty" {
				args = append(args, test.text)
			}
			got := anysmsReading(t, test.stdin, args...)
			assert.Equal(t, test.code, got.code, got.stderr)
			golden.Check(t, filepath.Join("testdata", name+".stdout"), got.stdout)
			if got.stderr != "" {
				golden.Check(t, filepath.Join("testdata", name+".stderr"), got.stderr)
			}
			assert.NotContains(t, got.stdout+got.stderr, "\x1b", "no control sequences without a terminal")
		})
	}
}

const invalidRows = "to,text\n" +
	"6971234567,right\n" +
	"12,number too short\n" +
	"2101234567,a fixed line\n" +
	"6971234567,\n" +
	"6971234567,not \xff UTF-8\n" +
	"6971234567,two,many\n"

// campaign has an apostrophe that forces UCS-2, three countries, and a landline.
const campaign = `to,text
+306971234567,"It’s 5 € only – today, for you, with a text that is longer than seventy characters"
6971234568,Hello
+61491570156,Hello
+27820000001,Hello
+302101234567,Hello
`
