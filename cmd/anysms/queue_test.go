package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// The report says of each row that repeats another whether it is queued: it is not if its
// ref is known.
func TestQueueAddRepeats(t *testing.T) {
	conf := ledgerConfig(t, t.TempDir(), "c.yaml", "")
	const same = "+306941234567,Hello,"
	add := func(refs string, flags ...string) outcome {
		t.Helper()
		rows := "to,text,ref\n"
		for ref := range strings.FieldsSeq(refs) {
			rows += same + strings.Trim(ref, "-") + "\n"
		}
		got := anysms(t, append([]string{"queue", "add", "--config", conf, "--file", write(t, "f.csv", rows)}, flags...)...)
		require.Contains(t, []int{0, 1}, got.code, got.stderr)
		return got
	}
	const repeat = " the number, text, sender and time of an earlier row "
	got := add("a a a b")
	assert.Contains(t, got.stderr, "3 rows repeat"+repeat+"(line 3, 4, 5): 2 known already, and not queued again; 1 queued like any other; --duplicates refuse refuses such rows\n")
	assert.Contains(t, got.stderr, "4 messages: 2 queued, 2 known already, 0 refused\n")
	assert.Equal(t, 2, strings.Count(got.stdout, "known already msg_"))
	got = add("a b")
	assert.Contains(t, got.stderr, "1 row repeats"+repeat+"(line 3): known already, and not queued again\n")
	assert.Contains(t, got.stderr, "2 messages: 0 queued, 2 known already, 0 refused\n")
	got = add("- -")
	assert.Contains(t, got.stderr, "1 row repeats"+repeat+"(line 3): queued like any other; --duplicates refuse refuses such rows\n")
	assert.Contains(t, got.stderr, "2 messages: 2 queued, 0 known already, 0 refused\n")
	got = add("- -", "--duplicates", "refuse")
	assert.Contains(t, got.stderr, "1 row repeats"+repeat+"(line 3): refused\n")
	assert.Contains(t, got.stderr, "2 messages: 1 queued, 0 known already, 1 refused\n")
	stats := anysms(t, "queue", "stats", "--config", conf)
	assert.Regexp(t, `transactional +5 `, stats.stdout)

	sent := anysms(t, "send", "--config", conf, "--file", write(t, "s.csv", "to,text,ref\n"+same+"x\n"+same+"x\n"+same+"y\n"))
	assert.Contains(t, sent.stderr, "3 messages, 3 accepted, 0 refused, 0 not_sent, 0 unknown (1 earlier result)\n")
	assert.Contains(t, sent.stderr, "2 rows repeat"+repeat+"(line 3, 4): 1 known already, and not sent again; 1 sent like any other")
}

func TestQueueCommands(t *testing.T) {
	dir := t.TempDir()
	good := ledgerConfig(t, dir, "good.yaml", "")
	poor := ledgerConfig(t, dir, "poor.yaml", ", code: unavailable")
	queue := func(config string, args ...string) outcome {
		return anysms(t, append([]string{"queue", args[0], "--config", config}, args[1:]...)...)
	}
	file := write(t, "list.csv", "to,text,ref\n+306941234567,One,a\n+306941234568,Two,b\nnobody,Three,c\n")

	first := queue(good, "add", "--file", file, "--class", "marketing", "--format", "json")
	assert.Equal(t, 1, first.code)
	assert.Contains(t, first.stderr, "3 messages: 2 queued, 0 known already, 1 refused")
	lines := strings.Split(strings.TrimSpace(first.stdout), "\n")
	require.Len(t, lines, 3)
	var row struct {
		Line             int
		ID, Status, Code string
		Replayed         bool
	}
	require.NoError(t, json.Unmarshal([]byte(lines[2]), &row))
	assert.Equal(t, 4, row.Line)
	assert.Equal(t, "refused", row.Status)
	assert.Equal(t, "invalid_recipient", row.Code)
	again := queue(good, "add", "--file", file, "--class", "marketing", "--allow-invalid")
	assert.Equal(t, 0, again.code, again.stderr)
	assert.Contains(t, again.stdout, "line 2: known already msg_")

	assert.Contains(t, queue(good, "pause", "marketing").stdout, "paused marketing")
	stats := queue(good, "stats")
	assert.Regexp(t, `marketing +2 +0 +0 .*paused`, stats.stdout)
	assert.Equal(t, 2, queue(good, "pause", "urgent").code)
	assert.Equal(t, 0, queue(good, "resume", "marketing").code)
	done := queue(good, "run", "--until-empty")
	require.Equal(t, 0, done.code, done.stderr)
	list := anysms(t, "messages", "list", "--config", good, "--status", "accepted")
	assert.Equal(t, 2, strings.Count(list.stdout, "msg_"), list.stdout)

	late := queue(poor, "add", "--to", "+306941234567", "--text", "Code 4711", "--class", "otp", "--validity", "1s")
	require.Equal(t, 0, late.code, late.stderr)
	require.Equal(t, 0, queue(poor, "run", "--until-empty").code)
	assert.Regexp(t, `otp +0 +0 +1 `, queue(good, "stats").stdout)
	assert.Contains(t, queue(good, "retry", "--all").stdout, "0 messages put back", "it is too late for ever")
	dead := queue(good, "dead", "--class", "otp")
	assert.Equal(t, 0, dead.code, dead.stderr)
	assert.Regexp(t, `otp +not_sent +unavailable +msg_\S+ +its deadline passed`, dead.stdout)
	assert.NotContains(t, dead.stdout, "4711")
	var page struct {
		Items []struct{ ID, Class, Status, Code, Reason string }
	}
	require.NoError(t, json.Unmarshal([]byte(queue(good, "dead", "--format", "json").stdout), &page))
	require.Len(t, page.Items, 1)
	assert.Equal(t, "not_sent", page.Items[0].Status)
	assert.NotContains(t, queue(good, "dead", "--code", "no_route").stdout, "msg_")
	assert.Equal(t, 2, queue(good, "dead", "--code", "nonsense").code)
	assert.Contains(t, queue(good, "retry", "--code", "no_route").stdout, "0 messages put back")
	assert.Equal(t, 2, queue(good, "retry", "--all", "--code", "no_route").code)
	assert.Equal(t, 2, queue(good, "retry").code)
	unknown := queue(good, "retry", "msg_nobody")
	assert.Equal(t, 2, unknown.code)
	assert.Contains(t, unknown.stderr, "no such message")
}

