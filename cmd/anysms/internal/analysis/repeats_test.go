package analysis_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
)

func TestDuplicates(t *testing.T) {
	got := file(t, "to,text\n+306900000001,a\n+306900000002,a\n+306900000001,a\n+306900000001,b\n+306900000001,a\n",
		analysis.Options{ToColumn: "to", Number: number, Duplicates: true})
	assert.Equal(t, &analysis.Duplicates{Messages: 2, Segments: 2, Lines: []analysis.Repeat{{Line: 4, First: 2}, {Line: 6, First: 2}}}, got.Duplicates)
	assert.Nil(t, file(t, "text\na\na\n", analysis.Options{}).Duplicates)
}

// More rows than fit the memory.
func TestDuplicatesOnDisk(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	const rows = 1<<18 + 1000
	var content strings.Builder
	content.WriteString("text\n")
	for i := range rows {
		fmt.Fprintf(&content, "%d\n", i%(rows-500))
	}
	got := file(t, content.String(), analysis.Options{Duplicates: true})
	require.NotNil(t, got.Duplicates)
	assert.Equal(t, 500, got.Duplicates.Messages)
	assert.Equal(t, analysis.Repeat{Line: rows - 500 + 2, First: 2}, got.Duplicates.Lines[0])
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left, "temporary files are removed")
}

// The result is that of a plain count, whatever the order of the workers and the
// number of equal records.
func TestDuplicatesAgainstAPlainCount(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for kinds, lines := range map[int]int{1: 1<<18 + 5000, 2000: 20_000, 1 << 20: 1<<18 + 5000} {
		var content strings.Builder
		content.WriteString("text\n")
		firsts, want := make(map[string]int), analysis.Duplicates{Lines: []analysis.Repeat{}}
		for line := 2; line < lines; line++ {
			text := strings.Repeat("x", 1+random.IntN(2)*160) + strconv.Itoa(random.IntN(kinds))
			content.WriteString(text + "\n")
			first, known := firsts[text]
			if !known {
				firsts[text] = line
				continue
			}
			want.Messages++
			want.Segments += 1 + len(text)/161
			if len(want.Lines) < analysis.MaxInvalid {
				want.Lines = append(want.Lines, analysis.Repeat{Line: line, First: first})
			}
		}
		assert.Equal(t, &want, file(t, content.String(), analysis.Options{Duplicates: true, Workers: 4}).Duplicates, "%d kinds", kinds)
	}
}
