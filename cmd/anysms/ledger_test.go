package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
)

// ledgerConfig writes a configuration with a ledger, and returns its path. Those of one
// directory share the database.
func ledgerConfig(t *testing.T, dir, name, settings string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte("providers:\n  fake: {driver: memory"+settings+"}\ndatabase: sms.db\n"), 0o600))
	return path
}

func TestLedgerCommands(t *testing.T) {
	dir := t.TempDir()
	good := ledgerConfig(t, dir, "good.yaml", "")
	lossy := ledgerConfig(t, dir, "lossy.yaml", ", code: indeterminate")
	send := func(config, ref string) outcome {
		return anysms(t, "send", "--config", config, "--to", "+306941234567", "--text", "a secret", "--ref", ref)
	}

	assert.Equal(t, 0, send(good, "one").code)
	again := send(lossy, "one")
	assert.Equal(t, 0, again.code, "a ref is known across runs: %s", again.stderr)
	assert.Contains(t, again.stdout, "nothing was sent now")
	assert.Equal(t, 3, send(lossy, "two").code)
	assert.Equal(t, 3, send(good, "two").code, "it may have been sent")

	list := anysms(t, "messages", "list", "--config", good)
	assert.Equal(t, 0, list.code, list.stderr)
	assert.Contains(t, list.stdout, "unknown")
	assert.NotContains(t, list.stdout+list.stderr, "secret")

	doubts := anysms(t, "resolve", "--config", good)
	assert.Equal(t, 3, doubts.code)
	assert.Contains(t, doubts.stdout, "two")
	assert.Equal(t, 2, anysms(t, "resolve", "--config", good, "--ref", "one", "--as", "not_sent").code, "one is accepted")
	settled := anysms(t, "resolve", "--config", good, "--ref", "two", "--as", "not_sent")
	assert.Equal(t, 0, settled.code, settled.stderr)
	assert.Equal(t, 0, send(good, "two").code, "it may be sent now")

	none := anysms(t, "messages", "show", "", "--config", good)
	assert.NotZero(t, none.code)
	assert.Contains(t, none.stderr, "the id or ref must not be empty")
	shown := anysms(t, "messages", "show", "two", "--config", good, "--format", "json")
	var m struct {
		ID, Status string
		ProviderID string `json:"provider_id"`
		Attempts   []map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(shown.stdout), &m), shown.stderr)
	assert.Equal(t, "accepted", m.Status)
	assert.Len(t, m.Attempts, 2)

	callbacks := write(t, "callbacks.jsonl", `{"provider":"fake","body":"[{\"kind\":\"report\",\"id\":\"`+m.ProviderID+`\",\"ref\":\"two\",\"status\":\"delivered\"}]"}
broken
{"provider":"nobody","body":"[]"}

{"provider":"fake","body":"[{\"kind\":\"inbound\",\"id\":\"i\",\"from\":\"+306941234567\",\"text\":\"STOP\"}]"}
`)
	replay := anysms(t, "webhook", "replay", callbacks, "--config", good)
	assert.Equal(t, 1, replay.code)
	assert.Contains(t, replay.stderr, "callbacks.jsonl:2: not a callback in JSON")
	assert.Contains(t, replay.stderr, `callbacks.jsonl:3: unknown provider "nobody"`)
	assert.Contains(t, replay.stderr, "2 new events, 0 known already, 0 about no known message, 0 settled doubt; left out 2 lines")
	assert.Contains(t, anysms(t, "messages", "list", "--status", "delivered", "--config", good).stdout, m.ID)

	refused := send(good, "three")
	assert.Equal(t, 1, refused.code)
	assert.Contains(t, refused.stdout+refused.stderr, "opted out")
	assert.Contains(t, anysms(t, "optout", "list", "--config", good).stdout, "reply")
	assert.Equal(t, 0, anysms(t, "optout", "remove", "+306941234567", "--config", good).code)
	assert.Equal(t, 0, send(good, "three").code)

	export := anysms(t, "messages", "export", "--config", good)
	assert.Equal(t, 3, strings.Count(export.stdout, "\n"))
	assert.Contains(t, export.stdout, `"attempts":[{`)
	assert.Contains(t, anysms(t, "messages", "export", "--format", "csv", "--config", good).stdout, "id,ref,status,")
	stats := anysms(t, "messages", "stats", "--config", good)
	assert.Contains(t, stats.stdout, "100.0 %", stats.stderr)
	assert.Contains(t, anysms(t, "messages", "poll", "--config", good).stderr, "fake:")

	erased := anysms(t, "messages", "erase", "--to", "+306941234567", "--config", good)
	assert.Contains(t, erased.stderr, "erased the number from 3 messages")
	assert.NotContains(t, anysms(t, "messages", "export", "--config", good).stdout, "306941234567")
	assert.Equal(t, 0, anysms(t, "messages", "erase", "--old", "--config", good).code)
}

