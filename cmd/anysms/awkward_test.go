package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// awkward is a file from real life, and what must come out of it.
type awkward struct {
	file  string
	flags string         // of analyse and of send
	sent  []string       // what is sent: the last two digits of the number and the text, by line
	bad   map[int]string // the rows that are refused: words of the reason, by line
	err   string         // the file cannot be read to its end: words of the error

	onlySend    map[int]string // rows that only send refuses
	sendErr     string         // only send refuses the file
	onlyAnalyse bool           // it is not a file of messages
}

// awkwardCases are in the order of awkward_make_test.go.
var awkwardCases = []awkward{
	{file: "bom.csv", sent: []string{"67 Hello", "68 Bye"}},
	{file: "semicolon.csv", sent: []string{"67 Hello", "68 Bye"}},
	{file: "sep.csv", sent: []string{"67 Hello", "68 Bye"}},
	{file: "sep-crlf.csv", sent: []string{"67 Hello, you"}},
	{file: "pipes.csv", err: `no column "text"`},
	{file: "quotes.tsv", sent: []string{`67 Say "yes"`, `68 "quoted"`}},
	{file: "newline-in-cell.csv", sent: []string{"67 two\nlines", "68 Bye"}},
	{file: "doubled-quotes.csv", sent: []string{`67 Say "yes", please`}},
	{file: "quote-inside.csv", sent: []string{`67 5" nails`}},
	{file: "unclosed-quote.csv", sent: []string{"68 Bye"}, bad: map[int]string{2: "unclosed quote"}},
	{file: "after-quote.csv", sent: []string{"68 Bye"}, bad: map[int]string{2: "text after a closing quote"}},
	{file: "crlf.csv", sent: []string{"67 Hello", "68 Bye"}},
	{file: "crcrlf.csv", sent: []string{"67 Hello", "68 Bye"}},
	{file: "crcrlf-quoted.csv", sent: []string{"67 Hello"}},
	{file: "cr.csv", err: "the lines end with a carriage return alone"},
	{file: "no-last-newline.csv", sent: []string{"67 Hello", "68 Bye"}},
	{file: "blank-lines.csv", sent: []string{"67 Hello", "68 Bye"}},
	{file: "comma-in-text.csv", sent: []string{"68 Bye"}, bad: map[int]string{2: "wrong number of fields: got 3, want 2"}},
	{file: "short-row.csv", sent: []string{"68 Bye"}, bad: map[int]string{2: "wrong number of fields: got 1, want 2"}},
	{file: "empty.csv", err: "the file is empty"},
	{file: "only-header.csv"},
	{file: "only-bom.csv", err: "the file is empty"},
	{file: "spaces-in-header.csv", sent: []string{"67 Hello"}},
	{file: "spaces-in-header.csv", flags: "--text-column|\u0020text", sent: []string{"67 Hello"}},
	{file: "header-case.csv", sent: []string{"67 Hello"}},
	{file: "header-case-twice.csv", err: `no column "text" (did you mean "Text"?)`},
	{file: "header-case-exact.csv", sent: []string{"67 Hello"}},
	{file: "other-names.csv", flags: "--to-column Mobile --text-column Body", sent: []string{"67 Hello"}},
	{file: "other-names.csv", flags: "--to-column mobile --text-column Body", sent: []string{"67 Hello"}},
	{file: "other-names.csv", flags: "--to-column mobil --text-column Body", err: `no column "mobil" (did you mean "Mobile"?)`},
	{file: "column-twice.csv", err: `column "text" twice`},
	{file: "no-header.csv", err: `no column "text"`},
	{file: "more-columns.csv", sent: []string{"67 Hello"}},
	{file: "empty-cells.csv", sent: []string{"68 Bye"}, bad: map[int]string{2: "text", 3: "the number is empty"}},
	{file: "template.csv", flags: "--template|Hi {name}, {{code}} {code}", sent: []string{"67 Hi Ann, {code} {x}", "68 Hi , {code} 7"}},
	{file: "template.csv", flags: "--template|Hi {nam}", err: `template: {nam}: the header has no column "nam" (did you mean "name"?)`},
	{file: "nul-early.csv", sent: []string{"68 Bye"}, bad: map[int]string{2: "NUL"}},
	{file: "nul-late.csv.gz", sent: []string{"68 Bye"}, bad: map[int]string{100_002: "NUL"}},
	{file: "nul-header.csv", err: "not a text file"},
	{file: "invalid-utf8.csv", sent: []string{"68 Bye"}, bad: map[int]string{2: "UTF-8"}},
	{file: "controls.csv", sent: []string{"67 tab\there"}},
	{file: "image.csv", err: `no column "text"`},
	{file: "plain.txt", sent: []string{"Hello", "Bye, Ann"}, onlyAnalyse: true},
	{file: "repeats.csv", sent: []string{"67 Hello", "68 Bye", "67 Hello", "67 Bye"}},
	{file: "past.csv", sent: []string{"68 Bye"}, onlySend: map[int]string{2: "the time to send has passed: 2020-01-02T15:04:05Z"}},
	{file: "bad-fields.csv", sent: []string{"68 Bye"}, onlySend: map[int]string{2: `unknown class "urgent"`, 3: `got "soon"; want a positive duration`, 4: `got "tomorrow"; want a time`}},
	{file: "decimals.csv", sent: []string{"68 Bye"}, bad: map[int]string{2: "decimals", 3: "decimals", 4: "decimals", 5: "decimals"}},
	{file: "scientific.csv", sent: []string{"68 Bye"}, bad: map[int]string{2: "scientific notation", 3: "scientific notation"}},
	{file: "letters.csv", sent: []string{"68 Bye"}, bad: map[int]string{2: "letters", 3: "letters", 4: "letters", 5: "not a telephone number", 6: "not a telephone number", 7: "not a telephone number"}},
	{file: "written.csv", sent: []string{"67 a", "67 b", "67 c", "67 d", "67 e", "67 f", "67 g"}},
	{file: "two-numbers.csv", sent: []string{"68 Bye"}, bad: map[int]string{2: "plus sign", 3: "','", 4: "line break"}},
	{file: "extensions.csv", sent: []string{"68 Bye"}, bad: map[int]string{2: "extension", 3: "extension", 4: "extension"}},
	{file: "formulas.csv", sent: []string{"68 =1+1"}, bad: map[int]string{2: "'='"}},
	{file: "lines.jsonl", sent: []string{"67 Hello", "68 Bye"}},
	{file: "lines-bom.jsonl", sent: []string{"67 Hello"}},
	{file: "lines.csv", sent: []string{"67 Hello"}},
	{file: "escapes.jsonl", sent: []string{"67 It’s 👋\nnow \"yes\""}},
	{file: "lone-surrogate.jsonl", sent: []string{"68 Bye"}, bad: map[int]string{1: "invalid escape"}},
	{file: "broken.jsonl", sent: []string{"68 Bye"}, bad: map[int]string{1: "invalid JSON", 2: "invalid JSON", 3: "more text after"}},
	{file: "numbers.jsonl", sent: []string{"67 a"}, bad: map[int]string{2: "decimals", 3: "scientific notation"}},
	{file: "types.jsonl", sent: []string{"68 true"}, bad: map[int]string{1: "want a string", 2: "text", 3: "text"}},
	{file: "key-twice.jsonl", sent: []string{"68 Bye"}, bad: map[int]string{1: `the key "text" is there twice`}},
	{file: "nul-escape.jsonl", sent: []string{"68 Bye"}, bad: map[int]string{1: "NUL"}},
	{file: "array.json", err: "the file is a JSON array; want JSON Lines"},
	{file: "array.jsonl", err: "the file is a JSON array; want JSON Lines"},
	{file: "pretty.json", err: "the file is JSON over several lines; want JSON Lines"},
	{file: "document.pdf", err: "PDF"},
	{file: "old.xls", err: "old or encrypted office document"},
	{file: "packed.csv.xz", err: "compressed with xz"},
	{file: "packed.csv.bz2", err: "compressed with bzip2"},

	{file: "cp1253.csv", flags: "--charset cp1253", sent: []string{"67 Καλημέρα, το δέμα σας έφτασε", "68 Γεια"}},
	{file: "cp1253.csv", sent: []string{"67 Καλημέρα, το δέμα σας έφτασε", "68 Γεια"}, sendErr: "probably windows-1253; if it is, give --charset windows-1253"},
	{file: "cp1252.csv", flags: "--charset windows1252", sent: []string{"67 Prêt à être livré, Größe 5 €"}},
	{file: "latin1.csv", flags: "--charset latin1", sent: []string{"67 ¡Olé!"}},
	{file: "latin1.csv", bad: map[int]string{2: "UTF-8"}},
	{file: "cp1253-undefined.csv", flags: "--charset windows-1253", sent: []string{"68 Bye"}, bad: map[int]string{2: "UTF-8"}},
	{file: "utf16le.csv", sent: []string{"67 Καλημέρα, το δέμα σας έφτασε", "68 Γεια"}},
	{file: "utf16be.csv", sent: []string{"67 Καλημέρα, το δέμα σας έφτασε", "68 Γεια"}},
	{file: "utf16le.csv", flags: "--charset cp1253", err: "byte order mark of utf-16le; it is not windows-1253"},
	{file: "utf16le-no-bom.csv", flags: "--charset utf-16le", sent: []string{"67 Καλημέρα, το δέμα σας έφτασε", "68 Γεια"}},
	{file: "utf16-odd.csv", sent: []string{"67 Καλημέρα, το δέμα σας έφτασε", "68 Γεια"}, bad: map[int]string{4: "wrong number of fields"}},
	{file: "utf32.csv", err: "UTF-32"},
	{file: "long-row.csv.gz", sent: []string{"68 Bye"}, bad: map[int]string{2: "longer than"}},

	{file: "whole.csv.gz", sent: []string{"67 Hello", "68 Bye"}},
	{file: "whole.csv.zst", sent: []string{"67 Hello", "68 Bye"}},
	{file: "gzip-by-content.csv", sent: []string{"67 Hello", "68 Bye"}},
	{file: "members.csv.gz", sent: []string{"67 Hello", "68 Bye", "69 Third"}},
	{file: "cut.csv.gz", sent: []string{"67 Hello", "68 Bye"}, err: "the compressed data ends early"},
	{file: "cut-in-row.csv.gz", sent: []string{"67 Hello"}, err: "the compressed data ends early"},
	{file: "cut-in-member.csv.gz", sent: []string{"67 Hello", "68 Bye"}, err: "the compressed data ends early"},
	{file: "cut.csv.zst", err: "the compressed data ends early"},
	{file: "checksum.csv.gz", sent: []string{"67 Hello", "68 Bye"}, err: "checksum"},
	{file: "header-only.csv.gz", err: "ends early"},
	{file: "nothing.csv.gz", err: "the file is empty"},
	{file: "archive.zip", err: "a ZIP archive, but not an XLSX workbook"},
	{file: "sheet.ods", err: "a ZIP archive, but not an XLSX workbook"},

	{file: "shown.xlsx", flags: "--template|{day}, {time}, {off} off, {member}, {price}, {count}", sent: []string{"67 02/01/2026 09:30, 9:30, 15% off, TRUE, 1,234.50 €, 306971234567"}},
	{file: "numbers.xlsx", sent: []string{"67 a", "67 b", "67 c", "67 f"}, bad: map[int]string{5: "decimal number or a date", 6: "decimal number or a date"}},
	{file: "send-at.xlsx", sent: []string{"67 a", "67 b"}, onlySend: map[int]string{4: `got "5"; want a time`}},
	{file: "two-sheets.xlsx", err: `choose one with --sheet: "Sheet1", "June"`},
	{file: "two-sheets.xlsx", flags: "--sheet June", sent: []string{"68 June"}},
	{file: "two-sheets.xlsx", flags: "--sheet june", err: `no worksheet "june" (did you mean "June"?)`},
	{file: "empty-sheet.xlsx", sent: []string{"67 Hello"}},
	{file: "hidden-sheet.xlsx", sent: []string{"67 Hello"}},
	{file: "merged-header.xlsx", err: "the header has merged cells (B1:C1)"},
	{file: "merged-rows.xlsx", sent: []string{"67 Hello", "68 Bye"}, bad: map[int]string{3: `cell B3 is part of the merged cells B2:B3`}},
	{file: "hidden-rows.xlsx", sent: []string{"67 Hello", "68 Bye"}},
	{file: "hidden-rows.xlsx", flags: "--hidden-rows", sent: []string{"67 Hello", "69 hidden", "68 Bye"}},
	{file: "formula-cached.xlsx", sent: []string{"67 Hello you"}, bad: map[int]string{3: "text"}},
	{file: "formula-uncached.xlsx", sent: []string{"68 Bye"}, bad: map[int]string{2: "cell B2 is a formula without a stored result"}},
	{file: "errors.xlsx", sent: []string{"68 Bye"}, bad: map[int]string{2: "cell B2 holds the error #N/A"}},
	{file: "rich-text.xlsx", sent: []string{"67 Hello Ann\n& Bob"}},
	{file: "cut-in-sheet.xlsx", sent: []string{"67 Hello"}, err: "XML syntax error"},
	{file: "title-row.xlsx", err: `no column "text"`},
	{file: "blank-rows.xlsx", sent: []string{"67 Hello"}},
	{file: "cut.xlsx", err: "damaged or incomplete ZIP archive"},
	{file: "whole-by-content.csv", sent: []string{"67 Hello"}},
}

