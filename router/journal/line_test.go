package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// The fast way to read the head of an entry agrees with encoding/json, and leaves to it
// whatever it does not know.
func TestFastHead(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
	written := map[string]router.JournalEntry{
		"an intent":    {Key: "k1", Fingerprint: "0123456789abcdef", Provider: "a", At: at},
		"an outcome":   {Key: "order 7", Provider: "a", Outcome: provider.OutcomeAccepted, ID: "m1", At: at},
		"a refusal":    {Key: "κλειδί", Provider: "a", Outcome: provider.OutcomeRefused, Code: provider.Rejected, At: at},
		"an empty key": {At: at},
	}
	for name, e := range written {
		body, err := json.Marshal(e)
		require.NoError(t, err)
		key, outcome, ok := fastHead(body)
		assert.True(t, ok, name)
		assert.Equal(t, e.Key, string(key), name)
		assert.Equal(t, e.Outcome, outcome, name)
		for size := range body {
			_, _, ok := fastHead(body[:size])
			require.False(t, ok, "%s", body[:size])
		}
	}
	for _, body := range []string{
		``, `{`, `}`, `{}`, `x`, `[]`, `"key":"a"}`, `["key":"a"}`, `{key":"a"}`, `{"key"="a"}`, `{"key"}`, `{"key":}`, `{"key":"a"]`, `{"key":"a";"id":"m"}`,
		`{"key":"a",}`, `{"key":"a"}}`, `{"key":"a"} `, `{"key":"a"},`, `{"key":"a","outcome":"accepted"}{}`, `{"outcome":"accepted"}`,
		`{"key":1}`, `{"key":"a","duplicate_possible":true}`, `{"key":"a\"b"}`, `{"key":"a\u0062"}`, "{\"key\":\"a\tb\"}", `{ "key":"a"}`,
	} {
		_, _, ok := fastHead([]byte(body))
		assert.False(t, ok, "%q", body)
		key, outcome, err := headOf([]byte(body))
		e, want := parse([]byte(body))
		assert.Equal(t, want, err, "%q", body)
		assert.Equal(t, e.Key, string(key), "%q", body)
		assert.Equal(t, e.Outcome, outcome, "%q", body)
	}
}

// fileOf writes a journal of lines whose checksums are right.
func fileOf(t *testing.T, bodies ...string) string {
	t.Helper()
	text := header(make([]byte, saltSize))
	for _, body := range bodies {
		text += fmt.Sprintf("%08x %s\n", checksum([]byte(body)), body)
	}
	path := filepath.Join(t.TempDir(), "j")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// A line that is whole is not dropped, even at the end: what is not an entry is an error.
func TestNotAnEntry(t *testing.T) {
	for _, body := range []string{"", "{", "[]", "k1"} {
		_, err := Open(fileOf(t, `{"key":"k1"}`, body))
		assert.ErrorContains(t, err, ":3: the line is not an entry", "%q", body)
	}
}

// The longest line that is written can be read; one that is longer is none of ours.
func TestLongestLine(t *testing.T) {
	rest := len(`01234567 {"key":""}`) + 1
	path := fileOf(t, fmt.Sprintf(`{"key":"%s"}`, strings.Repeat("x", maxLine-rest)), `{"key":"next"}`)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, headerSize+maxLine+len(`01234567 {"key":"next"}`)+1, info.Size())
	j, err := Open(path)
	require.NoError(t, err)
	e := router.JournalEntry{Provider: "a", At: time.Unix(1, 0).UTC()}
	one, err := format(e)
	require.NoError(t, err)
	e.Key = strings.Repeat("x", maxLine-len(one))
	require.NoError(t, j.Intent(t.Context(), e))
	found, err := j.Find(t.Context(), e.Key, "")
	require.NoError(t, err)
	assert.Len(t, found, 1)
	e.Key += "x"
	require.ErrorContains(t, j.Intent(t.Context(), e), "1048577 bytes")
	require.NoError(t, j.Close())

	_, err = Open(fileOf(t, `{"key":"k"}`, fmt.Sprintf(`{"key":"%s"}`, strings.Repeat("x", maxLine-rest+1))))
	require.ErrorContains(t, err, "j:3: the line has more than 1048576 bytes; not a journal")
}

// A header of the right length that is not ours is told from ours by each of its parts.
func TestOtherHeaders(t *testing.T) {
	ours := header([]byte("0123456789abcdef"))
	for _, other := range []string{
		strings.Replace(ours, "2", "1", 1), strings.TrimSuffix(ours, "\n") + ",", strings.Replace(ours, "6", "x", 1), strings.Replace(ours, "6", "A", 1),
	} {
		require.Len(t, other, headerSize)
		path := filepath.Join(t.TempDir(), "j")
		require.NoError(t, os.WriteFile(path, []byte(other), 0o600))
		_, err := Open(path)
		assert.ErrorContains(t, err, "not a journal", other)
	}
}

// What is on disk stays there, whatever fails later. What is not is not reported as if.
func TestAwaitAfterAFailure(t *testing.T) {
	j := &Journal{durable: 1, failed: errors.New("the disk is full")}
	require.NoError(t, j.await(1))
	require.EqualError(t, j.await(2), "the disk is full")
}

// An intent that cannot be flushed to disk may be there, and the journal takes no more.
func TestFlushFails(t *testing.T) {
	j, err := Open(filepath.Join(t.TempDir(), "j"))
	require.NoError(t, err)
	require.NoError(t, j.file.Close())
	reader, writer, err := os.Pipe() // can be written and not flushed
	require.NoError(t, err)
	defer reader.Close()
	if writer.Sync() == nil {
		t.Skip("pipes can be flushed here")
	}
	j.file = writer
	require.ErrorIs(t, j.Intent(t.Context(), router.JournalEntry{Key: "k1"}), router.ErrPerhapsWritten)
	require.Error(t, j.Intent(t.Context(), router.JournalEntry{Key: "k2"}))
	require.Error(t, j.Sync())
	require.Error(t, j.Close())
}

// Close waits for the flush, or for the new file, that is under way.
func TestCloseWaits(t *testing.T) {
	for name, flag := range map[string]func(*Journal) *bool{
		"flush":   func(j *Journal) *bool { return &j.syncing },
		"compact": func(j *Journal) *bool { return &j.replacing },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j, err := Open(filepath.Join(t.TempDir(), "j"))
				require.NoError(t, err)
				j.mu.Lock()
				*flag(j) = true
				j.mu.Unlock()
				closed := false
				go func() {
					assert.NoError(t, j.Close())
					closed = true
				}()
				synctest.Wait()
				assert.False(t, closed)
				j.mu.Lock()
				*flag(j) = false
				j.synced.Broadcast()
				j.mu.Unlock()
				synctest.Wait()
				assert.True(t, closed)
			})
		})
	}
}

// The journal is the file that has its name, not one that it was replaced by.
func TestIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	f, err := open(path, os.O_RDWR|os.O_CREATE)
	require.NoError(t, err)
	defer f.Close()
	j := &Journal{path: path, file: f}
	require.NoError(t, j.isNamed())
	require.NoError(t, os.Rename(path, path+".old"))
	require.ErrorContains(t, j.isNamed(), "in use by another process")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.ErrorContains(t, j.isNamed(), "in use by another process")
}
