package golden

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorder notes what a test of the caller would have been told.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Fatalf(string, ...any) { r.failed = true; panic(r) }

func check(t *testing.T, file, got string) (failed bool) {
	r := &recorder{TB: t}
	defer func() { failed = recover() != nil || r.failed }()
	Check(r, file, got)
	return r.failed
}

func TestCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sub", "x.golden")
	assert.True(t, check(t, file, "a\n"), "there is no file")
	*update = true
	defer func() { *update = false }()
	assert.False(t, check(t, file, "a\nb\n"))
	*update = false
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "a\nb\n", string(written))

	assert.False(t, check(t, file, "a\nb\n"))
	assert.True(t, check(t, file, "a\nc\n"))
	assert.True(t, check(t, file, "a\nb"), "the last line end counts")
}

func TestFirstDifference(t *testing.T) {
	for _, tt := range []struct {
		want, got string
		line      int
		w, g      string
	}{
		{"a\nb\n", "a\nc\n", 2, "b", "c"},
		{"a\n", "a\nb\n", 2, "(end of file)", "b"},
		{"a\nb\n", "a\n", 2, "b", "(end of file)"},
		{"", "a", 1, "(end of file)", "a"},
		{"a\r\n", "a\n", 1, "a\r", "a"},
	} {
		line, w, g, differ := firstDifference(tt.want, tt.got)
		assert.True(t, differ)
		assert.Equal(t, []any{tt.line, tt.w, tt.g}, []any{line, w, g}, "%q, %q", tt.want, tt.got)
	}
	_, _, _, differ := firstDifference("a", "a")
	assert.False(t, differ)
}