// awkwardFlags splits flags at blanks, or "--flag|value" for one value with blanks.
func (a *awkward) arguments() []string {
	if flag, value, ok := strings.Cut(a.flags, "|"); ok {
		return []string{flag, value}
	}
	return strings.Fields(a.flags)
}

// TestAwkwardFiles analyses and sends each file, and compares with what must come out.
func TestAwkwardFiles(t *testing.T) {
	tested := make(map[string]bool)
	for _, test := range awkwardCases {
		tested[test.file] = true
		t.Run(strings.TrimSpace(test.file+" "+test.flags), func(t *testing.T) {
			test.analyse(t)
			if !test.onlyAnalyse {
				test.send(t)
			}
		})
	}
	files, err := os.ReadDir(awkwardDir)
	require.NoError(t, err)
	for _, f := range files {
		assert.True(t, tested[f.Name()] || strings.HasPrefix(f.Name(), ".") || slices.Contains(awkwardElsewhere, f.Name()), "%s has no test", f.Name())
	}
}

// awkwardElsewhere are files with tests of their own, as they are too long.
var awkwardElsewhere = []string{"numbers.txt", "long-quoted.csv.gz"}

func (a *awkward) analyse(t *testing.T) {
	got := anysms(t, append([]string{"analyse", "--file", filepath.Join(awkwardDir, a.file), "--region", "GR", "--format", "json"}, a.arguments()...)...)
	if a.err != "" {
		assert.Equal(t, cli.ExitUsage, got.code)
		assert.Contains(t, got.stderr, a.file)
		assert.Contains(t, got.stderr, a.err)
		if a.sent == nil {
			assert.Empty(t, got.stdout)
			return
		}
		allowed := anysms(t, "analyse", "--file", filepath.Join(awkwardDir, a.file), "--allow-invalid")
		assert.Equal(t, cli.ExitUsage, allowed.code, "--allow-invalid does not allow a part of a file")
	}
	var totals struct {
		Complete bool
		Messages int
		Invalid  []struct {
			Line   int
			Reason string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &totals), got.stderr)
	assert.Equal(t, a.err == "", totals.Complete)
	assert.Equal(t, len(a.sent)+len(a.onlySend), totals.Messages)
	refused := make(map[int]string)
	for _, row := range totals.Invalid {
		refused[row.Line] = row.Reason
	}
	a.compare(t, a.bad, refused)
	if a.err == "" && len(totals.Invalid) > 0 {
		assert.Equal(t, cli.ExitRefused, got.code)
	} else if a.err == "" {
		assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	}
}

