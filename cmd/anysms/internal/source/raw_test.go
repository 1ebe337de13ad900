package source_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/source"
)

// An interruption ends a read that waits; what was read before is kept.
func TestInterruption(t *testing.T) {
	waiting, stop := context.WithCancel(t.Context())
	defer stop()
	rows := strings.Repeat("1,Hello\n", 50_000)
	from, to := io.Pipe()
	defer to.Close()
	go func() {
		_, _ = io.WriteString(to, rows) // returns when the last of it is read
		stop()
	}()
	f, err := source.Open(waiting, source.Stdin, from, "")
	require.NoError(t, err)
	b, err := io.ReadAll(f)
	assert.ErrorIs(t, err, context.Canceled)
	assert.EqualError(t, err, "interrupted")
	assert.True(t, strings.HasPrefix(rows, string(b)))
	assert.Greater(t, len(b), len(rows)/2)
	require.NoError(t, f.Close())

	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	_, err = source.Open(ctx, write(t, []byte("to,text\n")), nil, "")
	assert.ErrorIs(t, err, context.Canceled)
}

// The end of a file that changed is an error.
func TestChangingFile(t *testing.T) {
	rows := "to,text\n" + strings.Repeat("1,Hello\n", 100_000)
	for name, test := range map[string]struct {
		change func(t *testing.T, path string)
		want   string
	}{
		"shorter": {func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, int64(len(rows)-5))) }, "the file changed while it was read: it became shorter"},
		"longer": {func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.WriteString("1,more\n")
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}, "the file changed while it was read: it became longer"},
		"written": {func(t *testing.T, path string) {
			require.NoError(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)))
		}, "the file changed while it was read"},
		"replaced": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path+".new", []byte("to,text\n"), 0o600))
			require.NoError(t, os.Rename(path+".new", path))
		}, ""}, // what was opened is still whole
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, []byte(rows))
			f, err := source.Open(t.Context(), path, nil, "")
			require.NoError(t, err)
			defer f.Close()
			test.change(t, path)
			_, err = io.ReadAll(f)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, source.ErrChanged)
			assert.EqualError(t, err, test.want)
		})
	}
}

func TestRedirectedFile(t *testing.T) {
	path := write(t, []byte("skipped\nto,text\n1,a\n"))
	stdin, err := os.Open(path)
	require.NoError(t, err)
	defer stdin.Close()
	_, err = stdin.Seek(int64(len("skipped\n")), io.SeekStart)
	require.NoError(t, err)
	f, err := source.Open(t.Context(), source.Stdin, stdin, "")
	require.NoError(t, err)
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	assert.Equal(t, "to,text\n1,a\n", string(b))
	assert.Equal(t, f.Size, f.Consumed(), "its size is known, for the progress")
	require.NoError(t, f.Close())
	_, err = stdin.Stat()
	assert.NoError(t, err, "standard input stays open")

	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	f, err = source.Open(t.Context(), empty, nil, "")
	require.NoError(t, err)
	b, err = io.ReadAll(f)
	require.NoError(t, err)
	assert.Empty(t, b)
	require.NoError(t, f.Close())
}
