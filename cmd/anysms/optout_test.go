package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func utf16Text(s string) string {
	b, err := binary.Append([]byte{0xff, 0xfe}, binary.LittleEndian, utf16.Encode([]rune(s)))
	if err != nil {
		panic(err) // never: the length is fixed
	}
	return string(b)
}

func gzipped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(s))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// Each file lists two people, and may have rows that nobody can read.
func TestOptOutImport(t *testing.T) {
	const rows = "number,scope\n+306941234567,all\n+306941234568,\n"
	wide := strings.ReplaceAll(rows, "\n", "\r\n")
	for name, test := range map[string]struct {
		file, content string
		more          []string
		says          string // beside the counts
		wrong         int
	}{
		"byte order mark":       {content: "\ufeff" + wide},
		"semicolons":            {content: strings.ReplaceAll(wide, ",", ";")},
		"tabs":                  {file: "a.tsv", content: strings.ReplaceAll(rows, ",", "\t")},
		"Excel's first line":    {content: "sep=;\n" + strings.ReplaceAll(rows, ",", ";")},
		"UTF-16":                {content: utf16Text(wide)},
		"gzip":                  {file: "a.csv.gz", content: gzipped(t, rows)},
		"no last newline":       {content: strings.TrimSuffix(rows, "\n")},
		"blank lines":           {content: strings.ReplaceAll(rows, "\n+", "\n\n+")},
		"plain lines":           {file: "a.txt", content: "number\n+306941234567\n+306941234568\n"},
		"JSON Lines":            {file: "a.jsonl", content: "{\"number\":\"+306941234567\"}\n{\"number\":\"+306941234568\",\"scope\":\"all\",\"since\":1}\n"},
		"national numbers":      {content: "number\n6941234567\n694 123 4568\n", more: []string{"--region", "GR"}},
		"other columns":         {content: "Number,Scop\n+306941234567,all\n+306941234568,\n", says: `a.csv: columns that are not read: "Scop"`},
		"a quote is not closed": {content: "number\n\"+306941234567\n+306941234567\n+306941234568\n", says: "a.csv:2: unclosed quote", wrong: 1},
		"a quote in a quote":    {content: "number\n\"+3069\"41234567\n+306941234567\n+306941234568\n", says: "a.csv:2: text after a closing quote", wrong: 1},
		"too many fields":       {content: rows + "+306941234569,all,x\n", says: "a.csv:4: wrong number of fields: got 3, want 2", wrong: 1},
		"no such class":         {content: "number,scope,value\n+306941234567,class,otp\n+306941234568,class,otp\n+306941234568,class,otps\n", says: `a.csv:4: value: "otps" is no class; want otp, transactional or marketing`, wrong: 1},
		"no calling code":       {content: rows + "6941234567,\n", says: "write it with one, such as +30…, or give --region", wrong: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.file == "" {
				test.file = "a.csv"
			}
			config := ledgerConfig(t, t.TempDir(), "anysms.yaml", "")
			args := append([]string{"optout", "import", write(t, test.file, test.content), "--config", config}, test.more...)
			got := anysms(t, args...)
			assert.Equal(t, min(1, test.wrong), got.code)
			assert.Contains(t, got.stderr, test.says)
			assert.Contains(t, got.stderr, "added 2, known already 0, left out "+string(rune('0'+test.wrong))+"\n")
			list := anysms(t, "optout", "export", "--config", config).stdout
			assert.Contains(t, list, "+306941234567,")
			assert.Contains(t, list, "+306941234568,")
		})
	}
}

