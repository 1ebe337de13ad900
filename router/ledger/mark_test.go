package ledger

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMark: the file says how much was committed, once a second and when it is asked for.
func TestMark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mark")
	synctest.Test(t, func(t *testing.T) {
		m := &mark{path: path}
		says := func(want string) {
			t.Helper()
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, want, strings.TrimSpace(string(text)))
		}
		require.NoError(t, m.note(1, false))
		says("1")
		time.Sleep(markEvery - time.Millisecond)
		require.NoError(t, m.note(2, false))
		says("1")
		time.Sleep(time.Millisecond)
		require.NoError(t, m.note(3, false))
		says("3")
		require.NoError(t, m.note(4, true))
		says("4")
		require.NoError(t, m.note(5, false))
		require.NoError(t, m.note(0, true), "at the end")
		says("5")
		require.NoError(t, os.WriteFile(path, []byte("untouched"), 0o600))
		require.NoError(t, m.note(0, true))
		says("untouched")

		time.Sleep(time.Minute)
		require.ErrorIs(t, m.note(5, false), errRestored)
		require.ErrorIs(t, m.note(2, false), errRestored, "the database counts from an older number")
		require.NoError(t, m.note(3, false))
		says("3")
	})
	require.NoError(t, (&mark{}).note(1, true), "there is none")
}

// TestMarkCannotBeWritten: it is tried again with the next commit.
func TestMarkCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	m := &mark{path: filepath.Join(dir, "mark")}
	require.ErrorIs(t, m.note(1, false), os.ErrNotExist)
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, m.note(2, false))
	text, err := os.ReadFile(m.path)
	require.NoError(t, err)
	assert.Equal(t, "2", strings.TrimSpace(string(text)))
}
