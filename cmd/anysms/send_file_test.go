package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
	"github.com/anysms/anysms/router"
)

// bulkConfig is a configuration with one vendor's fake.
func bulkConfig(t *testing.T, url string) string {
	t.Helper()
	return write(t, "anysms.yaml", fmt.Sprintf(`
providers:
  usa: {driver: phonify, api_key: "pk_test_key", base_url: %q, timeout: 5s}
router: {default_region: GR, retry: {max_attempts: 1}}
`, url))
}

// lineResult is a line of send --file --format json.
type lineResult struct {
	Line int `json:"line"`
	router.Result
}

// results reads the JSON lines, by line of the row.
func results(t *testing.T, stdout string) map[int]lineResult {
	t.Helper()
	byLine := make(map[int]lineResult)
	for line := range strings.Lines(stdout) {
		var r lineResult
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		assert.NotContains(t, byLine, r.Line, "one line of output for each row")
		byLine[r.Line] = r
	}
	return byLine
}

func TestSendFile(t *testing.T) {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	conf := bulkConfig(t, vendor.URL)
	file := write(t, "f.csv", "ref,to,text,class,colour\n"+
		"a,+306971234567,Hello,,red\n"+
		"b,6971234568,\"Γειά, σου\",marketing,\n"+
		"c,+302101234567,Hello,,\n"+
		"d,12,Hello,,\n"+
		"e,+306971234567,,,\n"+
		"f,+306971234567,Hello,spam,\n"+
		"g,+306971234567\n"+
		"h,+306971234567,"+strings.Repeat("x", 200)+",,\n")
	got := anysms(t, "send", "--config", conf, "--file", file, "--format", "json")
	assert.Equal(t, cli.ExitRefused, got.code)
	byLine := results(t, got.stdout)
	require.Len(t, byLine, 8)
	for line, want := range map[int]string{2: "accepted ", 3: "accepted ", 4: "refused invalid_recipient", 5: "refused invalid_recipient",
		6: "refused invalid_message", 7: "refused invalid_message", 8: "refused invalid_message", 9: "refused unsupported"} {
		r := byLine[line]
		assert.Equal(t, want, string(r.Status)+" "+string(r.Code), "line %d: %s", line, r.Message)
	}
	assert.Equal(t, "b", byLine[3].Ref)
	assert.Contains(t, byLine[7].Message, `unknown class "spam"`)
	assert.Contains(t, byLine[8].Message, "wrong number of fields: got 2, want 5")
	require.Len(t, vendor.Messages(), 2)
	assert.Contains(t, got.stderr, `ignored columns: "colour"`)
	assert.Contains(t, got.stderr, "8 messages, 2 accepted, 6 refused, 0 not_sent, 0 unknown")

	assert.Equal(t, cli.ExitDone, anysms(t, "send", "--config", conf, "--file", file, "--allow-invalid").code)
	assert.Len(t, vendor.Messages(), 4)
}

func TestSendFileDryRun(t *testing.T) {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	got := anysmsReading(t, `{"to":"+306971234567","text":"Hello"}`+"\n"+`{"to":"12","text":"x"}`+"\n",
		"send", "--config", bulkConfig(t, vendor.URL), "--file", "-", "--dry-run", "--format", "json")
	assert.Equal(t, cli.ExitRefused, got.code)
	assert.Contains(t, got.stdout, `{"line":1,"to":"+306971234567"`)
	assert.Contains(t, got.stdout, `"code":"invalid_recipient"`)
	assert.Zero(t, vendor.Requests())
}

