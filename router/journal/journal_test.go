package journal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/journal"
)

func openAt(t testing.TB, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, j.Close()) })
	return j
}

func all(t *testing.T, j *journal.Journal) []string {
	t.Helper()
	var list []string
	for e, err := range j.Entries(t.Context()) {
		require.NoError(t, err)
		list = append(list, strings.TrimSuffix(fmt.Sprintf("%s %s %s", e.Key, e.Provider, e.Outcome), " "))
	}
	return list
}

func intent(key string) router.JournalEntry {
	return router.JournalEntry{Key: key, Provider: "a", At: time.Now()}
}

func outcome(key string, o provider.Outcome) router.JournalEntry {
	return router.JournalEntry{Key: key, Provider: "a", Outcome: o, ID: "m1", At: time.Now()}
}

func TestEntriesSurviveClosing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path)
	require.NoError(t, j.Intent(t.Context(), intent("k1")))
	require.NoError(t, j.Outcome(t.Context(), outcome("k1", provider.OutcomeAccepted)))
	require.NoError(t, j.Intent(t.Context(), intent("k2")))
	want := []string{"k1 a", "k1 a accepted", "k2 a"}
	assert.Equal(t, want, all(t, j))
	require.NoError(t, j.Close())
	require.NoError(t, j.Close(), "again")
	require.ErrorIs(t, j.Intent(t.Context(), intent("k3")), journal.ErrClosed)

	j = openAt(t, path)
	assert.Equal(t, want, all(t, j))
	require.NoError(t, j.Intent(t.Context(), intent("k3")))
	assert.Equal(t, append(want, "k3 a"), all(t, j))
	require.Error(t, j.Outcome(t.Context(), intent("k3")), "an outcome says what became of the message")
}

// Whatever part of the last line a crash leaves, the entries before it are kept and
// new ones can be added.
func TestIncompleteLastLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path)
	require.NoError(t, j.Intent(t.Context(), intent("k1")))
	require.NoError(t, j.Sync())
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, j.Intent(t.Context(), intent("k2")))
	require.NoError(t, j.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for size := len(first); size < len(whole); size++ {
		torn := filepath.Join(t.TempDir(), "torn")
		require.NoError(t, os.WriteFile(torn, whole[:size], 0o600))
		j := openAt(t, torn)
		require.Equal(t, []string{"k1 a"}, all(t, j), "cut at %d", size)
		require.NoError(t, j.Intent(t.Context(), intent("k3")))
		require.Equal(t, []string{"k1 a", "k3 a"}, all(t, j))
		require.NoError(t, j.Close())
	}
	garbled := append([]byte{}, whole...)
	garbled[len(garbled)-5] ^= 1
	require.NoError(t, os.WriteFile(path, garbled, 0o600))
	assert.Equal(t, []string{"k1 a"}, all(t, openAt(t, path)), "a last line of zeros or garbage is incomplete too")
}

func TestDamagedLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path)
	for i := range 3 {
		require.NoError(t, j.Intent(t.Context(), intent(fmt.Sprint(i))))
	}
	require.NoError(t, j.Close())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	content[len("anysms journal 2 ")+33+40] ^= 1
	require.NoError(t, os.WriteFile(path, content, 0o600))
	_, err = journal.Open(path)
	require.ErrorContains(t, err, path+":2: the line is damaged")
}

func TestOtherFilesAreNotChanged(t *testing.T) {
	for _, content := range []string{"to,text\n+306941234567,hello\n", "one line", "anysms journal 1\n", "anysms journal 2 nothexadecimal\n"} {
		path := filepath.Join(t.TempDir(), "f")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := journal.Open(path)
		require.ErrorContains(t, err, "not a journal")
		kept, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, content, string(kept))
	}
	path := filepath.Join(t.TempDir(), "torn")
	require.NoError(t, os.WriteFile(path, []byte("anysms jou"), 0o600))
	j := openAt(t, path)
	require.NoError(t, j.Intent(t.Context(), intent("k")))
	assert.Equal(t, []string{"k a"}, all(t, j), "an incomplete header is a new journal")
}

func TestOneProcessAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	openAt(t, path)
	_, err := journal.Open(path)
	require.ErrorContains(t, err, "in use")
	_, err = journal.Open(filepath.Join(t.TempDir(), "no", "such", "dir"))
	require.Error(t, err)
}

func TestCompact(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path)
	for _, e := range []router.JournalEntry{
		intent("sent"), outcome("sent", provider.OutcomeUnknown), intent("sent"), outcome("sent", provider.OutcomeAccepted),
		intent("open"), intent("doubt"), outcome("doubt", provider.OutcomeNotSent), intent("doubt"), outcome("doubt", provider.OutcomeUnknown),
	} {
		if e.Outcome == "" {
			require.NoError(t, j.Intent(t.Context(), e))
		} else {
			require.NoError(t, j.Outcome(t.Context(), e))
		}
	}
	require.NoError(t, j.Compact())
	want := []string{"sent a accepted", "open a", "doubt a", "doubt a unknown"}
	assert.Equal(t, want, all(t, j))
	require.NoError(t, j.Intent(t.Context(), intent("new")))
	_, err := journal.Open(path)
	require.Error(t, err, "the new file is locked too")
	require.NoError(t, j.Close())
	assert.Equal(t, append(want, "new a"), all(t, openAt(t, path)))
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, files, 1, "nothing is left behind")
}

func TestConcurrentIntents(t *testing.T) {
	j := openAt(t, filepath.Join(t.TempDir(), "j"))
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for n := range 20 {
				key := fmt.Sprintf("%d-%d", i, n)
				assert.NoError(t, j.Intent(context.Background(), intent(key)))
				assert.NoError(t, j.Outcome(context.Background(), outcome(key, provider.OutcomeAccepted)))
				if i == 0 && n%5 == 0 {
					assert.NoError(t, j.Compact())
				}
			}
		})
	}
	wg.Wait()
	accepted := make(map[string]bool)
	for e, err := range j.Entries(t.Context()) {
		require.NoError(t, err)
		if e.Outcome == provider.OutcomeAccepted {
			accepted[e.Key] = true
		}
	}
	assert.Len(t, accepted, 64*20)
}

func BenchmarkIntent(b *testing.B) {
	j := openAt(b, filepath.Join(b.TempDir(), "j"))
	b.SetParallelism(32) // 64 in flight on two cores
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := j.Intent(context.Background(), intent("0123456789abcdef")); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// An entry that could not be read again is not written.
func TestEntryTooLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path)
	require.ErrorContains(t, j.Intent(t.Context(), intent(strings.Repeat("x", 1<<20))), "too long")
	long := outcome("k1", provider.OutcomeAccepted)
	long.ID = strings.Repeat("<", 1<<19)
	require.Error(t, j.Outcome(t.Context(), long))
	require.NoError(t, j.Intent(t.Context(), intent("k2")))
	require.NoError(t, j.Close())
	assert.Equal(t, []string{"k2 a"}, all(t, openAt(t, path)))
}

// A journal whose file was removed fails: its entries would be lost.
func TestFileRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path)
	require.NoError(t, j.Intent(t.Context(), intent("k1")))
	require.NoError(t, os.Rename(path, path+".old"))
	other, err := journal.Open(path)
	require.NoError(t, err)
	require.NoError(t, other.Close())
	for _, err := range j.Entries(t.Context()) {
		require.Error(t, err)
	}
}

// No other process gets the journal while Compact replaces its file.
func TestOneProcessWhileCompacting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 300 {
			assert.NoError(t, j.Compact())
		}
	}()
	for {
		select {
		case <-done:
			return
		default:
		}
		if other, err := journal.Open(path); !assert.Error(t, err, "two have it") {
			_ = other.Close()
		}
	}
}