func (a *awkward) compare(t *testing.T, want, got map[int]string) {
	t.Helper()
	for line, words := range want {
		assert.Contains(t, got[line], words, "line %d", line)
	}
	for line, reason := range got {
		assert.Contains(t, want, line, "line %d: %s", line, reason)
	}
}

func (a *awkward) send(t *testing.T) {
	v := startVendors(t)
	args := []string{"send", "--config", v.config, "--provider", "athens", "--file", filepath.Join(awkwardDir, a.file), "--region", "GR", "--format", "json"}
	got := anysms(t, append(args, a.arguments()...)...)
	byLine := results(t, got.stdout)
	var lines []int
	refused := make(map[int]string)
	for line, r := range byLine {
		if r.Code == "" {
			lines = append(lines, line)
		} else {
			refused[line] = r.Message
		}
	}
	if a.sendErr != "" || a.err != "" && a.sent == nil {
		assert.Equal(t, cli.ExitUsage, got.code)
		assert.Contains(t, got.stderr, a.file)
		assert.Contains(t, got.stderr, a.sendErr+a.err)
		assert.Empty(t, byLine)
		assert.Empty(t, v.athens.Messages())
		return
	}
	switch {
	case a.err != "":
		assert.Equal(t, cli.ExitRefused, got.code)
		assert.Contains(t, got.stderr, a.err)
		assert.Contains(t, got.stderr, "later rows were not sent")
	case len(refused) > 0:
		assert.Equal(t, cli.ExitRefused, got.code)
	default:
		assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	}
	slices.Sort(lines)
	var sent []string
	for _, line := range lines {
		for _, m := range v.athens.Messages() {
			if m.RequestID == byLine[line].ID {
				sent = append(sent, m.To[len(m.To)-2:]+" "+m.Text)
			}
		}
	}
	assert.Equal(t, a.sent, sent)
	assert.Len(t, v.athens.Messages(), len(a.sent), "nothing else is sent")
	want := make(map[int]string)
	for _, rows := range []map[int]string{a.bad, a.onlySend} {
		maps.Copy(want, rows)
	}
	a.compare(t, want, refused)
}

