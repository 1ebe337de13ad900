package analysis_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider/e164"
)

func totals(t *testing.T, name, content string) *analysis.Totals {
	t.Helper()
	got, err := analyse(strings.NewReader(content), analysis.Options{Name: name, TextColumn: "text"})
	require.NoError(t, err)
	assert.Equal(t, got.Rows, got.Messages+got.InvalidRows, "every row is a message or invalid")
	return got
}

func TestRows(t *testing.T) {
	long := strings.Repeat("x", table.MaxRow+1)
	for name, test := range map[string]struct {
		file, content      string
		messages, segments int
		invalid            []analysis.Invalid
	}{
		"csv":                      {"a.csv", "to,text\n1,a\n2,b\n", 2, 2, nil},
		"no line feed at the end":  {"a.csv", "to,text\n1,a\n2,b", 2, 2, nil},
		"carriage returns":         {"a.csv", "to,text\r\n1,a\r\n2,\"b\"\r\n", 2, 2, nil},
		"byte order mark":          {"a.csv", "\ufefftext\na\n", 1, 1, nil},
		"semicolons are seen":      {"a.csv", "to;text\n1;a, b\n", 1, 1, nil},
		"tabs are seen":            {"a.txt", "to\ttext\n1\ta, \"b\n", 1, 1, nil},
		"quotes":                   {"a.csv", "to,text\n1,\"a, \"\"b\"\"\nc\"\n2,d\n", 2, 2, nil},
		"quote within a field":     {"a.csv", "to,text\n1,5\" pipe\n2,b\n", 2, 2, nil},
		"quotes in tsv are text":   {"a.tsv", "to\ttext\n1\t\"a\n2\t\"\"b\"\n", 2, 2, nil},
		"plain lines":              {"a.txt", "text\n\"a, b\nc; d\te\n", 2, 2, nil},
		"plain lines, every end":   {"a.txt", "text\na\r\n\n" + long + "\nb\n" + long, 2, 2, []analysis.Invalid{{Line: 3, Reason: `column "text": the text is empty`}, {Line: 4, Reason: "the row is longer than 1048576 bytes"}, {Line: 6, Reason: "the row is longer than 1048576 bytes"}}},
		"plain lines, no end":      {"a.txt", "text\na\nb", 2, 2, nil},
		"one column of CSV":        {"a.csv", "text\n\"a, b\"\nc, d\n", 1, 1, []analysis.Invalid{{Line: 3, Reason: "wrong number of fields: got 2, want 1"}}},
		"blank lines":              {"a.csv", "to,text\n\n1,a\n\n", 1, 1, nil},
		"empty text":               {"a.csv", "to,text\n1,\n2,b\n", 1, 1, []analysis.Invalid{{Line: 2, Reason: `column "text": the text is empty`}}},
		"empty line of one column": {"a.csv", "text\n\nb\n", 1, 1, []analysis.Invalid{{Line: 2, Reason: `column "text": the text is empty`}}},
		"too few fields":           {"a.csv", "to,text\n1\n2,b\n", 1, 1, []analysis.Invalid{{Line: 2, Reason: "wrong number of fields: got 1, want 2"}}},
		"too many fields":          {"a.csv", "to,text\n1,Hi, you\n2,b\n", 1, 1, []analysis.Invalid{{Line: 2, Reason: "wrong number of fields: got 3, want 2"}}},
		"invalid UTF-8":            {"a.csv", "to,text\n1,a\xff\n2,b\n", 1, 1, []analysis.Invalid{{Line: 2, Reason: `column "text": text is not valid UTF-8 at byte 1`}}},
		"quote not closed":         {"a.csv", "to,text\n1,\"a\n2,b\n3,c\n", 2, 2, []analysis.Invalid{{Line: 2, Reason: "unclosed quote"}}},
		"quote closed too early":   {"a.csv", "to,text\n1,\"say \"hi\" now\"\n2,b\n", 1, 1, []analysis.Invalid{{Line: 2, Reason: "text after a closing quote; write a quote inside a field twice"}}},
		"physical lines":           {"a.csv", "to,text\n1,\"a\nb\nc\"\n2,\n", 1, 1, []analysis.Invalid{{Line: 5, Reason: `column "text": the text is empty`}}},
		"a row too long":           {"a.csv", "to,text\n1," + long + "\n2,b\n", 1, 1, []analysis.Invalid{{Line: 2, Reason: "the row is longer than 1048576 bytes"}}},
		"a last row too long":      {"a.csv", "to,text\n2,b\n1," + long, 1, 1, []analysis.Invalid{{Line: 3, Reason: "the row is longer than 1048576 bytes"}}},
		"a quoted row too long":    {"a.csv", "to,text\n1,\"a\n" + strings.Repeat("x\n", table.MaxRow) + "2,b\n", 1, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := totals(t, test.file, test.content)
			if name == "a quoted row too long" {
				assert.Equal(t, 2, got.Invalid[0].Line)
				assert.Equal(t, "unclosed quote", got.Invalid[0].Reason)
				assert.Len(t, got.Invalid, analysis.MaxInvalid, "the list is bounded")
				assert.Equal(t, 1+table.MaxRow, got.InvalidRows, "all are counted")
			} else {
				assert.ElementsMatch(t, test.invalid, got.Invalid)
			}
			assert.Equal(t, test.messages, got.Messages)
			assert.Equal(t, test.segments, got.Segments)
		})
	}
}