// TestQueueAddFails: what was queued before the database failed stays queued, and the exit
// code does not say that nothing was done.
func TestQueueAddFails(t *testing.T) {
	dir := t.TempDir()
	config := ledgerConfig(t, dir, "good.yaml", "")
	queue := func(args ...string) outcome {
		return anysms(t, append([]string{"queue", args[0], "--config", config}, args[1:]...)...)
	}
	require.Equal(t, 0, queue("stats").code)
	l, err := sqlite.Open(t.Context(), filepath.Join(dir, "sms.db"), ledger.Options{})
	require.NoError(t, err)
	require.NoError(t, l.Database().Write(t.Context(), func(tx ledger.Tx) error {
		_, err := tx.Exec(t.Context(), `CREATE TRIGGER full BEFORE INSERT ON anysms_queue WHEN (SELECT count(*) FROM anysms_queue) >= 1000
			BEGIN SELECT RAISE(ABORT, 'the test says that the disk is full'); END`, []any{})
		return err
	}))
	require.NoError(t, l.Close())
	rows := "to,text,ref\n"
	for i := range 1500 {
		rows += fmt.Sprintf("+3069%08d,Hello,%d\n", i, i)
	}
	file := write(t, "list.csv", rows)
	failed := queue("add", "--file", file)
	assert.Equal(t, 1, failed.code, failed.stderr)
	assert.Contains(t, failed.stderr, "the test says that the disk is full")
	assert.Contains(t, failed.stderr, "; queued before: 1,000 messages")
	assert.Equal(t, 1000, strings.Count(failed.stdout, "queued msg_"))
	assert.Regexp(t, `transactional +1,000 +0 +0 `, queue("stats").stdout)
	again := queue("add", "--file", file)
	assert.Equal(t, 1, again.code, again.stderr)
	assert.Equal(t, 1000, strings.Count(again.stdout, "known already msg_"))
}

func TestQueueHasOneWorker(t *testing.T) {
	dir := t.TempDir()
	config := ledgerConfig(t, dir, "one.yaml", "")
	l, err := sqlite.Open(t.Context(), filepath.Join(dir, "sms.db"), ledger.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	unlock, err := l.LockWorker(ledger.Worker{PID: 4711, Address: "127.0.0.1:8025"})
	require.NoError(t, err)
	defer func() { require.NoError(t, unlock()) }()
	second := anysms(t, "queue", "run", "--config", config)
	assert.Equal(t, 2, second.code)
	assert.Contains(t, second.stderr, "pid 4711 at 127.0.0.1:8025")
}

// A worker deletes what is old, as the gateway does.
func TestQueueRunDeletesWhatIsOld(t *testing.T) {
	dir := t.TempDir()
	config := ledgerConfig(t, dir, "old.yaml", "")
	settings, err := os.ReadFile(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(config, append(settings, "ledger: {retention: 1ms}\n"...), 0o600))
	l, err := sqlite.Open(t.Context(), filepath.Join(dir, "sms.db"), ledger.Options{Retention: -1})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	_, err = l.Record(t.Context(), "fake", provider.Event{Kind: provider.Report, ID: "nobody's", Status: provider.StatusSent})
	require.NoError(t, err)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var errOut bytes.Buffer // until it ends, it is the command's
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"queue", "run", "--config", config}, strings.NewReader(""), io.Discard, &errOut)
	}()
	assert.Eventually(t, func() bool {
		n, err := l.Unmatched(t.Context())
		return err == nil && n == 0 || len(ended) > 0
	}, time.Minute, 20*time.Millisecond)
	stop()
	code := <-ended
	assert.Equal(t, 0, code, errOut.String())
	n, err := l.Unmatched(t.Context())
	require.NoError(t, err)
	assert.Zero(t, n)
}
