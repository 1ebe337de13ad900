package main

import (
	"encoding/csv"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// doubtful has national numbers, an invalid row and equal rows.
const doubtful = "mobile,text\n6971234567,Hello\n6971234568,Hello\n12,Hello\n6971234567,Hello\n6971234567,Bye\n"

// lost sends the file of doubts to a vendor that replies nothing. It returns the vendor,
// and the flags with which the file was sent.
func lost(t *testing.T) (vendor *phonifytest.Server, flags []string, keys map[int]string) {
	t.Helper()
	vendor = phonifytest.NewServer(phonifytest.Options{})
	t.Cleanup(vendor.Close)
	require.NoError(t, vendor.SetMode(httpcalltest.Drop))
	flags = []string{
		"--config", bulkConfig(t, vendor.URL), "--file", write(t, "f.csv", doubtful), "--to-column", "mobile",
		"--journal", filepath.Join(t.TempDir(), "j"),
	}
	got := anysms(t, append([]string{"send", "--format", "json"}, flags...)...)
	require.Equal(t, cli.ExitUnknown, got.code, got.stderr)
	keys = make(map[int]string)
	for line, r := range results(t, got.stdout) {
		keys[line] = r.Key
	}
	require.NoError(t, vendor.SetMode(httpcalltest.Up))
	return vendor, flags, keys
}

// The list, filled in, settles each message.
func TestResolveByFile(t *testing.T) {
	vendor, flags, keys := lost(t)
	got := anysms(t, append([]string{"resolve", "--format", "csv"}, flags...)...)
	assert.Equal(t, cli.ExitUnknown, got.code)
	assert.Contains(t, got.stderr, "4 messages of unknown outcome")
	rows, err := csv.NewReader(strings.NewReader(got.stdout)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 5)
	assert.Equal(t, []string{"line", "number", "provider", "since", "state", "key", "outcome"}, rows[0])
	seen := make(map[string]string)
	var filled strings.Builder
	filled.WriteString(strings.Join(rows[0], ";") + "\n")
	for _, row := range rows[1:] {
		seen[row[0]] = row[5]
		assert.Equal(t, []string{"+30***", "usa"}, row[1:3])
		row[6] = map[string]string{"2": "accepted", "3": "not_sent", "5": "not_sent", "6": ""}[row[0]]
		filled.WriteString(strings.Join(row, ";") + "\n")
	}
	assert.Equal(t, map[string]string{"2": keys[2], "3": keys[3], "5": keys[5], "6": keys[6]}, seen, "the keys of send's results")

	journal := flags[7]
	got = anysms(t, "resolve", "--journal", journal, "--settle", write(t, "filled.csv", filled.String()))
	assert.Equal(t, cli.ExitDone, got.code, got.stderr)
	assert.Contains(t, got.stderr, "3 messages settled, 1 left with an unknown outcome")

	sent := len(vendor.Messages())
	got = anysms(t, append([]string{"send", "--format", "json"}, flags...)...)
	assert.Equal(t, cli.ExitUnknown, got.code)
	byLine := results(t, got.stdout)
	for line, want := range map[int]string{2: "accepted", 3: "accepted", 4: "refused", 5: "accepted", 6: "unknown"} {
		assert.Equal(t, want, string(byLine[line].Status), "line %d", line)
	}
	assert.Len(t, vendor.Messages(), sent+2, "those that were settled as not sent")
}

// A ref names a message of a journal as its key does.
func TestResolveByRef(t *testing.T) {
	dir := t.TempDir()
	lossy := ledgerConfig(t, dir, "lossy.yaml", ", code: indeterminate")
	journal := filepath.Join(dir, "j")
	rows := write(t, "f.csv", "to,text,ref\n+306941234567,Hello,a\n+306941234568,Hello,b\n+306941234569,Hello,\n")
	require.Equal(t, cli.ExitUnknown, anysms(t, "send", "--config", lossy, "--file", rows, "--journal", journal).code)
	settle := write(t, "s.csv", "Ref,note,Outcome\na,asked the vendor,accepted\nb,,not_sent\n")
	got := anysms(t, "resolve", "--journal", journal, "--settle", settle)
	assert.Zero(t, got.code, got.stderr)
	assert.Contains(t, got.stderr, "s.csv: messages are found by ref\n")
	assert.Contains(t, got.stderr, "2 messages settled, 1 left with an unknown outcome")
	wrong := anysms(t, "resolve", "--journal", journal, "--settle", write(t, "t.csv", "ref,outcome\na,accepted\n"))
	assert.Equal(t, cli.ExitUsage, wrong.code)
	assert.Contains(t, wrong.stderr, `line 2: no message of unknown outcome has ref "a"`)
}

// A wrong row settles nothing, not even the rows before it.
func TestResolveRefusesAWrongFile(t *testing.T) {
	_, flags, keys := lost(t)
	journal := flags[7]
	right := "key,outcome\n" + keys[2] + ",accepted\n"
	for name, test := range map[string]struct{ content, want string }{
		"outcome":     {right + keys[3] + ",delivered\n", `line 3: outcome "delivered"; want accepted, not_sent, or nothing; nothing was settled`},
		"key":         {right + "nobody,accepted\n", `line 3: no message of unknown outcome has key "nobody"`},
		"two answers": {right + keys[2] + ",not_sent\n", "has outcome accepted in an earlier line, and not_sent here"},
		"fields":      {right + keys[3] + ",accepted,x\n", "line 3: wrong number of fields: got 3, want 2"},
		"no outcome":  {"key\n" + keys[2] + "\n", `no column "outcome"`},
		"no key":      {"name,outcome\n", `no column "key"; read as comma-separated, it has: "name", "outcome"; want one of key, ref`},
		"an id":       {"id,outcome\n", `no column "key"`},
		"empty key":   {"key,outcome\n,accepted\n", "line 2: it has an outcome, but no key"},
		"two columns": {"key,outcome,key\n", `the header has column "key" twice`},
		"two like it": {"Key,outcome,KEY\n", `no column "key"`},
		"contradicts": {"key,ref,outcome\n" + keys[2] + "," + keys[3] + ",accepted\n", "are different messages; nothing was settled"},
	} {
		t.Run(name, func(t *testing.T) {
			got := anysms(t, "resolve", "--journal", journal, "--settle", write(t, "s.csv", test.content))
			assert.Equal(t, cli.ExitUsage, got.code)
			assert.Contains(t, got.stderr, test.want)
			assert.Empty(t, got.stdout)
			assert.Contains(t, anysms(t, "resolve", "--journal", journal).stderr, "4 messages of unknown outcome")
		})
	}
	for _, args := range [][]string{
		{"--settle", "s.csv", "--as", "accepted"}, {"--settle", "s.csv", "--ref", "a"}, {"--to-column", "mobile"}, {"--from", "x"},
	} {
		assert.Equal(t, cli.ExitUsage, anysms(t, append([]string{"resolve", "--journal", journal}, args...)...).code, args)
	}
}

// Another file, or other flags, do not have the messages.
func TestResolveByAnotherFile(t *testing.T) {
	_, flags, _ := lost(t)
	got := anysms(t, "resolve", "--journal", flags[7], "--file", write(t, "g.csv", doubtful), "--to-column", "mobile", "--region", "GR", "--from", "Example")
	assert.Equal(t, cli.ExitUnknown, got.code)
	assert.Contains(t, got.stderr, "g.csv: 4 messages (another file, or sent with other flags)")
	assert.NotContains(t, got.stdout, "+30")
}