func TestTotalsAddUp(t *testing.T) {
	got := totals(t, "a.tsv", strings.Join([]string{"text",
		"plain", strings.Repeat("a", 161), "Γειά", strings.Repeat("ж", 71), strings.Repeat("a", 153*255+1),
	}, "\n"))
	assert.Equal(t, analysis.ByEncoding{
		GSM7: analysis.Count{Messages: 3, Segments: 1 + 2 + 256},
		UCS2: analysis.Count{Messages: 2, Segments: 1 + 2},
	}, got.ByEncoding)
	assert.Equal(t, 1, got.Unsendable)
	assert.Equal(t, "tab-separated", got.Format)
}

func TestNumbersAreJudged(t *testing.T) {
	got, err := analyse(strings.NewReader("to,text\n1,a\n2,b\n"), analysis.Options{
		Name: "a.csv", TextColumn: "text", ToColumn: "to",
		Number: func(raw string) (e164.Number, string, string) {
			if raw == "1" {
				return e164.Number{}, "", "too short"
			}
			return e164.MustParse("+306900000001"), "GR", ""
		},
	})
	require.NoError(t, err)
	assert.Equal(t, []analysis.Invalid{{Line: 2, Reason: `column "to": too short`}}, got.Invalid)
	assert.Equal(t, 1, got.Messages)
}

func TestFileThatCannotBeUsed(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"empty":          {"", "f.csv: the file is empty; want a header line with column names"},
		"no such column": {"to,body\n", `f.csv: the header has no column "text"; read as comma-separated, it has: "to", "body"`},
		"column twice":   {"text,text\n", `f.csv: the header has column "text" twice`},
		"header broken":  {"\"text\n", "f.csv: line 1: unclosed quote"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := analyse(strings.NewReader(test.content), analysis.Options{Name: "f.csv", TextColumn: "text"})
			assert.EqualError(t, err, test.want)
			assert.Nil(t, got)
		})
	}
}

func TestReadErrorKeepsWhatWasCounted(t *testing.T) {
	from := io.MultiReader(strings.NewReader("to,text\n1,a\n2,b\n3,hal"), iotest.ErrReader(errors.New("disk on fire")))
	got, err := analyse(from, analysis.Options{Name: "f.csv", TextColumn: "text"})
	assert.EqualError(t, err, "f.csv: after line 3: disk on fire")
	require.NotNil(t, got)
	assert.Equal(t, 2, got.Messages, "half a row is not counted")
	assert.False(t, got.Complete)
}