// A date cell is a time by the computer's clock.
func TestSendAtOfAWorkbook(t *testing.T) {
	v := startVendors(t)
	got := anysms(t, "send", "--config", v.config, "--provider", "athens", "--file", filepath.Join(awkwardDir, "send-at.xlsx"), "--allow-invalid")
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	var times []string
	for _, m := range v.athens.Messages() {
		times = append(times, m.Text+" "+m.SendAt.UTC().Format(time.RFC3339))
	}
	slices.Sort(times)
	assert.Equal(t, []string{"a " + time.Date(2099, 1, 2, 9, 30, 0, 0, time.Local).UTC().Format(time.RFC3339), "b 2099-01-02T07:30:00Z"}, times)
}

func TestHiddenRowsAreCounted(t *testing.T) {
	file := filepath.Join(awkwardDir, "hidden-rows.xlsx")
	assert.Contains(t, anysms(t, "analyse", "--file", file, "--format", "json").stdout, `"hidden_rows":1`)
	assert.Contains(t, anysms(t, "analyse", "--file", file).stdout, "Left out, as the worksheet hides them (--hidden-rows): 1 row.")
	got := anysms(t, "send", "--config", "testdata/routes.yaml", "--file", file, "--dry-run")
	assert.Contains(t, got.stderr, "warning: 1 row left out, as the worksheet hides them; --hidden-rows reads them")
}