// The vendor's price stands beside the rate card's, in whatever form messages are shown.
func TestLedgerPrices(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rates.csv"), []byte("provider,country,currency,price\nfake,GR,EUR,0.04\n"), 0o600))
	config := ledgerConfig(t, dir, "prices.yaml", `, price: {amount: "0.045", currency: EUR}`)
	settings, err := os.ReadFile(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(config, append(settings, "rates: rates.csv\n"...), 0o600))

	sent := anysms(t, "send", "--config", config, "--to", "+306941234567", "--text", "hello", "--ref", "one")
	require.Equal(t, 0, sent.code, sent.stderr)
	assert.Contains(t, sent.stdout, "0.045 EUR charged, 0.04 EUR by the rate card")
	for _, tt := range []struct{ args, want string }{
		{"messages show one", "0.045 EUR charged by the vendor, 0.04 EUR by the rate card"},
		{"messages show one --format json", `"charged":{"amount":"0.045","currency":"EUR"},"card_price":{"amount":"0.04","currency":"EUR"}`},
		{"messages list --format json", `"cost":{"amount":"0.045","currency":"EUR"},"card_price":{"amount":"0.04","currency":"EUR"}`},
		{"messages export --format csv", ",0.045,EUR,false,0.04,EUR,"},
		{"messages stats", "0.045 EUR  0.04 EUR   +0.005 EUR"},
		{"messages stats --format json", `"difference":[{"amount":"0.005","currency":"EUR"}]`},
	} {
		shown := anysms(t, append(strings.Fields(tt.args), "--config", config)...)
		assert.Equal(t, 0, shown.code, shown.stderr)
		assert.Contains(t, shown.stdout, tt.want, tt.args)
	}
}

// What could not be read is listed, and shown on demand alone.
func TestUnreadableCommand(t *testing.T) {
	dir := t.TempDir()
	config := ledgerConfig(t, dir, "anysms.yaml", "")
	none := anysms(t, "webhook", "unreadable", "--config", config)
	assert.Equal(t, 0, none.code, none.stderr)
	assert.Contains(t, none.stderr, "everything that vendors sent could be read")

	callbacks := write(t, "callbacks.jsonl", `{"provider":"fake","body":"[{\"kind\":\"report\",\"id\":\"a\",\"status\":\"delivered\"},{\"text\":\"a secret\"}]"}`+"\n")
	replay := anysms(t, "webhook", "replay", callbacks, "--config", config)
	assert.Equal(t, 1, replay.code)
	assert.Contains(t, replay.stderr, "callbacks.jsonl:1: 1 item of the batch could not be read; the others are recorded")
	assert.Contains(t, replay.stderr, "2 new events")

	list := anysms(t, "webhook", "unreadable", "--config", config)
	assert.Contains(t, list.stdout, "has no kind")
	assert.NotContains(t, list.stdout, "secret")
	raw := anysms(t, "webhook", "unreadable", "--config", config, "--raw", "--format", "json")
	assert.Contains(t, raw.stdout, `"raw":"{\"text\":\"a secret\"}"`)
	assert.Equal(t, 2, anysms(t, "webhook", "unreadable", "--config", config, "--limit", "-1").code)
}