// If a vendor accepts messages without a reply, the journal keeps them as unknown:
// they are not sent again until they are resolved.
func TestSendFileWithJournal(t *testing.T) {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	conf, journal := bulkConfig(t, vendor.URL), filepath.Join(t.TempDir(), "j")
	one := write(t, "f.csv", "to,text,ref\n+306971234567,first,a\n")
	both := write(t, "g.csv", "to,text,ref\n+306971234567,first,a\n+306971234568,second,b\n")
	send := func(file string) (outcome, map[int]lineResult) {
		got := anysms(t, "send", "--config", conf, "--file", file, "--journal", journal, "--format", "json")
		return got, results(t, got.stdout)
	}

	got, _ := send(one)
	require.Equal(t, cli.ExitDone, got.code, got.stderr)
	require.NoError(t, vendor.SetMode(httpcalltest.Drop))
	got, byLine := send(both)
	assert.Equal(t, cli.ExitUnknown, got.code)
	assert.True(t, byLine[2].Replayed, "the result of an accepted message comes from the journal")
	assert.Equal(t, "unknown", string(byLine[3].Status))
	require.NoError(t, vendor.SetMode(httpcalltest.Up))
	got, byLine = send(both)
	assert.Equal(t, cli.ExitUnknown, got.code)
	assert.Equal(t, "unknown", string(byLine[3].Status), "at_most_once: it is not sent again")
	assert.Len(t, vendor.Messages(), 2)

	got = anysms(t, "resolve", "--journal", journal)
	assert.Equal(t, cli.ExitUnknown, got.code)
	assert.Regexp(t, `(?m)^b +usa `, got.stdout)
	assert.Equal(t, cli.ExitUsage, anysms(t, "resolve", "--journal", journal, "--ref", "a", "--as", "accepted").code, "the outcome of a is known")
	assert.Equal(t, cli.ExitDone, anysms(t, "resolve", "--journal", journal, "--ref", "b", "--as", "accepted").code)
	assert.Equal(t, cli.ExitDone, anysms(t, "resolve", "--journal", journal).code)
	got, byLine = send(both)
	assert.Equal(t, cli.ExitDone, got.code)
	assert.Equal(t, "accepted", string(byLine[3].Status))
	assert.Len(t, vendor.Messages(), 2, "nothing was sent twice")
}

func TestSendFileStops(t *testing.T) {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	conf := bulkConfig(t, vendor.URL)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errOut strings.Builder
	code := run(ctx, []string{"send", "--config", conf, "--file", write(t, "f.csv", "to,text\n+306971234567,Hello\n")}, strings.NewReader(""), &out, &errOut)
	assert.Equal(t, cli.ExitRefused, code)
	assert.Contains(t, errOut.String(), "f.csv: interrupted; nothing was sent")
	assert.Empty(t, vendor.Messages())

	errOut.Reset()
	code = run(ctx, []string{"send", "--config", conf, "--file", write(t, "g.csv", "to,text\n+306971234567,Hello\n"), "--dry-run"}, strings.NewReader(""), &out, &errOut)
	assert.Equal(t, cli.ExitRefused, code)
	assert.Contains(t, errOut.String(), "g.csv: interrupted")
}

func TestBadBulk(t *testing.T) {
	conf := write(t, "anysms.yaml", "providers:\n  fake: {driver: memory}\n")
	file := write(t, "f.csv", "to,body\n1,x\n")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no column", []string{"send", "--config", conf, "--file", file}, `f.csv: the header has no column "text"`},
		{"no file", []string{"send", "--config", conf, "--file", "nowhere.csv"}, "nowhere.csv"},
		{"file and number", []string{"send", "--config", conf, "--file", file, "--to", "+306971234567"}, "not both"},
		{"journal alone", []string{"send", "--config", conf, "--to", "1", "--text", "x", "--journal", "j"}, "--journal needs --file"},
		{"nothing", []string{"send", "--config", conf}, "give --to and --text, or --file"},
		{"journal of a dry run", []string{"send", "--config", conf, "--file", file, "--dry-run", "--journal", "j"}, "not both"},
		{"no journal", []string{"resolve", "--journal", filepath.Join(t.TempDir(), "none")}, syscall.ENOENT.Error()},
		{"neither journal nor ledger", []string{"resolve", "--config", conf}, "has no database"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := anysms(t, tt.args...)
			assert.Equal(t, cli.ExitUsage, got.code)
			assert.Contains(t, got.stderr, tt.want)
			assert.Empty(t, got.stdout)
		})
	}
}