func TestOptOutFileRefused(t *testing.T) {
	config := ledgerConfig(t, t.TempDir(), "anysms.yaml", "")
	for name, test := range map[string]struct{ content, says string }{
		"empty":        {"", "a.csv: the file is empty; want a header line"},
		"no header":    {"+306941234567\n", `a.csv: the header has no column "number"; read as comma-separated, it has: "+306941234567"`},
		"misspelt":     {"numbr,scope\n1,all\n", `no column "number" (did you mean "numbr"?)`},
		"twice":        {"number,Number\n1,2\n", `a.csv: the header has column "number" twice`},
		"an old sheet": {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as an XLSX workbook"},
	} {
		t.Run(name, func(t *testing.T) {
			got := anysms(t, "optout", "import", write(t, "a.csv", test.content), "--config", config)
			assert.Equal(t, 2, got.code)
			assert.Contains(t, got.stderr, test.says)
		})
	}
	got := anysms(t, "optout", "import", write(t, "a.csv", "number\n"), "--region", "Greece", "--config", config)
	assert.Contains(t, got.stderr, `--region: unknown region "Greece"`)
}

// Arguments are read before anything is done for one of them.
func TestOptOutArguments(t *testing.T) {
	config := ledgerConfig(t, t.TempDir(), "anysms.yaml", "")
	for _, line := range []string{"add +306941234567", "remove +306941234567 +30", "add +306941234568 +30"} {
		anysms(t, append(strings.Fields("optout "+line), "--config", config)...)
	}
	list := anysms(t, "optout", "export", "--config", config).stdout
	assert.Contains(t, list, "+306941234567", "it was not removed")
	assert.NotContains(t, list, "+306941234568", "it was not added")
	got := anysms(t, "optout", "add", "6941234567", "--config", config)
	assert.Contains(t, got.stderr, "write it with one, such as +30…\n", "no flag sets a region")
}

func TestTimesInTheWrongOrder(t *testing.T) {
	config := ledgerConfig(t, t.TempDir(), "anysms.yaml", "")
	for _, command := range []string{"list", "export", "stats"} {
		got := anysms(t, "messages", command, "--since", "2026-11-22", "--until", "2026-11-21", "--config", config)
		assert.Equal(t, 2, got.code)
		assert.Contains(t, got.stderr, "--until 2026-11-21T00:00:00Z is not after --since 2026-11-22T00:00:00Z")
	}
}

// Numbers that are none, and names that nobody has, are said in plain words.
func TestArgumentsInPlainWords(t *testing.T) {
	config := ledgerConfig(t, t.TempDir(), "anysms.yaml", "")
	for line, want := range map[string]string{
		"messages list --limit 99999999999999999999":               "anysms: --limit: the number 99999999999999999999 is too large or too small; see",
		"messages export --limit many":                             `anysms: --limit: "many" is not a number; see`,
		"queue retry msg_nobody":                                   `queue: "msg_nobody": ledger: no such message`,
		"optout add +306941234567 --scope provider --value nobody": `warning: the configuration has no provider "nobody"`,
	} {
		got := anysms(t, append(strings.Fields(line), "--config", config)...)
		assert.Contains(t, got.stderr, want)
	}
	got := anysms(t, "optout", "add", "+306941234567", "--scope", "provider", "--value", "fake", "--config", config)
	assert.NotContains(t, got.stderr, "warning")
}

// A line that cannot be read is left out, with the reason, and the others are recorded.
func TestReplayLines(t *testing.T) {
	config := ledgerConfig(t, t.TempDir(), "anysms.yaml", "")
	good := func(id string) string {
		return `{"provider": "fake", "more": 1, "body": "[{\"kind\":\"report\",\"id\":\"` + id + `\",\"status\":\"sent\"}]"}` + "\n"
	}
	bad := []struct{ line, says string }{
		{`{"provider": "fake", "boddy": "[]"}`, "body: is missing, and the url has no values either"},
		{`{"provider": "fake", "body": {}}`, "body: is a JSON object"},
		{`{"provider": "fake", "body": "[]", "body_base64": "W10="}`, "there are both body and body_base64"},
		{`{"provider": "fake", "body_base64": "!"}`, "body_base64: illegal base64"},
		{`{"provider": "fake", "body": "[]", "received_at": "yesterday"}`, `received_at: "yesterday" is not a time such as`},
		{`{"body": "[]"}`, "provider: must not be empty"},
		{`[{"provider": "fake"}]`, "the line is a JSON array; want one object in each line"},
		{`{"provider": "fake"`, "not a callback in JSON"},
		{strings.Repeat("x", 9<<20), "the line is longer than 8 MiB"},
	}
	text := "\ufeff" + strings.ReplaceAll(good("a"), "\n", "\r\n") + "\n   \n"
	for _, b := range bad {
		text += b.line + "\n"
	}
	got := anysms(t, "webhook", "replay", write(t, "a.jsonl.gz", gzipped(t, text+good("b"))), "--config", config)
	assert.Equal(t, 1, got.code)
	for i, b := range bad {
		assert.Contains(t, got.stderr, "a.jsonl.gz:"+string("456789"[min(i, 5)]))
		assert.Contains(t, got.stderr, b.says)
	}
	assert.Contains(t, got.stderr, "a.jsonl.gz:12: the line is longer")
	assert.Contains(t, got.stderr, "2 new events, 0 known already, 2 about no known message, 0 settled doubt; left out 9 lines")
}