// TestRealMessages reads 5,574 real messages, whose quotes are not balanced.
func TestRealMessages(t *testing.T) {
	dir := os.Getenv("ANYSMS_DATA")
	if dir == "" {
		t.Skip("ANYSMS_DATA is not set")
	}
	f, err := os.Open(filepath.Join(dir, "sms-spam-collection.tsv"))
	require.NoError(t, err)
	defer f.Close()
	got, err := analyse(f, analysis.Options{Name: f.Name(), TextColumn: "SMS"})
	require.NoError(t, err)
	assert.Equal(t, 5574, got.Rows)
	assert.Equal(t, 5574, got.Messages)
	assert.Equal(t, 5995, got.Segments)
	assert.Empty(t, got.Invalid)
}

// TestMemoryIsBounded reads a field of 64 MiB and many rows after it.
func TestMemoryIsBounded(t *testing.T) {
	from := io.MultiReader(strings.NewReader("text\n\""), io.LimitReader(endless{}, 64<<20), strings.NewReader("\"\nlast\n"))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	got, err := analyse(from, analysis.Options{Name: "f.csv", TextColumn: "text"})
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Equal(t, 1, got.Messages)
	assert.Equal(t, 1, got.InvalidRows)
	assert.Less(t, int64(after.HeapSys)-int64(before.HeapSys), int64(32<<20), "the whole field was in memory")
}

// endless is an endless field.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// Plain lines are read in bulk, with the same result as one by one.
func TestPlainLinesAgreeWithRows(t *testing.T) {
	var plain, quoted strings.Builder
	plain.WriteString("text\n")
	quoted.WriteString("text\n")
	for i := range 30_000 {
		text := fmt.Sprintf("%d %s", i, strings.Repeat("γ", i%100))
		fmt.Fprintf(&plain, "%s\n", text)
		fmt.Fprintf(&quoted, "\"%s\"\n", text)
	}
	got, want := totals(t, "a.txt", plain.String()), totals(t, "a.csv", quoted.String())
	assert.Equal(t, "plain lines", got.Format)
	got.Format = want.Format
	assert.Equal(t, want, got)
}

// FuzzRows compares with encoding/csv if that accepts the file.
func FuzzRows(f *testing.F) {
	f.Add("to,text\n1,a\n")
	f.Add("text\n\"a\"\"b\nc\"\r\n")
	f.Add("a,text\n,\"\"\n\n\"x\",y")
	f.Fuzz(func(t *testing.T, body string) {
		content := "a,text\n" + body
		got, err := analyse(strings.NewReader(content), analysis.Options{Name: "f.csv", TextColumn: "text"})
		if err != nil {
			return
		}
		if got.Rows != got.Messages+got.InvalidRows {
			t.Fatalf("%d rows, %d messages, %d invalid", got.Rows, got.Messages, got.InvalidRows)
		}
		// encoding/csv drops carriage returns elsewhere.
		if strings.Contains(body, "\r") {
			return
		}
		records, err := csv.NewReader(strings.NewReader(content)).ReadAll()
		if err != nil {
			return
		}
		messages, segments := 0, 0
		for _, record := range records[1:] {
			if a, err := segment.Analyze(record[1], nil); err == nil && record[1] != "" {
				messages++
				segments += a.Segments
			}
		}
		if got.Messages != messages || got.Segments != segments {
			t.Fatalf("got %d messages and %d segments, encoding/csv gives %d and %d", got.Messages, got.Segments, messages, segments)
		}
	})
}

func BenchmarkFile(b *testing.B) {
	var content bytes.Buffer
	content.WriteString("to,text\n")
	for i := range 100_000 {
		fmt.Fprintf(&content, "+3069000%05d,\"Your parcel %d arrives today, between 10 and 12\"\n", i, i)
	}
	b.Run("File", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		for b.Loop() {
			_, err := analyse(bytes.NewReader(content.Bytes()), analysis.Options{Name: "f.csv", TextColumn: "text"})
			require.NoError(b, err)
		}
	})
	b.Run("ref-encoding-csv", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		for b.Loop() {
			r := csv.NewReader(bytes.NewReader(content.Bytes()))
			r.ReuseRecord = true
			for {
				if _, err := r.Read(); err == io.EOF {
					break
				}
			}
		}
	})
}
