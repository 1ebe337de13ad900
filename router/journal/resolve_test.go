package journal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/journal"
)

func TestResolve(t *testing.T) {
	for _, tt := range []struct {
		name    string
		entries []router.JournalEntry
		as      provider.Outcome
		want    []string // the outcomes that count after it
		err     string
	}{
		{"an intent as accepted", []router.JournalEntry{intent("k")}, provider.OutcomeAccepted, []string{"accepted"}, ""},
		{"an intent as not sent", []router.JournalEntry{intent("k")}, provider.OutcomeNotSent, nil, ""},
		{"an unknown outcome", []router.JournalEntry{intent("k"), outcome("k", provider.OutcomeUnknown)}, provider.OutcomeAccepted, []string{"accepted"}, ""},
		{"an accepted message", []router.JournalEntry{intent("k"), outcome("k", provider.OutcomeAccepted)}, provider.OutcomeNotSent,
			[]string{"accepted"}, `no message with key "k"`},
		{"a message that was not sent", []router.JournalEntry{intent("k"), outcome("k", provider.OutcomeNotSent)}, provider.OutcomeAccepted,
			nil, `no message with key "k"`},
		{"no message", []router.JournalEntry{intent("other")}, provider.OutcomeAccepted, nil, `no message with key "k"`},
		{"as refused", []router.JournalEntry{intent("k")}, provider.OutcomeRefused, []string{""}, `not as "refused"`},
		{"as unknown", []router.JournalEntry{intent("k")}, provider.OutcomeUnknown, []string{""}, `not as "unknown"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := openAt(t, filepath.Join(t.TempDir(), "j"))
			for _, e := range tt.entries {
				e.Fingerprint = "content"
				if e.Outcome == "" {
					require.NoError(t, j.Intent(t.Context(), e))
				} else {
					require.NoError(t, j.Outcome(t.Context(), e))
				}
			}
			before := len(all(t, j))
			err := j.Resolve("k", tt.as)
			if tt.err == "" {
				require.NoError(t, err)
				assert.Len(t, all(t, j), before+1)
			} else {
				require.ErrorContains(t, err, tt.err)
				assert.Len(t, all(t, j), before)
			}
			found, err := j.Find(t.Context(), "k", "content")
			require.NoError(t, err)
			var outcomes []string
			for _, e := range found {
				outcomes = append(outcomes, string(e.Outcome))
			}
			assert.Equal(t, tt.want, outcomes)
		})
	}
}

// TestResolveIsRead: another process reads what was resolved as what the router writes.
func TestResolveIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path)
	require.NoError(t, j.Intent(t.Context(), intent("k")))
	require.NoError(t, j.Resolve("k", provider.OutcomeNotSent))
	require.NoError(t, j.Intent(t.Context(), intent("l")))
	require.NoError(t, j.Resolve("l", provider.OutcomeAccepted))
	var codes []provider.Code
	for e, err := range j.Entries(t.Context()) {
		require.NoError(t, err)
		if e.Outcome != "" {
			codes = append(codes, e.Code)
			assert.Equal(t, "a", e.Provider)
		}
	}
	assert.Equal(t, []provider.Code{provider.Unavailable, ""}, codes)
}

// TestNoFingerprint writes an entry that has no fingerprint without one.
func TestNoFingerprint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path)
	require.NoError(t, j.Intent(t.Context(), intent("k")))
	_, err := j.Find(t.Context(), "k", "content")
	require.ErrorIs(t, err, router.ErrRefReused)
	require.NoError(t, j.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "fingerprint")
}

// TestFindLongEntries reads lines back that are longer than the first piece that is read.
func TestFindLongEntries(t *testing.T) {
	j := openAt(t, filepath.Join(t.TempDir(), "j"))
	for _, length := range []int{400, 600, 5000, 100_000, 1_000_000} {
		e := intent(strings.Repeat("k", length))
		require.NoError(t, j.Intent(t.Context(), e))
		found, err := j.Find(t.Context(), e.Key, "")
		require.NoError(t, err)
		assert.Len(t, found, 1, "%d bytes", length)
	}
}

// TestDamagedWhileOpen reads lines that something else has changed since.
func TestDamagedWhileOpen(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the lock keeps others from writing")
	}
	for name, damage := range map[string]string{
		"a byte":             "x",
		"an empty line":      "\n",
		"a line with no end": strings.Repeat("x", 10<<20),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "j")
			j := openAt(t, path)
			require.NoError(t, j.Intent(t.Context(), intent("k")))
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			at := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
			require.NoError(t, os.WriteFile(path, []byte(string(text[:at])+damage+string(text[min(len(text), at+len(damage)):])), 0o600))
			_, err = j.Find(t.Context(), "k", "")
			require.ErrorContains(t, err, "damaged")
			require.NoError(t, os.WriteFile(path, text, 0o600))
		})
	}
}

// TestFindAfterCompact finds every key in the new file, and adds to its end.
func TestFindAfterCompact(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openAt(t, path)
	for _, key := range []string{"gone", "k1", "k2"} {
		require.NoError(t, j.Intent(t.Context(), intent(key)))
	}
	require.NoError(t, j.Outcome(t.Context(), outcome("gone", provider.OutcomeRefused)))
	require.NoError(t, j.Outcome(t.Context(), outcome("k2", provider.OutcomeAccepted)))
	require.NoError(t, j.Compact())
	require.NoError(t, j.Intent(t.Context(), intent("k3")))
	check := func(j *journal.Journal) {
		for key, want := range map[string]int{"gone": 0, "k1": 1, "k2": 1, "k3": 1} {
			found, err := j.Find(t.Context(), key, "")
			require.NoError(t, err)
			assert.Len(t, found, want, key)
		}
	}
	check(j)
	require.NoError(t, j.Close())
	check(openAt(t, path))
}