func TestSendFileWithLedger(t *testing.T) {
	dir := t.TempDir()
	config := ledgerConfig(t, dir, "good.yaml", "")
	rows := write(t, "rows.csv", "to,text,ref\n+306941234567,Hello,a\n+306941234568,Hello,b\n+306941234567,Hello,a\n")
	for range 2 {
		got := anysms(t, "send", "--file", rows, "--config", config)
		assert.Equal(t, 0, got.code, got.stderr)
	}
	assert.Equal(t, 2, strings.Count(anysms(t, "messages", "export", "--config", config).stdout, `"settled":"accepted"`), "each ref is sent once")
	journal := filepath.Join(dir, "journal")
	got := anysms(t, "send", "--file", rows, "--journal", journal, "--config", config)
	assert.Equal(t, 0, got.code, "with a journal besides: %s", got.stderr)
}

// TestSendFileWithLedgerAndJournal: the journal of a campaign does not hide it from the
// ledger, whether or not its rows have refs.
func TestSendFileWithLedgerAndJournal(t *testing.T) {
	conf := write(t, "anysms.yaml", "providers:\n  demo: {driver: memory}\ndatabase: anysms.db\nrouter: {default_region: GR}\n")
	require.Equal(t, cli.ExitDone, anysms(t, "optout", "add", "+306971234568", "--config", conf).code)
	for name, c := range map[string]struct {
		file   string
		listed string
	}{
		"no refs": {"to,text\n6971234567,Hello\n6971234568,Hello\n6971234569,Hello\n", "+306971234567"},
		"refs":    {"to,text,ref\n6971234577,Hello,a\n6971234568,Hello,b\n6971234579,Hello,c\n", "+306971234577"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			args := []string{"send", "--config", conf, "--file", write(t, "f.csv", c.file), "--journal", filepath.Join(dir, "j"), "--format", "json", "--allow-invalid"}
			for _, earlier := range []bool{false, true} { // sent, and resumed
				got := anysms(t, args...)
				require.Equal(t, cli.ExitDone, got.code, got.stderr)
				byLine := results(t, got.stdout)
				assert.Equal(t, provider.OutcomeAccepted, byLine[2].Status)
				assert.Equal(t, earlier, byLine[2].Replayed)
				assert.Equal(t, provider.OptedOut, byLine[3].Code)
				assert.Equal(t, provider.OutcomeAccepted, byLine[4].Status)
			}
			list := anysms(t, "messages", "list", "--config", conf, "--to", c.listed)
			assert.Equal(t, 1, strings.Count(list.stdout, "  accepted  "), list.stdout)
		})
	}
}

func TestOptOutFiles(t *testing.T) {
	config := ledgerConfig(t, t.TempDir(), "good.yaml", "")
	file := write(t, "optouts.csv", "\ufeffNumber,Scope,Value,At\n+306941234567,,,2026-01-02T03:04:05Z\n12,,,\n+306941234568,class,marketing,\n+306941234569,somewhere,,\n+306941234567,all,,yesterday\n")
	got := anysms(t, "optout", "import", file, "--config", config)
	assert.Equal(t, 1, got.code)
	for _, want := range []string{"optouts.csv:3: number:", `optouts.csv:5: scope: "somewhere"; want`, `optouts.csv:6: at: "yesterday" is not a time`, "added 2, known already 0, left out 3"} {
		assert.Contains(t, got.stderr, want)
	}
	exported := anysms(t, "optout", "export", "--config", config).stdout
	assert.Contains(t, exported, "+306941234567,all,,import,2026-01-02T03:04:05Z")
	again := anysms(t, "optout", "import", write(t, "again.csv", exported), "--config", config)
	assert.Contains(t, again.stderr, "added 0, known already 2, left out 0")
}

func TestNoLedger(t *testing.T) {
	config := write(t, "anysms.yaml", "providers:\n  fake: {driver: memory}\n")
	for _, args := range [][]string{{"messages", "list"}, {"optout", "list"}, {"messages", "poll"}, {"webhook", "replay", config}, {"resolve"}} {
		got := anysms(t, append(args, "--config", config)...)
		assert.Equal(t, 2, got.code, "%s", args)
		assert.Contains(t, got.stderr, "has no database", "%s", args)
	}
	for _, tt := range []struct{ lines, want string }{
		{"ledger: {text: keep}\n", "anysms.yaml:3: ledger: has no effect without database"},
		{"database: mysql://x\n", "anysms.yaml:3: database: mysql:// is not supported"},
		{"database: a.db\nledger: {retention: soon}\n", `anysms.yaml:4: ledger.retention: "soon"; want days, such as 90d`},
		{"database: a.db\nledger: {text: burn}\n", `anysms.yaml:4: ledger.text: "burn"; want erase or keep`},
		{"database: a.db\nledger: {optouts: none}\n", `anysms.yaml:4: ledger.optouts: "none"; want all or sender`},
	} {
		bad := write(t, "anysms.yaml", "providers:\n  fake: {driver: memory}\n"+tt.lines)
		got := anysms(t, "messages", "list", "--config", bad)
		assert.Equal(t, 2, got.code)
		assert.Contains(t, got.stderr, tt.want)
	}
}

// Files that no ledger can be in are errors that say so, and nothing is sent.
func TestBadDatabases(t *testing.T) {
	dir := t.TempDir()
	config := ledgerConfig(t, dir, "good.yaml", "")
	send := func() outcome { return anysms(t, "send", "--config", config, "--to", "+306941234567", "--text", "Hi") }
	db := filepath.Join(dir, "sms.db")
	require.NoError(t, os.WriteFile(db, []byte(strings.Repeat("this is no database ", 100)), 0o600))
	got := send()
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.stderr, "sms.db")
	assert.Contains(t, got.stderr, "not a database")
	require.NoError(t, os.Remove(db))
	assert.Equal(t, 0, send().code)
	require.NoError(t, os.Remove(db+".key"))
	assert.Contains(t, send().stderr, "the key is not the one that this database was written with")
	require.NoError(t, os.WriteFile(db+".key", []byte("short"), 0o600))
	assert.Contains(t, send().stderr, "want the 32 bytes that were written when it was made")
}

func TestWebhookURLs(t *testing.T) {
	conf := ledgerConfig(t, t.TempDir(), "c.yaml", "")
	const public = "https://sms.example.com/callbacks/"
	urls := func(args ...string) outcome {
		return anysms(t, append([]string{"webhook", "urls", "--config", conf}, args...)...)
	}
	assert.Equal(t, 2, urls().code)
	assert.Contains(t, urls().stderr, "give --url, or set serve.public_url")
	assert.Contains(t, urls("--url", "sms.example.com").stderr, `--url: "sms.example.com"; want the public URL`)
	first := urls("--url", public)
	require.Equal(t, 0, first.code, first.stderr)
	assert.Regexp(t, `fake +https://sms\.example\.com/callbacks/fake/[a-z0-9]{26}\n`, first.stdout)
	assert.Equal(t, first.stdout, urls("--url", public).stdout, "it stays the same")

	rotated := anysms(t, "webhook", "rotate", "fake", "--config", conf, "--url", public)
	require.Equal(t, 0, rotated.code, rotated.stderr)
	assert.NotContains(t, first.stdout, strings.TrimSpace(rotated.stdout))
	second := urls("--url", public)
	assert.Contains(t, second.stdout, strings.TrimSpace(rotated.stdout)+"  (the one before is taken until ")
	assert.Contains(t, anysms(t, "webhook", "rotate", "nobody", "--config", conf, "--url", public).stderr, `unknown provider "nobody"`)

	raw, err := os.ReadFile(conf)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(conf, append(raw, "serve: {public_url: https://other.example}\n"...), 0o600))
	assert.Contains(t, urls().stdout, "https://other.example/callbacks/fake/")

	const without = "serve: {public_url: https://other.example, callbacks: {fake: {token: false, from: [192.0.2.1]}}}\n"
	require.NoError(t, os.WriteFile(conf, append(raw, without...), 0o600))
	assert.Regexp(t, `fake +https://other\.example/callbacks/fake\n`, urls().stdout)
	assert.Contains(t, anysms(t, "webhook", "rotate", "fake", "--config", conf).stderr, `serve.callbacks.fake.token: false: the callback URL of provider "fake" has no token to replace`)
}

// An export of the messages, with outcomes, settles them too: by id, by ref, or by both.
func TestResolveByExport(t *testing.T) {
	lossy := ledgerConfig(t, t.TempDir(), "lossy.yaml", ", code: indeterminate")
	refs := []string{"one", "two", "three", "four"}
	for _, ref := range refs {
		require.Equal(t, 3, anysms(t, "send", "--config", lossy, "--to", "+306941234567", "--text", "Hello", "--ref", ref).code)
	}
	export := anysms(t, "messages", "export", "--config", lossy, "--format", "csv")
	require.Zero(t, export.code, export.stderr)
	lines := strings.Split(strings.TrimSpace(export.stdout), "\n")
	require.Len(t, lines, 1+len(refs))
	ids := make(map[string]string)
	for _, line := range lines[1:] {
		fields := strings.Split(line, ",")
		ids[fields[1]] = fields[0]
	}
	settle := func(content, says string, left int) {
		t.Helper()
		got := anysms(t, "resolve", "--config", lossy, "--settle", write(t, "s.csv", content))
		assert.Contains(t, got.stderr, says)
		shown := anysms(t, "messages", "list", "--config", lossy, "--status", "unknown").stdout
		assert.Equal(t, left, strings.Count(shown, "msg_"), shown)
	}
	settle("id,ref,outcome\n"+ids["one"]+",two,accepted\n", `line 2: id "`+ids["one"]+`" and ref "two" are different messages; nothing was settled`, 4)
	settle("id,outcome\nmsg_none,accepted\n", `line 2: no message of unknown outcome has id "msg_none"`, 4)
	settle(lines[0]+",outcome\n"+lines[1]+",accepted\n"+lines[2]+",\n", "s.csv: messages are found by id and ref\n", 3)
	left := anysms(t, "messages", "list", "--config", lossy, "--status", "unknown").stdout
	var rest []string
	for _, ref := range refs {
		if strings.Contains(left, ids[ref]) {
			rest = append(rest, ref)
		}
	}
	require.Len(t, rest, 3)
	settle("ref,outcome\n"+rest[0]+",not_sent\n", "s.csv: messages are found by ref\n", 2)
	settle("id,outcome\n"+ids[rest[1]]+",accepted\n", "s.csv: messages are found by id\n", 1)
	settle(`{"id":"`+ids[rest[2]]+`","ref":"`+rest[2]+`","outcome":"accepted"}`+"\n", "messages are found by id and ref\n", 0)
}

// The list, filled in, settles each message.
func TestResolveInLedger(t *testing.T) {
	lossy := ledgerConfig(t, t.TempDir(), "lossy.yaml", ", code: indeterminate")
	none := anysms(t, "resolve", "--config", lossy)
	assert.Equal(t, "no message has an unknown outcome\n", none.stderr)
	assert.Zero(t, none.code)
	for _, ref := range []string{"one", "two", "three"} {
		require.Equal(t, 3, anysms(t, "send", "--config", lossy, "--to", "+306941234567", "--text", "Hello", "--ref", ref).code)
	}
	list := anysms(t, "resolve", "--config", lossy, "--format", "csv")
	assert.Equal(t, 3, list.code)
	lines := strings.Split(strings.TrimSpace(list.stdout), "\n")
	require.Len(t, lines, 4, list.stdout)
	assert.NotContains(t, list.stdout, "306941234567")
	filled := strings.Join([]string{lines[0], lines[1] + "accepted", lines[2] + "not_sent", lines[3]}, "\n")
	got := anysms(t, "resolve", "--config", lossy, "--settle", write(t, "filled.csv", filled))
	assert.Equal(t, 3, got.code, "one is left: %s", got.stderr)
	for status, want := range map[string]int{"accepted": 1, "not_sent": 1, "unknown": 1} {
		shown := anysms(t, "messages", "list", "--config", lossy, "--status", status).stdout
		assert.Equal(t, want, strings.Count(shown, "msg_"), shown)
	}
	wrong := anysms(t, "resolve", "--config", lossy, "--settle", write(t, "wrong.csv", "key,outcome\nmsg_none,accepted\n"))
	assert.Equal(t, 2, wrong.code)
	assert.Contains(t, wrong.stderr, `line 2: no message of unknown outcome has key "msg_none"; nothing was settled`)
}
